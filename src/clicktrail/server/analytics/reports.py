"""Count campaigns by SQL: what ``report.summarise`` counts in Python."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zlib import crc32

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, Clicks, Filter, Filtered, LinkReport, ReasonCount, SourceReport, Unique
from clicktrail.report.accuracy import Confusion
from clicktrail.server.analytics.connection import ChdbConnections, query
from clicktrail.server.ports import RecentReport

__all__ = ["KeptReports", "count_campaign", "count_campaigns", "count_confusion", "count_filtered", "counted_by"]


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


# FOLDED kept_reports.py: Reports that are counted once and kept until something is stored that they do not know
# of.
#
# Counting a campaign reads all of its clicks. So a report is kept beside them, with the version of the last
# change that
# it knows of. Whoever wants all of the present has it counted again where a later change is marked; whoever
# wants to see
# something at once gets a large campaign as it was, and it is counted behind their back.

_AT_ONCE: Final = 50_000
"""Clicks that are counted while somebody waits for a page: some tenths of a second on a slow machine."""

_decoder: msgspec.json.Decoder[CampaignReport | None] = msgspec.json.Decoder(CampaignReport | None)


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``report_marks``: the last change of a campaign."""

    campaign: str
    version: int


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``reports``: what was counted, and the last change that it knows of."""

    campaign: str
    whole: bool
    version: int
    counted_by: int
    report: str


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's last change, and what is kept of its reports: nothing where ``report`` is empty."""

    campaign: str
    changed: int
    version: int
    counted_by: int
    report: str

    @property
    def outdated(self) -> bool:
        return not self._usable or self.version < self.changed

    @property
    def clicks(self) -> int:
        """How many it tells of."""
        report = _decoder.decode(self.report) if self._usable else None
        return report.clicks.total if report else 0

    @property
    def _usable(self) -> bool:
        return bool(self.report) and self.counted_by == counted_by()


class KeptReports:
    """The reports of all campaigns.

    Args:
        connections: to where the clicks and the reports are.
        at_once: clicks that are counted at most where a report is wanted at once.
    """

    def __init__(self, connections: ChdbConnections, *, at_once: int = _AT_ONCE) -> None:
        self._connections = connections
        self._at_once = at_once
        # Each count takes memory, and who waits for the same finds it done. What is wanted at once is small.
        self._counting, self._counting_few = asyncio.Lock(), asyncio.Lock()
        self._wanted: dict[str | None, None] = {}  # a campaign, or the overview, in the order of looks

    async def campaigns(self) -> list[CampaignReport]:
        """Every campaign, the latest sent first, without links, reasons and sources."""
        return [shown.report for shown in _shown(await self._current(None))]

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources; None if there is no such campaign."""
        return next((shown.report for shown in _shown(await self._current(name))), None)

    async def recent_campaigns(self) -> list[RecentReport]:
        """Every campaign, the large ones as they were counted last."""
        return _shown(await self._recent(None))

    async def recent_campaign(self, name: str) -> RecentReport | None:
        """One campaign, a large one as it was counted last; None if there is no such campaign."""
        return next(iter(_shown(await self._recent(name))), None)

    async def recount(self) -> None:
        """Count the first of what somebody has looked at while it was outdated; nothing if nobody has."""
        if self._wanted:
            name = next(iter(self._wanted))
            del self._wanted[name]
            await self._current(name)

    async def outdate(self, campaigns: Iterable[str], *, version: int) -> None:
        """Have campaigns counted anew, of which something was stored."""
        marks = (_Mark(campaign=campaign, version=version) for campaign in campaigns)
        await self._connections.insert("insert_report_marks", marks)

    async def outdate_all(self, *, version: int) -> None:
        """Have every campaign counted anew, and drop what may quote a person's URL."""
        async with self._counting, self._counting_few:  # what is being counted now would be kept later
            await self._connections.run(query("outdate_reports"), {"version": str(version)})
            await self._connections.run(query("erase_reports"))

    async def _current(self, name: str | None) -> list[_Kept]:
        """As of now: of one campaign, or of all where there is no name."""
        return await self._counted(name, math.inf, self._counting)

    async def _recent(self, name: str | None) -> list[_Kept]:
        kept = await self._counted(name, self._at_once, self._counting_few)
        if any(row.outdated for row in kept):
            self._wanted[name] = None
        return kept

    async def _counted(self, name: str | None, clicks: float, counting: asyncio.Lock) -> list[_Kept]:
        """What is kept, after so many clicks of what is outdated were counted at most, by one at a time."""
        kept = await self._kept(name)
        if not _smallest(kept, clicks):
            return kept
        async with counting:
            kept = await self._kept(name)
            outdated = _smallest(kept, clicks)
            return await self._keep(kept, await self._count(name, outdated), whole=name is not None)

    async def _kept(self, name: str | None) -> list[_Kept]:
        if name is None:
            return await self._connections.rows("kept_overview", _Kept)
        return await self._connections.rows("kept_report", _Kept, {"campaign": name})

    async def _count(self, name: str | None, outdated: Sequence[_Kept]) -> dict[str, CampaignReport | None]:
        """A report of each, or None where nothing is left of it."""
        if name is not None:
            return {row.campaign: await count_campaign(self._connections, name) for row in outdated}
        names = [row.campaign for row in outdated]
        counted = await count_campaigns(self._connections, names) if names else []
        return dict.fromkeys(names) | {report.campaign: report for report in counted}

    async def _keep(
        self, kept: Iterable[_Kept], counted: Mapping[str, CampaignReport | None], *, whole: bool
    ) -> list[_Kept]:
        """Keep what was counted, under the version it was counted for: a change of since then has a higher one."""
        current = [
            msgspec.structs.replace(
                row,
                version=row.changed,
                counted_by=counted_by(),
                report=msgspec.json.encode(counted[row.campaign]).decode(),
            )
            if row.campaign in counted
            else row
            for row in kept
        ]
        rows = (
            _Report(
                campaign=row.campaign,
                whole=whole,
                version=row.version,
                counted_by=row.counted_by,
                report=row.report,
            )
            for row in current
            if row.campaign in counted
        )
        await self._connections.insert("insert_reports", rows)
        return current


def _smallest(kept: Iterable[_Kept], clicks: float) -> list[_Kept]:
    """The outdated ones that have the fewest clicks, of so many together at most."""
    chosen = []
    for row in sorted((row for row in kept if row.outdated), key=lambda row: row.clicks):
        clicks -= row.clicks
        if clicks >= 0:
            chosen.append(row)
    return chosen


def _shown(kept: Iterable[_Kept]) -> list[RecentReport]:
    """The latest sent first."""
    shown = [
        RecentReport(report=report, as_of=datetime.fromtimestamp(row.version / 1e6, UTC) if row.outdated else None)
        for row in kept
        if (report := _decoder.decode(row.report))
    ]
    never = datetime.min.replace(tzinfo=UTC)
    shown.sort(key=lambda shown: shown.report.campaign)
    return sorted(shown, key=lambda shown: shown.report.first_sent_at or never, reverse=True)
