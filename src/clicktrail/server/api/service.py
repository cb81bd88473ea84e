"""The interface to an engine's reports, for commands: over HTTP, or in process if no engine runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.rejudge import RejudgeRequest

SEGMENT_PAGE_SIZE: Final = 10_000
"""Recipients in a page of a segment: some megabytes of JSON."""


class ReportService(Protocol):
    """Reports of campaigns, and what changes them: rejudging, recounting and labels.

    Each method raises StorageError if the engine or the data folder cannot be read.
    """

    def campaigns(self, name: str | None, filters: Sequence[ClickFilter] = ()) -> list[schemas.Campaign]:
        """Every campaign, or one with its links and reasons; empty if there is no such campaign."""

    def history(self, campaign: str, *, click_id: str | None, limit: int) -> schemas.VerdictHistory | None:
        """The latest changes of verdicts, of all clicks or of one; None if there is no such campaign."""

    def segment_page(self, *, since: datetime, campaign: str | None, after: str) -> list[schemas.Clicker]:
        """Recipients with a human click since then that follow ``after`` in byte order; empty after the last page."""

    def rejudge(self, request: RejudgeRequest) -> list[schemas.RejudgedCampaign]:
        """Judge stored clicks again; empty if there is no such campaign."""

    def recount(self, campaign: str | None) -> list[schemas.RecountedCampaign]:
        """Count all campaigns again, or one; empty if there is no such campaign."""

    def store_labels(self, labels: Mapping[str, Verdict]) -> None:
        """Store ground-truth labels by click id; a later label of a click replaces the earlier one."""

    def confusion_matrix(self) -> schemas.LabelReport:
        """Compare verdicts with all labels."""
