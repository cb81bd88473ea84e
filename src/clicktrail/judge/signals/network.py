"""Signals from the networks of clicks, and from other clicks by the same visitor, IP address or link."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Final

from clicktrail.judge.evidence import (
    DATACENTRE_CLASSES,
    SHARED_NETWORK_CLASSES,
    AddressClick,
    MessageEvidence,
    SignalMatches,
    hash_user_agent,
    is_public_ip,
)
from clicktrail.judge.grouping import (
    coarse_network_key,
    expand_runs,
    find_runs,
    get_address_prefix,
    get_user_agent,
    group_by,
    link_key,
    network_key,
    run_duration_s,
    visitor_keys,
)
from clicktrail.judge.networks import NetworkClass
from clicktrail.model.event import Click


def mail_security_network(evidence: MessageEvidence) -> SignalMatches:
    """Match addresses of companies that scan mail."""
    return _match_network_classes(evidence, {NetworkClass.MAIL_SECURITY})


def bounced(evidence: MessageEvidence) -> SignalMatches:
    """Match clicks on a message that the recipient's server refused."""
    if not evidence.bounced_recipients:
        return {}
    return {
        click.id: "the message bounced" for click in evidence.clicks if click.recipient in evidence.bounced_recipients
    }


def datacentre_network(evidence: MessageEvidence) -> SignalMatches:
    """Match addresses of data centres."""
    return _match_network_classes(evidence, DATACENTRE_CLASSES)


_FEW_DISTANT_NETWORKS: Final = 3
_FEW_DISTANT_WINDOW_S: Final = 20.0
"""A device changes from Wi-Fi to a mobile network, not to a third network within seconds."""


def many_networks(
    evidence: MessageEvidence, *, min_networks: int, window_s: float, min_coarse_networks: int, coarse_window_s: float
) -> SignalMatches:
    """Match clicks on one recipient's message from many unrelated networks in a short time.

    Either ``min_networks`` within ``window_s``, with one User-Agent counting for at most half; or with one User-Agent,
    ``min_coarse_networks`` within ``coarse_window_s``, or `_FEW_DISTANT_NETWORKS` within `_FEW_DISTANT_WINDOW_S`:
    networks so far apart that no phone carrier owns them all. The clicks must follow at least as many different links.
    Clicks without a recipient are left out, since a message to several people is read in several places.
    """
    if len(evidence.regular_clicks) < _FEW_DISTANT_NETWORKS:
        return {}

    def get_network(click: Click) -> str:
        return network_key(evidence, click)

    def get_coarse_network(click: Click) -> str:
        return coarse_network_key(evidence, click)

    clicks = [click for click in evidence.regular_clicks if click.recipient and get_network(click)]
    runs: list[Sequence[Click]] = []
    for same_agent_clicks in group_by(clicks, get_user_agent).values():
        for get_key, count, duration_s in (
            (get_coarse_network, _FEW_DISTANT_NETWORKS, _FEW_DISTANT_WINDOW_S),
            (get_coarse_network, min_coarse_networks, coarse_window_s),
            (get_network, min_networks, window_s),
        ):
            runs += _find_network_runs(same_agent_clicks, get_key, min_networks=count, window_s=duration_s)
    runs += _find_network_runs(clicks, get_network, min_networks=min_networks, window_s=window_s, part=get_user_agent)
    return expand_runs(
        (run, f"from {len(set(map(get_network, run)))} networks in {run_duration_s(run):.0f} s") for run in runs
    )


