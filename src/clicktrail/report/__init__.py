"""Every number that the product shows, defined once.

What is counted and what is made of the counts is defined here, and counted in Python; the console counts by SQL, which
is tested against it.
"""

from clicktrail.report.campaign import (
    CampaignReport,
    Clicks,
    LinkReport,
    ReasonCount,
    SourceReport,
    Sources,
    Unique,
    as_json,
)
from clicktrail.report.counting import summarise
from clicktrail.report.filters import Filter, Filtered, filtered, filtered_as_json

__all__ = [
    "CampaignReport",
    "Clicks",
    "Filter",
    "Filtered",
    "LinkReport",
    "ReasonCount",
    "SourceReport",
    "Sources",
    "Unique",
    "as_json",
    "filtered",
    "filtered_as_json",
    "summarise",
]
