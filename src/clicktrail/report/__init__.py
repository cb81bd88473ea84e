"""Campaign reports: the definition of every number that the product shows.

`build_reports` counts in Python. `server.analytics` counts the same by SQL, and tests compare the two.
"""

from clicktrail.report.campaign import (
    CampaignReport,
    ClickCounts,
    LinkReport,
    ReasonCount,
    SourceCounter,
    SourceReport,
    UniqueClickers,
    report_as_json,
)
from clicktrail.report.counting import build_reports
from clicktrail.report.filters import ClickFilter, FilteredCounts, apply_filter, filtered_counts_as_json

__all__ = [
    "CampaignReport",
    "ClickCounts",
    "ClickFilter",
    "FilteredCounts",
    "LinkReport",
    "ReasonCount",
    "SourceCounter",
    "SourceReport",
    "UniqueClickers",
    "apply_filter",
    "build_reports",
    "filtered_counts_as_json",
    "report_as_json",
]
