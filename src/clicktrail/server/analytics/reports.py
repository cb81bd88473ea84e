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
from clicktrail.report import (
    CampaignReport,
    ClickCounts,
    ClickFilter,
    FilteredCounts,
    LinkReport,
    ReasonCount,
    SourceReport,
    UniqueClickers,
)
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.analytics.connection import ChdbPool, load_query
from clicktrail.server.ports import CachedReport

__all__ = [
    "ReportCache",
    "compute_counting_checksum",
    "count_campaign",
    "count_campaigns",
    "count_confusion",
    "count_filtered",
]


class _ClickCountsRow(msgspec.Struct, kw_only=True):
    human: int
    suspected: int
    bot: int
    preview: int
    unique_raw: int
    unique_human: int
    unique_engaged: int

    def to_click_counts(self) -> ClickCounts:
        return ClickCounts(human=self.human, suspected=self.suspected, bot=self.bot, preview=self.preview)

    def to_unique_clickers(self) -> UniqueClickers:
        return UniqueClickers(raw=self.unique_raw, human=self.unique_human, engaged=self.unique_engaged)


class _CampaignRow(_ClickCountsRow, kw_only=True):
    campaign: str
    first_sent_at: datetime | None
    accepted: int
    bounced_messages: int
    delivered_messages: int
    opened_messages: int
    messages_with_engagement: int


class _LinkRow(_ClickCountsRow, kw_only=True):
    position: int
    first_url: str
    link_group: str


class _FilteredRow(msgspec.Struct):
    campaign: str
    clicks: int
    unique_clickers: int


class _ConfusionRow(msgspec.Struct):
    truth: Verdict
    verdict: str
    clicks: int


class _ReasonRow(msgspec.Struct):
    signal: str
    clicks: int


@cache
def compute_counting_checksum() -> int:
    """A checksum of how campaigns are counted and of what a report tells: another version may do otherwise."""
    statements = (load_query(name).encode() for name in ("campaigns", "links", "reasons", "sources"))
    return crc32(b"".join((*statements, msgspec.json.encode(msgspec.json.schema(CampaignReport)))))


async def count_campaigns(connections: ChdbPool, campaigns: Sequence[str]) -> list[CampaignReport]:
    """Those campaigns of which anything is stored, without links, reasons and sources, in any order."""
    return [
        _build_report(row) for row in await connections.fetch_rows("campaigns", _CampaignRow, {"campaigns": campaigns})
    ]


async def count_campaign(connections: ChdbPool, campaign: str) -> CampaignReport | None:
    """One campaign with its links, reasons and sources; None if nothing of it is stored."""
    rows = await connections.fetch_rows("campaigns", _CampaignRow, {"campaigns": [campaign]})
    if not rows:
        return None
    links = await connections.fetch_rows("links", _LinkRow, {"campaign": campaign})
    reasons = await connections.fetch_rows("reasons", _ReasonRow, {"campaign": campaign})
    sources = await connections.fetch_rows("sources", SourceReport, {"campaign": campaign})
    return _build_report(rows[0], links=links, reasons=reasons, sources=sources)


async def count_confusion(connections: ChdbPool) -> ConfusionMatrix:
    """How verdicts fare against all labels."""
    rows = await connections.fetch_rows("confusion", _ConfusionRow)
    return ConfusionMatrix(
        counts={(row.truth, Verdict(row.verdict)): row.clicks for row in rows if row.verdict},
        unmatched_labels=sum(row.clicks for row in rows if not row.verdict),
    )


async def count_filtered(
    connections: ChdbPool, campaigns: Sequence[str], click_filter: ClickFilter
) -> Mapping[str, FilteredCounts]:
    """What one filter leaves of campaigns, of those of which it leaves anything."""
    parameters = {
        "campaigns": campaigns,
        "signals": tuple(click_filter.signals),
        "keeps": str(int(click_filter.is_inclusive)),
    }
    rows = await connections.fetch_rows("filtered", _FilteredRow, parameters)
    return {row.campaign: FilteredCounts(clicks=row.clicks, unique_clickers=row.unique_clickers) for row in rows}


