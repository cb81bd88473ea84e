"""Every number that the product shows, defined once.

What is counted and what is made of the counts is defined here, and counted in Python; the console counts by SQL, which
is tested against it.
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
