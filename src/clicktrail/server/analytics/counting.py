"""Count campaigns by SQL: what ``report.summarise`` counts in Python."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from zlib import crc32

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, Clicks, Filter, Filtered, LinkReport, ReasonCount, SourceReport, Unique
from clicktrail.report.labels import Confusion
from clicktrail.server.analytics.connection import ChdbConnections
from clicktrail.server.analytics.sql import query

__all__ = ["count_campaign", "count_campaigns", "count_confusion", "count_filtered", "counted_by"]


class _Counts(msgspec.Struct, kw_only=True):
    human: int
    suspected: int
    bot: int
    preview: int
    unique_raw: int
    unique_human: int
    unique_engaged: int

    def clicks(self) -> Clicks:
        return Clicks(human=self.human, suspected=self.suspected, bot=self.bot, preview=self.preview)

    def unique(self) -> Unique:
        return Unique(raw=self.unique_raw, human=self.unique_human, engaged=self.unique_engaged)


class _Campaign(_Counts, kw_only=True):
    campaign: str
    first_sent_at: datetime | None
    accepted: int
    bounced_messages: int
    delivered_messages: int
    opened_messages: int
    landed_messages: int


class _Link(_Counts, kw_only=True):
    position: int
    first_url: str
    link_group: str


class _Left(msgspec.Struct):
    campaign: str
    clicks: int
    unique: int


class _Met(msgspec.Struct):
    truth: Verdict
    verdict: str
    clicks: int


class _Reason(msgspec.Struct):
    signal: str
    clicks: int


@cache
def counted_by() -> int:
    """A checksum of how campaigns are counted and of what a report tells: another version may do otherwise."""
    statements = (query(name).encode() for name in ("campaigns", "links", "reasons", "sources"))
    return crc32(b"".join((*statements, msgspec.json.encode(msgspec.json.schema(CampaignReport)))))


async def count_campaigns(connections: ChdbConnections, campaigns: Sequence[str]) -> list[CampaignReport]:
    """Those campaigns of which anything is stored, without links, reasons and sources, in any order."""
    return [_report(row) for row in await connections.rows("campaigns", _Campaign, {"campaigns": campaigns})]


async def count_campaign(connections: ChdbConnections, campaign: str) -> CampaignReport | None:
    """One campaign with its links, reasons and sources; None if nothing of it is stored."""
    rows = await connections.rows("campaigns", _Campaign, {"campaigns": [campaign]})
    if not rows:
        return None
    links = await connections.rows("links", _Link, {"campaign": campaign})
    reasons = await connections.rows("reasons", _Reason, {"campaign": campaign})
    sources = await connections.rows("sources", SourceReport, {"campaign": campaign})
    return _report(rows[0], links=links, reasons=reasons, sources=sources)


async def count_confusion(connections: ChdbConnections) -> Confusion:
    """How verdicts fare against all labels."""
    rows = await connections.rows("confusion", _Met)
    return Confusion(
        clicks={(row.truth, Verdict(row.verdict)): row.clicks for row in rows if row.verdict},
        unknown=sum(row.clicks for row in rows if not row.verdict),
    )


async def count_filtered(connections: ChdbConnections, campaigns: Sequence[str], by: Filter) -> Mapping[str, Filtered]:
    """What one filter leaves of campaigns, of those of which it leaves anything."""
    parameters = {"campaigns": campaigns, "signals": tuple(by.signals), "keeps": str(int(by.keeps))}
    rows = await connections.rows("filtered", _Left, parameters)
    return {row.campaign: Filtered(clicks=row.clicks, unique=row.unique) for row in rows}


def _report(
    row: _Campaign,
    *,
    links: Sequence[_Link] = (),
    reasons: Sequence[_Reason] = (),
    sources: Sequence[SourceReport] = (),
) -> CampaignReport:
    return CampaignReport(
        campaign=row.campaign,
        first_sent_at=row.first_sent_at,
        accepted=row.accepted,
        bounced=row.bounced_messages,
        delivered_events=row.delivered_messages,
        opened=row.opened_messages,
        landed=row.landed_messages,
        clicks=row.clicks(),
        unique=row.unique(),
        links=tuple(
            LinkReport(
                position=link.position,
                url=link.first_url,
                group=link.link_group,
                clicks=link.clicks(),
                unique=link.unique(),
            )
            for link in links
        ),
        reasons=tuple(ReasonCount(signal=reason.signal, clicks=reason.clicks) for reason in reasons),
        sources=tuple(sources),
    )
