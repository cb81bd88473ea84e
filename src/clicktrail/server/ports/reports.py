"""Report numbers of campaigns, measure accuracy, and list clickers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.report.accuracy import ConfusionMatrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicker:
    """A recipient with human clicks."""

    recipient: str
    clicks: int
    last_at: datetime


class Reports(Protocol):
    """Numbers of campaigns, and ground-truth labels to measure the judge's accuracy."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Return all campaigns, the latest sent first, without links, reasons and sources."""

    async def campaign(self, name: str) -> CampaignReport | None:
        """Return one campaign with its links, reasons and sources; None if there is no such campaign."""

    async def recount(self, campaigns: Sequence[str]) -> Sequence[str]:
        """Count campaigns again from their clicks and messages, and return those whose counts were different.

        Raises:
            StorageError: some may not be counted; it is safe to repeat the call.
        """

    async def filtered_counts(
        self, campaigns: Sequence[str], *, click_filter: ClickFilter
    ) -> Mapping[str, FilteredCounts]:
        """Return the counts under a filter by campaign. Campaigns with no remaining clicks may be missing."""

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        """Return recipients with a counted human click since then that follow ``after`` in byte order."""

    async def store_labels(self, truths: Mapping[str, Verdict]) -> None:
        """Store ground-truth labels of clicks by click id. A later label replaces an earlier one.

        Raises:
            StorageError: some may not be stored; it is safe to repeat the call.
        """

    async def confusion_matrix(self) -> ConfusionMatrix:
        """Compare the stored verdicts with all ground-truth labels."""
