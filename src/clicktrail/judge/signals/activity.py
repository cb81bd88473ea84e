"""Signals from what an address did over a whole log. Without a log they never match."""

from collections.abc import Callable, Iterator

from clicktrail.judge.address_activity import EARLY_S, SWEEP_LINKS, SourceActivity
from clicktrail.judge.evidence import (
    SHARED_NETWORK_CLASSES,
    MessageEvidence,
    SignalMatches,
    hash_user_agent,
    is_public_ip,
)
from clicktrail.judge.grouping import address_prefix, group_by, host_key, link_key
from clicktrail.model.event import Click

_PHONE_TOKENS = ("Mobile", "Android", "iPhone", "iPad")


def busy_address(
    evidence: MessageEvidence, *, min_recipients: int, min_companies: int, max_user_agents: int
) -> SignalMatches:
    """Match one IP address and User-Agent that clicked in the mail of many recipients at many companies.

    Left out are phones, whose User-Agents are alike by design, addresses with many User-Agents, which belong to a
    carrier, and networks where many unrelated people share one address.
    """
    matches = {}
    for click, source in _iterate_sources(evidence, host_key, min_recipients):
        if (
            source.companies >= min_companies
            and not any(token in click.user_agent for token in _PHONE_TOKENS)
            and (
                len(evidence.address_activity[host_key(click.ip)].sources) <= max_user_agents
                or click.id in evidence.datacentre_click_ids
            )
        ):
            matches[click.id] = (
                f"{source.recipients} recipients at {source.companies} companies from this IP in the log"
            )
    return matches


def always_early(
    evidence: MessageEvidence, *, min_recipients: int, min_share: float, max_delay_s: float
) -> SignalMatches:
    """Match clicks within ``max_delay_s`` by a User-Agent that is nearly always early at its address or network.

    Visits count as early up to `EARLY_S`.
    """
    if evidence.arrived_at is None:
        return {}
    matches = {}
    for get_key in (address_prefix, host_key):  # the narrower one gives the detail
        for click, source in _iterate_sources(evidence, get_key, min_recipients):
            delay_s = (click.at - evidence.arrived_at).total_seconds()
            if source.early_share >= min_share and delay_s <= max_delay_s:
                detail = f"{source.early_share:.0%} of this source's visits are within {EARLY_S:.0f} s after arrival"
                matches[click.id] = f"{detail}, in the mail of {source.recipients} recipients"
    return matches


def habitual_sweep(evidence: MessageEvidence, *, min_recipients: int, min_share: float) -> SignalMatches:
    """Match visits with several links by an IP address most of whose visits have several links."""
    matches = {}
    visits = group_by(_select_clicks(evidence), lambda click: (host_key(click.ip), click.user_agent))
    for (address, _), clicks in visits.items():
        activity = evidence.address_activity.get(address)
        if (
            activity
            and activity.swept_recipients >= min_recipients
            and activity.swept_share >= min_share
            and len(set(map(link_key, clicks))) >= SWEEP_LINKS
        ):
            detail = f"this IP follows several links in {activity.swept_share:.0%} of its visits"
            matches.update({click.id: detail for click in clicks})
    return matches


def _iterate_sources(
    evidence: MessageEvidence, get_key: Callable[[str], str], min_recipients: int
) -> Iterator[tuple[Click, SourceActivity]]:
    """Yield clicks with what their address and User-Agent did, if it did it in the mail of many recipients.

    get_key: address or network of an IP address.
    """
    for click in _select_clicks(evidence):
        activity = evidence.address_activity.get(get_key(click.ip))
        source = activity.sources.get(hash_user_agent(click.user_agent)) if activity else None
        if source and source.recipients >= min_recipients:
            yield click, source


def _select_clicks(evidence: MessageEvidence) -> list[Click]:
    """Clicks from networks where one address does not belong to many unrelated people."""
    if not evidence.address_activity:
        return []
    return [
        click
        for click in evidence.regular_clicks
        if is_public_ip(click.ip)
        and not ((network := evidence.networks.get(click.id)) and network.network_class in SHARED_NETWORK_CLASSES)
    ]
