"""What other requests from the same place, or for the same link, tell of a request."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Final

from clicktrail.judge.address_activity import AddressClick, hash_user_agent, is_visitor_address
from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.grouping import find_runs, group_by, link_key, visitor_key
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.base import SignalMatches
from clicktrail.model.event import Click

__all__ = [
    "datacentre_shared_address",
    "head_before_get",
    "shared_address",
    "tampered_token_nearby",
    "time_of_click_scan",
    "trap_link_nearby",
]

_SHARED_NETWORK_CLASSES: Final = frozenset(
    {NetworkClass.SSE_EGRESS, NetworkClass.CDN_RELAY, NetworkClass.VPN, NetworkClass.OURS}
)
"""Networks where many people who have nothing to do with each other have the same address."""


def trap_link_nearby(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """A hidden link of the message followed by the same visitor, or from scanners' network, about the same time."""
    hidden = [(where, click.at) for click in evidence.clicks if click.trap and (where := visitor_key(evidence, click))]
    if not hidden:
        return {}
    traps = _TimeIndex(hidden)
    return {
        click.id: f"a hidden link followed from the same place within {window_s:.0f} s"
        for click in evidence.clicks
        if not click.trap
        and traps.has_near(visitor_key(evidence, click), click.at, before_s=window_s, after_s=window_s)
    }


