"""Reports that are counted once and kept until something is stored that they do not know of.

Counting a campaign reads all of its clicks. So a report is kept beside them, under the version of the change that it
was counted for; the next change marks it as outdated, and whoever asks for it then has it counted again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from clicktrail.report import CampaignReport
from clicktrail.server.analytics.connection import ChdbConnections
from clicktrail.server.analytics.counting import count_campaign, count_campaigns, counted_by
from clicktrail.server.analytics.sql import query

__all__ = ["KeptReports"]

_decoder: msgspec.json.Decoder[CampaignReport | None] = msgspec.json.Decoder(CampaignReport | None)


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``reports``."""

    campaign: str
    version: int
    counted_by: int
    report: str

    @property
    def outdated(self) -> bool:
        return not self.report or self.counted_by != counted_by()


class _ReportRow(_Kept, frozen=True, kw_only=True):
    whole: bool


class KeptReports:
    """The reports of all campaigns, counted where they are outdated."""

    def __init__(self, connections: ChdbConnections) -> None:
        self._connections = connections
        self._counting = asyncio.Lock()  # each count takes memory, and who waits for the same finds it done

    async def campaigns(self) -> list[CampaignReport]:
        """Every campaign, the latest sent first, without links and reasons."""
        kept = await self._connections.rows("kept_overview", _Kept)
        if any(row.outdated for row in kept):
            async with self._counting:
                kept = await self._counted_overview()
        reports = [report for row in kept if (report := _decoder.decode(row.report))]
        never = datetime.min.replace(tzinfo=UTC)
        by_name = sorted(reports, key=lambda report: report.campaign)
        return sorted(by_name, key=lambda report: report.first_sent_at or never, reverse=True)

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links and reasons; None if there is no such campaign."""
        kept = await self._connections.rows("kept_report", _Kept, {"campaign": name})
        if any(row.outdated for row in kept):
            async with self._counting:
                kept = await self._counted_campaign(name)
        return _decoder.decode(kept[0].report) if kept else None

    async def outdate(self, campaigns: Iterable[str], *, version: int) -> None:
        """Have campaigns counted anew, of which something was stored."""
        await self._connections.insert(
            "insert_reports",
            (
                _ReportRow(campaign=campaign, version=version, counted_by=0, report="", whole=whole)
                for campaign in campaigns
                for whole in (False, True)
            ),
        )

    async def outdate_all(self, *, version: int) -> None:
        """Have every campaign counted anew, and drop what was counted."""
        await self._connections.run(query("outdate_reports"), {"version": str(version)})
        await self._connections.run(query("merge_reports"))

    async def _counted_overview(self) -> list[_Kept]:
        kept = await self._connections.rows("kept_overview", _Kept)
        outdated = [row for row in kept if row.outdated]
        reports = await count_campaigns(self._connections, [row.campaign for row in outdated])
        counted = await self._keep(outdated, {report.campaign: report for report in reports}, whole=False)
        return [*(row for row in kept if not row.outdated), *counted]

    async def _counted_campaign(self, name: str) -> list[_Kept]:
        kept = await self._connections.rows("kept_report", _Kept, {"campaign": name})
        outdated = [row for row in kept if row.outdated]
        if not outdated:
            return kept
        return await self._keep(outdated, {name: await count_campaign(self._connections, name)}, whole=True)

    async def _keep(
        self, outdated: Sequence[_Kept], reports: Mapping[str, CampaignReport | None], *, whole: bool
    ) -> list[_Kept]:
        """Keep what was counted, under the version it was counted for: a change of since then has a higher one."""
        rows = [
            _ReportRow(
                campaign=row.campaign,
                version=row.version,
                counted_by=counted_by(),
                report=msgspec.json.encode(reports.get(row.campaign)).decode(),
                whole=whole,
            )
            for row in outdated
        ]
        await self._connections.insert("insert_reports", rows)
        return list(rows)