def datacentre_many_networks(evidence: MessageEvidence, *, min_networks: int, window_s: float) -> SignalMatches:
    """Match clicks with one User-Agent from ``min_networks`` or more data-centre networks (/24, IPv6: /48).

    They must follow at least as many different links. A person at a remote desktop has one address, or neighbouring
    ones of one gateway.
    """
    if len(evidence.datacentre_click_ids) < min_networks:
        return {}
    clicks = [click for click in evidence.regular_clicks if click.id in evidence.datacentre_click_ids]
    runs = (
        run
        for same_agent_clicks in group_by(clicks, get_user_agent).values()
        for run in _find_network_runs(
            same_agent_clicks, get_address_prefix, min_networks=min_networks, window_s=window_s
        )
    )
    return expand_runs((run, f"from {len(set(map(get_address_prefix, run)))} networks in data centres") for run in runs)


def _find_network_runs(
    clicks: Sequence[Click],
    get_network: Callable[[Click], str],
    *,
    min_networks: int,
    window_s: float,
    part: Callable[[Click], str] | None = None,
) -> Iterator[Sequence[Click]]:
    """Runs of clicks from at least ``min_networks`` networks, on at least as many different links."""
    if len(clicks) >= min_networks:
        for run in find_runs(clicks, key=get_network, min_distinct=min_networks, window_s=window_s, part=part):
            if len(set(map(link_key, run))) >= min_networks:
                yield run


def _match_network_classes(evidence: MessageEvidence, classes: Collection[NetworkClass]) -> SignalMatches:
    return {
        click_id: f"network {network}"
        for click_id, network in evidence.networks.items()
        if network.network_class in classes
    }


