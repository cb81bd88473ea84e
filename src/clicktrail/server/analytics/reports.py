"""Count campaigns by SQL, and cache the reports.

Counting a campaign reads all of its clicks. So each report is cached in a table, with the version of the last change
of the campaign that it includes. A report is stale when the campaign has changed since, or when another version of
clicktrail with other queries counted it. Callers choose: a fresh report, which may take seconds for a large campaign,
or a cached one, where only small campaigns are counted at once and large ones later, in the background.

`clicktrail.report.build_reports` counts the same in Python; tests compare the two.
"""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zlib import crc32

import msgspec

from clicktrail.model.event import format_rfc3339
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
from clicktrail.server.ports import CachedReport, Clock

_MAX_FOREGROUND_CLICKS: Final = 50_000
"""Clicks to count while a page waits: some tenths of a second on a slow machine."""

_report_decoder: msgspec.json.Decoder[CampaignReport | None] = msgspec.json.Decoder(CampaignReport | None)


class _CampaignChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``campaign_changes``."""

    campaign: str
    version: int


class _ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``cached_reports``."""

    campaign: str
    has_details: bool
    version: int
    counted_at: str
    counting_checksum: int
    report: str


class _CacheRow(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's last change and its cached report; ``report`` is empty if none is cached."""

    campaign: str
    latest_version: int
    report_version: int
    counted_at: datetime
    counting_checksum: int
    report: str

    @property
    def is_stale(self) -> bool:
        return not self._is_usable or self.report_version < self.latest_version

    @property
    def click_count(self) -> int:
        report = _report_decoder.decode(self.report) if self._is_usable else None
        return report.clicks.total if report else 0

    @property
    def _is_usable(self) -> bool:
        return bool(self.report) and self.counting_checksum == compute_counting_checksum()


class ReportCache:
    """Reports of all campaigns, counted when they are stale.

    Args:
        max_foreground_clicks: how many clicks of stale reports are counted while the caller of a cached report waits.
    """

    def __init__(
        self, connections: ChdbPool, clock: Clock, *, max_foreground_clicks: int = _MAX_FOREGROUND_CLICKS
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._max_foreground_clicks = max_foreground_clicks
        # Counting takes memory, so one large count runs at a time, and a second caller finds the result cached.
        # Foreground counts are small and have their own lock.
        self._background_lock, self._foreground_lock = asyncio.Lock(), asyncio.Lock()
        # Stale reports that were read, in the order of reading: campaign names, or None for the list of all campaigns.
        self._refresh_queue: dict[str | None, None] = {}

    async def campaigns(self) -> list[CampaignReport]:
        """Every campaign, the latest sent first, without links, reasons and sources."""
        return [cached.report for cached in _decode_reports(await self._load_fresh(None))]

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources; None if there is no such campaign."""
        return next((cached.report for cached in _decode_reports(await self._load_fresh(name))), None)

    async def cached_campaigns(self) -> list[CachedReport]:
        """Every campaign; the reports of large ones may be stale."""
        return _decode_reports(await self._load_cached(None))

    async def cached_campaign(self, name: str) -> CachedReport | None:
        """One campaign; the report of a large one may be stale. None if there is no such campaign."""
        return next(iter(_decode_reports(await self._load_cached(name))), None)

    async def refresh_next(self) -> None:
        """Count the first of the stale reports that were read, if any."""
        if self._refresh_queue:
            name = next(iter(self._refresh_queue))
            del self._refresh_queue[name]
            await self._load_fresh(name)

    async def invalidate(self, campaigns: Iterable[str], *, version: int) -> None:
        """Mark the reports of changed campaigns as stale."""
        changes = (_CampaignChangeRow(campaign=campaign, version=version) for campaign in campaigns)
        await self._connections.insert_rows("insert_campaign_changes", changes)

    async def invalidate_all(self, *, version: int) -> None:
        """Mark all reports as stale, and delete those with links, which may quote a person's URL."""
        # Waits for running counts, which would store a report from before the change afterwards.
        async with self._background_lock, self._foreground_lock:
            await self._connections.execute(load_query("invalidate_reports"), {"version": str(version)})
            await self._connections.execute(load_query("delete_detailed_reports"))

    async def _load_fresh(self, name: str | None) -> list[_CacheRow]:
        return await self._refresh(name, math.inf, self._background_lock)

    async def _load_cached(self, name: str | None) -> list[_CacheRow]:
        """Count small stale reports now, and leave large ones to `refresh_next`."""
        rows = await self._refresh(name, self._max_foreground_clicks, self._foreground_lock)
        if any(row.is_stale for row in rows):
            self._refresh_queue[name] = None
        return rows

    async def _refresh(self, name: str | None, max_clicks: float, lock: asyncio.Lock) -> list[_CacheRow]:
        """Count stale reports of up to ``max_clicks`` clicks in total. Returns the row of one campaign, or all rows."""
        rows = await self._fetch_rows(name)
        if not _select_smallest_stale(rows, max_clicks):
            return rows
        async with lock:
            counted_at = self._clock.now()
            rows = await self._fetch_rows(name)
            stale_campaigns = [row.campaign for row in _select_smallest_stale(rows, max_clicks)]
            reports = await self._count_reports(stale_campaigns, has_details=name is not None)
            return await self._store_reports(rows, reports, has_details=name is not None, counted_at=counted_at)

    async def _fetch_rows(self, name: str | None) -> list[_CacheRow]:
        if name is None:
            return await self._connections.fetch_rows("cached_overview", _CacheRow)
        return await self._connections.fetch_rows("cached_report", _CacheRow, {"campaign": name})

    async def _count_reports(self, campaigns: Sequence[str], *, has_details: bool) -> dict[str, CampaignReport | None]:
        """Reports by campaign; None for a campaign that has no rows any more."""
        if has_details:
            return {campaign: await count_campaign(self._connections, campaign) for campaign in campaigns}
        reports = await count_campaigns(self._connections, campaigns) if campaigns else []
        return dict.fromkeys(campaigns) | {report.campaign: report for report in reports}

    async def _store_reports(
        self,
        rows: Iterable[_CacheRow],
        reports: Mapping[str, CampaignReport | None],
        *,
        has_details: bool,
        counted_at: datetime,
    ) -> list[_CacheRow]:
        """Store reports and return ``rows`` with them.

        Each is stored with the version that was read before counting, so a change made meanwhile has a higher version
        and makes it stale.
        """
        updated_rows = [
            msgspec.structs.replace(
                row,
                report_version=row.latest_version,
                counted_at=counted_at,
                counting_checksum=compute_counting_checksum(),
                report=msgspec.json.encode(reports[row.campaign]).decode(),
            )
            if row.campaign in reports
            else row
            for row in rows
        ]
        report_rows = (
            _ReportRow(
                campaign=row.campaign,
                has_details=has_details,
                version=row.report_version,
                counted_at=format_rfc3339(row.counted_at),
                counting_checksum=row.counting_checksum,
                report=row.report,
            )
            for row in updated_rows
            if row.campaign in reports
        )
        await self._connections.insert_rows("insert_cached_reports", report_rows)
        return updated_rows


def _select_smallest_stale(rows: Iterable[_CacheRow], max_clicks: float) -> list[_CacheRow]:
    """The stale rows with the fewest clicks: as many as fit into ``max_clicks`` clicks in total."""
    selected, total_clicks = [], 0
    for row in sorted((row for row in rows if row.is_stale), key=lambda row: row.click_count):
        total_clicks += row.click_count
        if total_clicks <= max_clicks:
            selected.append(row)
    return selected


def _decode_reports(rows: Iterable[_CacheRow]) -> list[CachedReport]:
    """The reports of rows, the latest sent first. A row whose report is ``null`` has no campaign any more."""
    cached_reports = [
        CachedReport(report=report, as_of=row.counted_at if row.is_stale else None)
        for row in rows
        if (report := _report_decoder.decode(row.report))
    ]
    never = datetime.min.replace(tzinfo=UTC)
    cached_reports.sort(key=lambda cached: cached.report.campaign)
    return sorted(cached_reports, key=lambda cached: cached.report.first_sent_at or never, reverse=True)


@cache
def compute_counting_checksum() -> int:
    """A checksum of the counting queries and of the report's fields: another version of clicktrail may have others."""
    statements = (load_query(name).encode() for name in ("campaigns", "links", "reasons", "source_reports"))
    return crc32(b"".join((*statements, msgspec.json.encode(msgspec.json.schema(CampaignReport)))))


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
    url: str
    link_group: str


async def count_campaigns(connections: ChdbPool, campaigns: Sequence[str]) -> list[CampaignReport]:
    """Reports of campaigns without links, reasons and sources, in any order. Campaigns without rows are left out."""
    rows = await connections.fetch_rows("campaigns", _CampaignRow, {"campaigns": campaigns})
    return [_build_report(row) for row in rows]


async def count_campaign(connections: ChdbPool, campaign: str) -> CampaignReport | None:
    """The report of one campaign with links, reasons and sources; None if the campaign has no rows."""
    rows = await connections.fetch_rows("campaigns", _CampaignRow, {"campaigns": [campaign]})
    if not rows:
        return None
    links = await connections.fetch_rows("links", _LinkRow, {"campaign": campaign})
    reasons = await connections.fetch_rows("reasons", ReasonCount, {"campaign": campaign})
    sources = await connections.fetch_rows("source_reports", SourceReport, {"campaign": campaign})
    return _build_report(rows[0], links=links, reasons=reasons, sources=sources)


def _build_report(
    row: _CampaignRow,
    *,
    links: Sequence[_LinkRow] = (),
    reasons: Sequence[ReasonCount] = (),
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
                url=link.url,
                group=link.link_group,
                clicks=link.to_click_counts(),
                unique=link.to_unique_clickers(),
            )
            for link in links
        ),
        reasons=tuple(reasons),
        sources=tuple(sources),
    )