def _build_report(
    row: _CampaignRow,
    *,
    links: Sequence[_LinkRow] = (),
    reasons: Sequence[_ReasonRow] = (),
    sources: Sequence[SourceReport] = (),
) -> CampaignReport:
    return CampaignReport(
        campaign=row.campaign,
        first_sent_at=row.first_sent_at,
        accepted=row.accepted,
        bounced=row.bounced_messages,
        reported_deliveries=row.delivered_messages,
        opened=row.opened_messages,
        messages_with_engagement=row.messages_with_engagement,
        clicks=row.to_click_counts(),
        unique=row.to_unique_clickers(),
        links=tuple(
            LinkReport(
                position=link.position,
                url=link.first_url,
                group=link.link_group,
                clicks=link.to_click_counts(),
                unique=link.to_unique_clickers(),
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

_MAX_FOREGROUND_CLICKS: Final = 50_000
"""Clicks that are counted while somebody waits for a page: some tenths of a second on a slow machine."""

_report_decoder: msgspec.json.Decoder[CampaignReport | None] = msgspec.json.Decoder(CampaignReport | None)


class _CampaignChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``report_marks``: the last change of a campaign."""

    campaign: str
    version: int


class _ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``reports``: what was counted, and the last change that it knows of."""

    campaign: str
    has_details: bool
    version: int
    counting_checksum: int
    report: str


class _CacheRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's last change, and what is kept of its reports: nothing where ``report`` is empty."""

    campaign: str
    latest_version: int
    report_version: int
    counting_checksum: int
    report: str

    @property
    def is_stale(self) -> bool:
        return not self._is_usable or self.report_version < self.latest_version

    @property
    def click_count(self) -> int:
        """How many it tells of."""
        report = _report_decoder.decode(self.report) if self._is_usable else None
        return report.clicks.total if report else 0

    @property
    def _is_usable(self) -> bool:
        return bool(self.report) and self.counting_checksum == compute_counting_checksum()


class ReportCache:
    """The reports of all campaigns.

    Args:
        connections: to where the clicks and the reports are.
        max_foreground_clicks: clicks that are counted at most where a report is wanted at once.
    """

    def __init__(self, connections: ChdbPool, *, max_foreground_clicks: int = _MAX_FOREGROUND_CLICKS) -> None:
        self._connections = connections
        self._max_foreground_clicks = max_foreground_clicks
        # Each count takes memory, and who waits for the same finds it done. What is wanted at once is small.
        self._background_lock, self._foreground_lock = asyncio.Lock(), asyncio.Lock()
        self._refresh_queue: dict[str | None, None] = {}  # a campaign, or the overview, in the order of looks

    async def campaigns(self) -> list[CampaignReport]:
        """Every campaign, the latest sent first, without links, reasons and sources."""
        return [shown.report for shown in _sort_cached_reports(await self._load_fresh(None))]

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources; None if there is no such campaign."""
        return next((shown.report for shown in _sort_cached_reports(await self._load_fresh(name))), None)

    async def cached_campaigns(self) -> list[CachedReport]:
        """Every campaign, the large ones as they were counted last."""
        return _sort_cached_reports(await self._load_cached(None))

    async def cached_campaign(self, name: str) -> CachedReport | None:
        """One campaign, a large one as it was counted last; None if there is no such campaign."""
        return next(iter(_sort_cached_reports(await self._load_cached(name))), None)

    async def refresh_next(self) -> None:
        """Count the first of what somebody has looked at while it was outdated; nothing if nobody has."""
        if self._refresh_queue:
            name = next(iter(self._refresh_queue))
            del self._refresh_queue[name]
            await self._load_fresh(name)

    async def invalidate(self, campaigns: Iterable[str], *, version: int) -> None:
        """Have campaigns counted anew, of which something was stored."""
        marks = (_CampaignChangeRow(campaign=campaign, version=version) for campaign in campaigns)
        await self._connections.insert_rows("insert_report_marks", marks)

    async def invalidate_all(self, *, version: int) -> None:
        """Have every campaign counted anew, and drop what may quote a person's URL."""
        async with self._background_lock, self._foreground_lock:  # what is being counted now would be kept later
            await self._connections.execute(load_query("outdate_reports"), {"version": str(version)})
            await self._connections.execute(load_query("erase_reports"))

    async def _load_fresh(self, name: str | None) -> list[_CacheRow]:
        """As of now: of one campaign, or of all where there is no name."""
        return await self._refresh(name, math.inf, self._background_lock)

    async def _load_cached(self, name: str | None) -> list[_CacheRow]:
        kept = await self._refresh(name, self._max_foreground_clicks, self._foreground_lock)
        if any(row.is_stale for row in kept):
            self._refresh_queue[name] = None
        return kept

    async def _refresh(self, name: str | None, max_clicks: float, lock: asyncio.Lock) -> list[_CacheRow]:
        """What is kept, after so many clicks of what is outdated were counted at most, by one at a time."""
        kept = await self._fetch_rows(name)
        if not _select_smallest_stale(kept, max_clicks):
            return kept
        async with lock:
            kept = await self._fetch_rows(name)
            outdated = _select_smallest_stale(kept, max_clicks)
            return await self._store_reports(
                kept, await self._count_reports(name, outdated), has_details=name is not None
            )

    async def _fetch_rows(self, name: str | None) -> list[_CacheRow]:
        if name is None:
            return await self._connections.fetch_rows("kept_overview", _CacheRow)
        return await self._connections.fetch_rows("kept_report", _CacheRow, {"campaign": name})

    async def _count_reports(self, name: str | None, stale: Sequence[_CacheRow]) -> dict[str, CampaignReport | None]:
        """A report of each, or None where nothing is left of it."""
        if name is not None:
            return {row.campaign: await count_campaign(self._connections, name) for row in stale}
        names = [row.campaign for row in stale]
        counted = await count_campaigns(self._connections, names) if names else []
        return dict.fromkeys(names) | {report.campaign: report for report in counted}

    async def _store_reports(
        self, cached: Iterable[_CacheRow], reports: Mapping[str, CampaignReport | None], *, has_details: bool
    ) -> list[_CacheRow]:
        """Keep what was counted, under the version it was counted for: a change of since then has a higher one."""
        current = [
            msgspec.structs.replace(
                row,
                version=row.latest_version,
                counted_by=compute_counting_checksum(),
                report=msgspec.json.encode(reports[row.campaign]).decode(),
            )
            if row.campaign in reports
            else row
            for row in cached
        ]
        rows = (
            _ReportRow(
                campaign=row.campaign,
                has_details=has_details,
                version=row.report_version,
                counting_checksum=row.counting_checksum,
                report=row.report,
            )
            for row in current
            if row.campaign in reports
        )
        await self._connections.insert_rows("insert_reports", rows)
        return current


def _select_smallest_stale(rows: Iterable[_CacheRow], max_clicks: float) -> list[_CacheRow]:
    """The outdated ones that have the fewest clicks, of so many together at most."""
    chosen = []
    for row in sorted((row for row in rows if row.is_stale), key=lambda row: row.click_count):
        max_clicks -= row.click_count
        if max_clicks >= 0:
            chosen.append(row)
    return chosen


def _sort_cached_reports(rows: Iterable[_CacheRow]) -> list[CachedReport]:
    """The latest sent first."""
    shown = [
        CachedReport(
            report=report, as_of=datetime.fromtimestamp(row.report_version / 1e6, UTC) if row.is_stale else None
        )
        for row in rows
        if (report := _report_decoder.decode(row.report))
    ]
    never = datetime.min.replace(tzinfo=UTC)
    shown.sort(key=lambda shown: shown.report.campaign)
    return sorted(shown, key=lambda shown: shown.report.first_sent_at or never, reverse=True)
