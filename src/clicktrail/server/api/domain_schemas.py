"""The JSON of ``clicktrail domain … --json``: one Struct for each object, fields in the order of the output.

Times are RFC 3339 UTC. docs/reference/domains.md describes the fields.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import msgspec

from clicktrail.model.event import format_rfc3339
from clicktrail.model.tracking_domain import RegisteredDomain
from clicktrail.server.pipeline.block_lists import BlockListAnswer
from clicktrail.server.pipeline.domain_checks import DomainReport

# clicktrail domain list --json


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking domain; ``esp`` and ``region`` are None for our own edge, times None for what has not happened."""

    domain: str
    esp: str | None
    region: str | None
    target: str | None
    added_at: str
    removed_at: str | None
    checked_at: str | None
    verified_at: str | None
    status: str | None
    code: str | None
    since: str | None
    next_step: str | None
    certificate_ends_at: str | None

    @classmethod
    def from_domain(cls, domain: RegisteredDomain) -> Self:
        """Convert a domain of the registry."""
        state = domain.state
        return cls(
            domain=domain.host,
            esp=domain.esp or None,
            region=domain.region or None,
            target=domain.target or None,
            added_at=format_rfc3339(domain.added_at),
            removed_at=_format_optional(domain.removed_at),
            checked_at=_format_optional(domain.checked_at),
            verified_at=_format_optional(domain.verified_at),
            status=state.status if state else None,
            code=(state.code or None) if state else None,
            since=format_rfc3339(state.since) if state else None,
            next_step=(state.next_step or None) if state else None,
            certificate_ends_at=_format_optional(domain.certificate_ends_at),
        )


class Domains(msgspec.Struct, frozen=True, kw_only=True):
    """All tracking domains."""

    domains: list[Domain]


# clicktrail domain check --json


class DomainCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One check of a tracking domain; texts are empty where there is nothing to say."""

    code: str
    status: str
    found: str
    expected: str
    cause: str
    fix: str


class BlockListListing(msgspec.Struct, frozen=True, kw_only=True):
    """What a block list says about a domain: listed, not-listed, refused or unanswered."""

    block_list: str
    domain: str
    result: str
    found: str


class DomainCheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of a tracking domain; ``next_step`` is None if the status is ``ok``.

    Attributes:
        block_lists: what block lists say, if they were asked.
    """

    domain: str
    status: str
    checks: list[DomainCheck]
    next_step: str | None
    block_lists: list[BlockListListing] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def from_report(cls, report: DomainReport, listings: Sequence[BlockListAnswer] | None = None) -> Self:
        """Convert a report, and what block lists say; None if they were not asked."""
        converted = msgspec.convert(report, cls, from_attributes=True)
        if listings is None:
            return converted
        return msgspec.structs.replace(
            converted,
            block_lists=[
                BlockListListing(
                    block_list=listing.block_list.title,
                    domain=listing.domain,
                    result=listing.listing,
                    found=listing.found,
                )
                for listing in listings
            ],
        )


def _format_optional(at: datetime | None) -> str | None:
    return format_rfc3339(at) if at else None
