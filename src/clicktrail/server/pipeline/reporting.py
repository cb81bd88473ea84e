"""Reports as programs read them, with what single filters would leave beside the numbers that count."""

from collections.abc import Sequence

from clicktrail.report import Filter, Filtered, as_json, filtered_as_json
from clicktrail.server.ports import Analytics

__all__ = ["described_reports"]


async def described_reports(
    analytics: Analytics, campaign: str | None, filters: Sequence[Filter] = ()
) -> list[dict[str, object]]:
    """The reports of all campaigns, or of one with its links, reasons and sources: none if there is no such campaign.

    Raises:
        StorageError: they cannot be read just now.
    """
    if campaign is None:
        reports = list(await analytics.campaigns())
    else:
        reports = [report for report in [await analytics.campaign(campaign)] if report]
    described = [as_json(report) for report in reports]
    if filters:
        names = [report.campaign for report in reports]
        left = {by: await analytics.filtered(names, by=by) for by in dict.fromkeys(filters)}
        for report, row in zip(reports, described, strict=True):
            row["filters"] = [
                filtered_as_json(report, by, of.get(report.campaign, Filtered())) for by, of in left.items()
            ]
    return described
