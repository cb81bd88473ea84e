"""Read reports, and numbers that are counted when they are asked for: filtered counts and accuracy."""

from collections.abc import Mapping, Sequence

import msgspec

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.report.campaign import sort_reports
from clicktrail.report.running import CountRow, build_report
from clicktrail.server.analytics.connection import ChdbPool


async def load_campaign(connections: ChdbPool, campaign: str) -> CampaignReport | None:
    """The report of one campaign with links, reasons and sources; None if there is no such campaign.

    Raises:
        StorageError: the counts cannot be read.
    """
    return build_report(await connections.fetch_rows("campaign_counts", CountRow, {"campaign": campaign}))


async def load_campaigns(connections: ChdbPool) -> list[CampaignReport]:
    """The reports of all campaigns, the latest sent first, without links, reasons and sources.

    Raises:
        StorageError: the counts cannot be read.
    """
    rows = await connections.fetch_rows("overview", CountRow)
    return sort_reports(report for row in rows if (report := build_report([row])))


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
