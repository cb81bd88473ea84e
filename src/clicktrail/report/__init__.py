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
)
from clicktrail.report.counting import build_reports
from clicktrail.report.filters import ClickFilter, FilteredCounts, apply_filter
from clicktrail.report.people import PeopleCounter, PeopleRange

__all__ = [
    "CampaignReport",
    "ClickCounts",
    "ClickFilter",
    "FilteredCounts",
    "LinkReport",
    "PeopleCounter",
    "PeopleRange",
    "ReasonCount",
    "SourceCounter",
    "SourceReport",
    "UniqueClickers",
    "apply_filter",
    "build_reports",
]