def trap_link_nearby(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """Match clicks within ``window_s`` of the same visitor's click on a hidden link."""
    trap_clicks = [(key, click.at) for click in evidence.clicks if click.trap for key in visitor_keys(evidence, click)]
    if not trap_clicks:
        return {}
    trap_times = _TimeIndex(trap_clicks)
    return {
        click.id: f"the same visitor followed a hidden link within {window_s:.0f} s"
        for click in evidence.clicks
        if not click.trap
        and any(
            trap_times.has_near(key, click.at, before_s=window_s, after_s=window_s)
            for key in visitor_keys(evidence, click)
        )
    }


def tampered_token_nearby(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """Match clicks within ``window_s`` of a tampered token from the same IP address.

    Where people read mail, the User-Agent must be the same too: employees and their company's scanner may share an
    address.
    """
    message_clicks = (AddressClick.from_click(click) for click in evidence.clicks if click.tampered)
    tampered_clicks = [
        click
        for click in chain(message_clicks, *evidence.clicks_by_address.values())
        if click.tampered and is_public_ip(click.ip)
    ]
    if not tampered_clicks:
        return {}
    times_by_ip = _TimeIndex((click.ip, click.at) for click in tampered_clicks)
    times_by_ip_and_agent = _TimeIndex(((click.ip, click.user_agent_hash), click.at) for click in tampered_clicks)
    return {
        click.id: f"a tampered link was requested from the same IP address within {window_s:.0f} s"
        for click in evidence.regular_clicks
        if (
            times_by_ip.has_near(click.ip, click.at, before_s=window_s, after_s=window_s)
            if click.id in evidence.machine_network_click_ids
            else times_by_ip_and_agent.has_near(
                (click.ip, hash_user_agent(click.user_agent)), click.at, before_s=window_s, after_s=window_s
            )
        )
    }


def shared_address(
    evidence: MessageEvidence, *, min_recipients: int, min_domains: int, window_s: float, crowd_user_agents: int
) -> SignalMatches:
    """Match clicks with one IP address and User-Agent on the mail of many recipients at many domains.

    The domains separate a scanner from a company whose employees share an address. ``crowd_user_agents`` different
    User-Agents within ``window_s`` mean a phone carrier, whose customers share an address and bring their own devices.
    Recipients that are not email addresses have no domain, so they do not match.
    """
    if not evidence.clicks_by_address:
        return {}
    detail = f"{min_recipients} or more recipients at {min_domains} or more domains from this IP in {window_s:.0f} s"
    matches = {}
    for address_clicks, message_clicks in _iterate_shared_addresses(evidence):
        network = evidence.networks.get(message_clicks[0].id)
        if network and network.network_class in SHARED_NETWORK_CLASSES:
            continue
        multi_recipient_clicks = _find_multi_recipient_clicks(
            address_clicks, message_clicks, min_recipients=min_recipients, min_domains=min_domains, window_s=window_s
        )
        crowd_clicks = _find_clicks_in_runs(
            address_clicks, "user_agent_hash", min_distinct=crowd_user_agents, window_s=window_s
        )
        scanner_clicks = multi_recipient_clicks - crowd_clicks
        matches.update(
            {click.id: detail for click in message_clicks if AddressClick.from_click(click) in scanner_clicks}
        )
    return matches


def datacentre_shared_address(
    evidence: MessageEvidence, *, min_recipients: int, min_domains: int, window_s: float
) -> SignalMatches:
    """Match clicks from a data-centre IP address that clicked for many recipients in several domains.

    The remote desktops of one company share an address but have one recipient domain; a scanner has several.
    Recipients that are not email addresses have no domain, so for them many recipients are enough.
    """
    if not evidence.clicks_by_address or not evidence.datacentre_click_ids:
        return {}
    detail = f"{min_recipients} or more recipients from this data-centre IP in {window_s:.0f} s"
    matches = {}
    for address_clicks, message_clicks in _iterate_shared_addresses(evidence):
        if message_clicks[0].id not in evidence.datacentre_click_ids:
            continue
        multi_domain_clicks = _find_multi_recipient_clicks(
            address_clicks, message_clicks, min_recipients=min_recipients, min_domains=min_domains, window_s=window_s
        )
        multi_recipient_clicks = _find_multi_recipient_clicks(
            address_clicks, message_clicks, min_recipients=min_recipients, min_domains=1, window_s=window_s
        )
        scanner_clicks = multi_domain_clicks | {click for click in multi_recipient_clicks if not click.recipient_domain}
        matches.update(
            {click.id: detail for click in message_clicks if AddressClick.from_click(click) in scanner_clicks}
        )
    return matches


def time_of_click_scan(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """Match clicks from a data centre within ``window_s`` of a likely human's click on the same link."""
    if not evidence.datacentre_click_ids:
        return {}
    human_times = _TimeIndex(
        (link_key(click), click.at) for click in evidence.regular_clicks if _is_likely_human(evidence, click)
    )
    return {
        click.id: f"the same link was followed from outside data centres within {window_s:.0f} s"
        for click in evidence.regular_clicks
        if click.id in evidence.datacentre_click_ids
        and human_times.has_near(link_key(click), click.at, before_s=window_s, after_s=window_s)
    }


def paired_fetch(evidence: MessageEvidence, *, window_s: float, max_delay_s: float, min_links: int) -> SignalMatches:
    """Match clicks from elsewhere with the link and the User-Agent of a click from a data centre within ``window_s``.

    Either within ``max_delay_s`` after the message arrived, or for at least ``min_links`` links: a person whose browser
    is that of a scanner at the time of the click is no pair.
    """
    if not 0 < len(evidence.machine_network_click_ids) < len(evidence.clicks):
        return {}
    times = _TimeIndex(
        ((link_key(click), click.user_agent), click.at)
        for click in evidence.regular_clicks
        if click.id in evidence.machine_network_click_ids and click.user_agent
    )
    paired = [
        click
        for click in evidence.regular_clicks
        if click.id not in evidence.machine_network_click_ids
        and times.has_near((link_key(click), click.user_agent), click.at, before_s=window_s, after_s=window_s)
    ]
    links_by_agent = group_by(paired, get_user_agent)
    return {
        click.id: f"the same link and User-Agent from a data centre within {window_s:.0f} s"
        for click in paired
        if len(set(map(link_key, links_by_agent[click.user_agent]))) >= min_links
        or (evidence.arrived_at and (click.at - evidence.arrived_at).total_seconds() < max_delay_s)
    }


def head_before_get(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """Match GET requests up to ``window_s`` after the same visitor's HEAD request for the same link."""
    head_clicks = [click for click in evidence.regular_clicks if click.method == "HEAD"]
    if not head_clicks:
        return {}
    head_times = _TimeIndex(
        ((visitor, link_key(click)), click.at) for click in head_clicks for visitor in visitor_keys(evidence, click)
    )
    return {
        click.id: f"HEAD request for the same link in the {window_s:.0f} s before"
        for click in evidence.regular_clicks
        if click.method == "GET"
        and any(
            head_times.has_near((visitor, link_key(click)), click.at, before_s=window_s)
            for visitor in visitor_keys(evidence, click)
        )
    }


class _TimeIndex:
    """Sorted times by key, for binary search."""

    def __init__(self, keyed_times: Iterable[tuple[Hashable, datetime]]) -> None:
        self._times: dict[Hashable, list[datetime]] = {}
        for key, at in sorted(keyed_times, key=lambda keyed_time: keyed_time[1]):
            self._times.setdefault(key, []).append(at)

    def has_near(self, key: Hashable, at: datetime, *, before_s: float, after_s: float = 0) -> bool:
        """Whether the key has a time between ``before_s`` before and ``after_s`` after ``at``."""
        times = self._times.get(key)
        if not times:
            return False
        first = bisect_left(times, at - timedelta(seconds=before_s))
        return first < len(times) and times[first] <= at + timedelta(seconds=after_s)


def _iterate_shared_addresses(evidence: MessageEvidence) -> Iterator[tuple[Sequence[AddressClick], Sequence[Click]]]:
    """For each IP address with clicks on other messages: all its clicks, sorted by time, and those on this message."""
    message_clicks_by_ip = group_by(evidence.regular_clicks, lambda click: click.ip)
    for ip in message_clicks_by_ip.keys() & evidence.clicks_by_address.keys():
        message_clicks = message_clicks_by_ip[ip]
        other_clicks = (click for click in evidence.clicks_by_address[ip] if not click.tampered)
        yield (
            sorted((*other_clicks, *map(AddressClick.from_click, message_clicks)), key=attrgetter("at")),
            message_clicks,
        )


def _find_multi_recipient_clicks(
    address_clicks: Sequence[AddressClick],
    message_clicks: Iterable[Click],
    *,
    min_recipients: int,
    min_domains: int,
    window_s: float,
) -> frozenset[AddressClick]:
    """Clicks in a run of many recipients and in one of many domains, for each User-Agent of ``message_clicks``."""
    multi_recipient_clicks: frozenset[AddressClick] = frozenset()
    for user_agent_hash in {hash_user_agent(click.user_agent) for click in message_clicks}:
        clicks = [click for click in address_clicks if click.user_agent_hash == user_agent_hash]
        recipient_runs = _find_clicks_in_runs(clicks, "recipient_key", min_distinct=min_recipients, window_s=window_s)
        if recipient_runs:
            if min_domains > 1:
                clicks = [click for click in clicks if click.recipient_domain]
            domain_runs = _find_clicks_in_runs(clicks, "recipient_domain", min_distinct=min_domains, window_s=window_s)
            multi_recipient_clicks |= recipient_runs & domain_runs
    return multi_recipient_clicks


def _find_clicks_in_runs(
    address_clicks: Sequence[AddressClick], attribute: str, *, min_distinct: int, window_s: float
) -> frozenset[AddressClick]:
    return frozenset(
        chain.from_iterable(
            find_runs(address_clicks, key=attrgetter(attribute), min_distinct=min_distinct, window_s=window_s)
        )
    )


def _is_likely_human(evidence: MessageEvidence, click: Click) -> bool:
    return (
        click.method == "GET"
        and click.id not in evidence.machine_network_click_ids
        and click.id not in evidence.declared_agents
        and is_public_ip(click.ip)
    )