def tampered_token_nearby(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """A damaged link tried from the same address within so few seconds that no hand can have mended it.

    Where people are, by the same agent, too: a company's scanner tries them from the address of its people.
    """
    here = (AddressClick.from_click(click) for click in evidence.clicks)
    elsewhere = (visit for visits in evidence.clicks_by_address.values() for visit in visits)
    tried = [visit for visit in chain(here, elsewhere) if visit.tampered and is_visitor_address(visit.ip)]
    if not tried:
        return {}
    by_anybody = _TimeIndex((visit.ip, visit.at) for visit in tried)
    by_agent = _TimeIndex(((visit.ip, visit.user_agent_hash), visit.at) for visit in tried)
    return {
        click.id: f"a damaged link tried from the same address within {window_s:.0f} s"
        for click in evidence.followed_clicks
        if (
            by_anybody.has_near(click.ip, click.at, before_s=window_s, after_s=window_s)
            if click.id in evidence.machine_network_click_ids
            else by_agent.has_near(
                (click.ip, hash_user_agent(click.user_agent)), click.at, before_s=window_s, after_s=window_s
            )
        )
    }


def shared_address(
    evidence: MessageEvidence, *, min_recipients: int, min_domains: int, window_s: float, crowd_user_agents: int
) -> SignalMatches:
    """One address that visits the mail of so many people of so many organisations within so many seconds, as one agent.

    People of one company share its address, and so do the customers of a relay, a VPN or a security service. A phone
    carrier's, and some providers', do as well: they come with as many agents as there are phones and browsers, and a
    scanner with one or a few. Where recipients are opaque ids nobody knows their organisations, and it says nothing.
    """
    if not evidence.clicks_by_address:
        return {}
    found = {}
    for visits, clicks in _iter_address_clicks(evidence):
        kind = evidence.networks.get(clicks[0].id)
        if kind and kind.network_class in _SHARED_NETWORK_CLASSES:
            continue
        crowd = _find_clicks_in_runs(visits, "user_agent_hash", min_distinct=crowd_user_agents, window_s=window_s)
        swept = (
            _find_multi_recipient_clicks(
                visits, clicks, min_recipients=min_recipients, min_domains=min_domains, window_s=window_s
            )
            - crowd
        )
        words = (
            f"the same address for {min_recipients} or more people at {min_domains} or more domains in {window_s:.0f} s"
        )
        found.update({click.id: words for click in clicks if AddressClick.from_click(click) in swept})
    return found


def datacentre_shared_address(
    evidence: MessageEvidence, *, min_recipients: int, min_domains: int, window_s: float
) -> SignalMatches:
    """One address of a data centre that visits the mail of so many people within so many seconds, as one agent.

    They are of so many organisations, or opaque ids: at one company's remote desktops its people have one address.
    """
    if not evidence.clicks_by_address or not evidence.datacentre_click_ids:
        return {}
    found = {}
    for visits, clicks in _iter_address_clicks(evidence):
        if clicks[0].id in evidence.datacentre_click_ids:
            opaque = frozenset(visit for visit in visits if not visit.recipient_domain)
            swept = _find_multi_recipient_clicks(
                visits, clicks, min_recipients=min_recipients, min_domains=min_domains, window_s=window_s
            )
            swept |= (
                _find_multi_recipient_clicks(
                    visits, clicks, min_recipients=min_recipients, min_domains=1, window_s=window_s
                )
                & opaque
            )
            words = f"the same data centre address for {min_recipients} or more people in {window_s:.0f} s"
            found.update({click.id: words for click in clicks if AddressClick.from_click(click) in swept})
    return found


def time_of_click_scan(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """A link followed from a data centre within seconds of the same link followed from where people are."""
    if not evidence.datacentre_click_ids:
        return {}
    people = _TimeIndex(
        (link_key(click), click.at) for click in evidence.followed_clicks if _is_likely_human(evidence, click)
    )
    return {
        click.id: f"the same link followed from another network within {window_s:.0f} s"
        for click in evidence.followed_clicks
        if click.id in evidence.datacentre_click_ids
        and people.has_near(link_key(click), click.at, before_s=window_s, after_s=window_s)
    }


def head_before_get(evidence: MessageEvidence, *, window_s: float) -> SignalMatches:
    """A link that the same visitor, or scanners' network, asked about by HEAD up to so many seconds before."""
    asked = [click for click in evidence.followed_clicks if click.method == "HEAD"]
    if not asked:
        return {}
    heads = _TimeIndex(
        ((where, link_key(click)), click.at) for click in asked if (where := visitor_key(evidence, click))
    )
    return {
        click.id: "the same link asked about by HEAD before"
        for click in evidence.followed_clicks
        if click.method == "GET"
        and heads.has_near((visitor_key(evidence, click), link_key(click)), click.at, before_s=window_s)
    }


class _TimeIndex:
    """When what happened, to be asked whether it did about some time."""

    def __init__(self, keyed_times: Iterable[tuple[Hashable, datetime]]) -> None:
        self._at: dict[Hashable, list[datetime]] = {}
        for what, at in sorted(keyed_times, key=lambda moment: moment[1]):
            self._at.setdefault(what, []).append(at)

    def has_near(self, key: Hashable, at: datetime, *, before_s: float, after_s: float = 0) -> bool:
        """Whether it happened up to so many seconds before or after this time."""
        moments = self._at.get(key)
        if not moments:
            return False
        first = bisect_left(moments, at - timedelta(seconds=before_s))
        return first < len(moments) and moments[first] <= at + timedelta(seconds=after_s)


def _iter_address_clicks(evidence: MessageEvidence) -> Iterator[tuple[Sequence[AddressClick], Sequence[Click]]]:
    """By address that visited other messages, too: all its visits in the order of time, and its clicks here."""
    here = group_by(evidence.followed_clicks, lambda click: click.ip)
    for ip in here.keys() & evidence.clicks_by_address.keys():
        elsewhere = (visit for visit in evidence.clicks_by_address[ip] if not visit.tampered)
        yield sorted((*elsewhere, *map(AddressClick.from_click, here[ip])), key=lambda visit: visit.at), here[ip]


def _find_multi_recipient_clicks(
    address_clicks: Sequence[AddressClick],
    clicks: Iterable[Click],
    *,
    min_recipients: int,
    min_domains: int,
    window_s: float,
) -> frozenset[AddressClick]:
    """The visits under these clicks' agents, each in a time with so many people, and at so many organisations."""
    swept: frozenset[AddressClick] = frozenset()
    for agent in {hash_user_agent(click.user_agent) for click in clicks}:
        alike = [visit for visit in address_clicks if visit.user_agent_hash == agent]
        people = _find_clicks_in_runs(alike, "recipient_key", min_distinct=min_recipients, window_s=window_s)
        if people:
            known = [visit for visit in alike if visit.recipient_domain] if min_domains > 1 else alike
            swept |= people & _find_clicks_in_runs(
                known, "recipient_domain", min_distinct=min_domains, window_s=window_s
            )
    return swept


def _find_clicks_in_runs(
    address_clicks: Sequence[AddressClick], attribute: str, *, min_distinct: int, window_s: float
) -> frozenset[AddressClick]:
    """The visits of an address that so many different ones of this attribute were among within so many seconds."""
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
        and is_visitor_address(click.ip)
    )
