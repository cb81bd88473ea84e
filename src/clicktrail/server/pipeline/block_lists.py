"""Block lists of domains, and what their answers mean.

A listed domain has an A record below the list's zone. Lists answer queries that they refuse, such as those of public
resolvers, with addresses too.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from clicktrail.server.pipeline.request import IPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockList:
    """A block list that is asked by DNS.

    Attributes:
        zone: what is appended to the domain.
        removal: where to ask for the removal of a domain.
    """

    title: str
    zone: str
    removal: str
    source: str
    checked_on: dt.date


BLOCK_LISTS: Final = (
    BlockList(
        title="Spamhaus DBL",
        zone="dbl.spamhaus.org",
        removal="https://check.spamhaus.org/",
        source="Spamhaus, Using our public mirrors? Check your return codes now (article 807); haraka-plugin-uribl#2",
        checked_on=dt.date(2026, 12, 1),
    ),
    BlockList(
        title="SURBL",
        zone="multi.surbl.org",
        removal="https://surbl.org/surbl-analysis",
        source="SURBL, implementation guidelines: the lists are bits 8, 16, 64 and 128 of the last number",
        checked_on=dt.date(2026, 12, 1),
    ),
    BlockList(
        title="URIBL",
        zone="multi.uribl.com",
        removal="https://admin.uribl.com/",
        source="URIBL, Query Refused (refused.shtml)",
        checked_on=dt.date(2026, 12, 1),
    ),
)

_ANSWERS = ip_network("127.0.0.0/8")
"""Addresses outside are no answer of a list, but of a resolver that redirects names that do not exist."""
_REFUSALS = (ip_network("127.255.255.0/24"), ip_network("127.0.0.1/32"))
"""Spamhaus answers refused queries with the first, SURBL and URIBL with the second. No list uses them for a listing."""


class Listing(StrEnum):
    """What a block list says about a domain."""

    LISTED = "listed"
    NOT_LISTED = "not-listed"
    REFUSED = "refused"
    """The list does not answer this resolver's queries. It says nothing about the domain."""
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockListAnswer:
    """What one block list says about a domain.

    Attributes:
        domain: the organisational domain, which lists contain.
        found: the list's answer, or the failure.
    """

    block_list: BlockList
    domain: str
    listing: Listing
    found: str


def read_listing(addresses: Collection[IPAddress], *, is_answered: bool) -> Listing:
    """What a block list says about a domain.

    Args:
        addresses: A records of the domain below the list's zone.
        is_answered: whether the query got an answer, which may be that the name does not exist.
    """
    if not is_answered:
        return Listing.UNANSWERED
    if not addresses:
        return Listing.NOT_LISTED
    if any(address in refusal for address in addresses for refusal in _REFUSALS):
        return Listing.REFUSED
    return Listing.LISTED if any(address in _ANSWERS for address in addresses) else Listing.UNANSWERED
