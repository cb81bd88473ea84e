"""What each address did over a whole log: how many people's mail it clicked, how soon, and how many links.

An address is a device's or a line's (`host_key`): an IPv4 address or an IPv6 /64. The same is known of each network of
several addresses (`address_prefix`: /24, IPv6: /48), because a scanner may run on several neighbouring servers.

Only `clicktrail audit` knows all clicks of a log before it judges the first. The running system compares clicks within
a minute, and leaves these signals out.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final

import msgspec

EARLY_S: Final = 180.0
"""A visit within three minutes after the message arrived is early: most scans are, and few people's visits."""

SWEEP_LINKS: Final = 3
"""A visit with as many different links is a sweep: few people follow more than two (bench: 7 % of readers, assumed)."""

MIN_RECIPIENTS: Final = 3
"""Addresses with fewer recipients are not listed: a household."""


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """The clicks on one message from one address with one User-Agent.

    Attributes:
        prefix: network of the address.
        recipient: the recipient, or the message if unknown.
        company: domain of the recipient's email address; empty if unknown, or if it is a mailbox provider's.
        delay_s: seconds from arrival to the first click; None if the arrival is unknown.
        links: number of different links.
    """

    address: str
    prefix: str
    user_agent_hash: int
    recipient: str
    company: str
    delay_s: float | None
    links: int


class SourceActivity(msgspec.Struct, frozen=True):
    """What one address or network did with one User-Agent.

    Attributes:
        recipients: number of recipients whose messages it clicked.
        companies: number of their companies.
        early_share: share of the visits with a known delay that were early; 0 if none is known.
    """

    recipients: int
    companies: int
    early_share: float


class AddressActivity(msgspec.Struct, frozen=True):
    """What one address or network did.

    Attributes:
        sources: by hash of the User-Agent.
        swept_recipients: number of recipients in whose messages it swept links.
        swept_share: share of its visits that were sweeps.
    """

    sources: Mapping[int, SourceActivity]
    swept_recipients: int
    swept_share: float


def summarize_visits(visits: Iterable[Visit]) -> dict[str, AddressActivity]:
    """Summarize visits by address and by network of several addresses; those with few recipients are left out."""
    by_prefix: dict[str, dict[str, list[Visit]]] = {}
    for visit in visits:
        by_prefix.setdefault(visit.prefix, {}).setdefault(visit.address, []).append(visit)
    groups: dict[str, list[Visit]] = {}
    for prefix, by_address in by_prefix.items():
        groups |= by_address
        if len(by_address) > 1:
            groups[prefix] = [*chain.from_iterable(by_address.values())]
    return {
        key: _summarize_address(own_visits)
        for key, own_visits in groups.items()
        if len({visit.recipient for visit in own_visits}) >= MIN_RECIPIENTS
    }


def _summarize_address(visits: list[Visit]) -> AddressActivity:
    by_user_agent: dict[int, list[Visit]] = {}
    for visit in visits:
        by_user_agent.setdefault(visit.user_agent_hash, []).append(visit)
    sweeps = [visit for visit in visits if visit.links >= SWEEP_LINKS]
    return AddressActivity(
        sources={user_agent: _summarize_source(own_visits) for user_agent, own_visits in by_user_agent.items()},
        swept_recipients=len({visit.recipient for visit in sweeps}),
        swept_share=len(sweeps) / len(visits),
    )


def _summarize_source(visits: list[Visit]) -> SourceActivity:
    delays_s = [visit.delay_s for visit in visits if visit.delay_s is not None]
    return SourceActivity(
        recipients=len({visit.recipient for visit in visits}),
        companies=len({visit.company for visit in visits if visit.company}),
        early_share=sum(delay_s <= EARLY_S for delay_s in delays_s) / len(delays_s) if delays_s else 0.0,
    )