class _FilteredRow(msgspec.Struct):
    campaign: str
    clicks: int
    unique_clickers: int


async def count_filtered(
    connections: ChdbPool, campaigns: Sequence[str], click_filter: ClickFilter
) -> Mapping[str, FilteredCounts]:
    """Counts of the clicks that pass a filter, by campaign. Campaigns without such clicks are left out."""
    parameters = {
        "campaigns": campaigns,
        "signals": tuple(click_filter.signals),
        "is_inclusive": str(int(click_filter.is_inclusive)),
    }
    rows = await connections.fetch_rows("filtered_counts", _FilteredRow, parameters)
    return {row.campaign: FilteredCounts(clicks=row.clicks, unique_clickers=row.unique_clickers) for row in rows}


class _ConfusionRow(msgspec.Struct):
    truth: Verdict
    verdict: str
    clicks: int


async def count_confusion(connections: ChdbPool) -> ConfusionMatrix:
    """Compare the verdicts of labelled clicks with their labels."""
    rows = await connections.fetch_rows("confusion", _ConfusionRow)
    return ConfusionMatrix(
        counts={(row.truth, Verdict(row.verdict)): row.clicks for row in rows if row.verdict},
        unmatched_labels=sum(row.clicks for row in rows if not row.verdict),
    )
