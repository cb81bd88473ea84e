"""Read reports from the data folder if no engine runs, after processing the rest of the journal."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar

from clicktrail import keyring_file
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.api import schemas
from clicktrail.server.api.service import SEGMENT_PAGE_SIZE
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.queries import load_reports, recount_reports
from clicktrail.server.pipeline.rejudge import RejudgeRequest
from clicktrail.server.ports import Analytics
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.judge import ReloadingJudge
from clicktrail.server.wiring.processing import (
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_and_clear_cache,
)

_Result = TypeVar("_Result")


class OfflineReports:
    """The `ReportService` of a data folder, a context manager.

    The first method call opens analytics in a separate event loop; the end of the context closes both. In a data
    folder without journal and analytics no file is created: the first start would take it for a trace of earlier
    data, and its missing key ring for a lost one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runner = asyncio.Runner()
        self._exit_stack = contextlib.AsyncExitStack()
        self._opened: _OpenedFolder | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._runner:
            self._runner.run(self._exit_stack.aclose())

    def campaigns(self, name: str | None, filters: Sequence[ClickFilter] = ()) -> list[schemas.Campaign]:
        """Implement `ReportService.campaigns`."""
        reports = self._query(lambda folder: load_reports(folder.analytics, name, filters))
        return schemas.Campaigns.from_reports(reports or []).campaigns

    def history(self, campaign: str, *, click_id: str | None, limit: int) -> schemas.VerdictHistory | None:
        """Implement `ReportService.history`."""

        async def query(folder: _OpenedFolder) -> schemas.VerdictHistory | None:
            click_ids = () if click_id is None else (click_id,)
            changes = await folder.analytics.history(campaign, click_ids=click_ids, limit=limit)
            if not changes and await folder.analytics.campaign(campaign) is None:
                return None
            return schemas.VerdictHistory.from_changes(campaign, changes)

        return self._query(query)

    def segment_page(self, *, since: datetime, campaign: str | None, after: str) -> list[schemas.Clicker]:
        """Implement `ReportService.segment_page`."""
        clickers = self._query(
            lambda folder: folder.analytics.clickers(
                since=since, campaign=campaign, after=after, limit=SEGMENT_PAGE_SIZE
            )
        )
        return schemas.SegmentPage.from_clickers(clickers or []).recipients

    def rejudge(self, request: RejudgeRequest) -> list[schemas.RejudgedCampaign]:
        """Implement `ReportService.rejudge`."""
        results = self._query(
            lambda folder: rejudge_and_clear_cache(
                folder.processor, folder.analytics, folder.judge, contextlib.nullcontext(), request
            )
        )
        return schemas.RejudgedCampaigns.from_results(results or []).campaigns

    def recount(self, campaign: str | None) -> list[schemas.RecountedCampaign]:
        """Implement `ReportService.recount`."""
        recounted = self._query(lambda folder: recount_reports(folder.analytics, campaign))
        return schemas.RecountedCampaigns.from_reports(recounted or []).campaigns

    def store_labels(self, labels: Mapping[str, Verdict]) -> None:
        """Implement `ReportService.store_labels`.

        Raises:
            KeyRingError: nothing was ever started in this data folder.
        """
        keyring_file.load(self._settings.keyring_path)
        self._run(lambda folder: folder.analytics.store_labels(labels))

    def confusion_matrix(self) -> schemas.LabelReport:
        """Implement `ReportService.confusion_matrix`."""
        matrix = self._query(lambda folder: folder.analytics.confusion_matrix())
        return schemas.LabelReport.from_matrix(matrix or ConfusionMatrix(counts={}))

    def _query(self, query: "Callable[[_OpenedFolder], Awaitable[_Result]]") -> _Result | None:
        if not self._settings.journal_path.exists() and not self._settings.analytics_path.exists():
            return None
        return self._run(query)

    def _run(self, query: "Callable[[_OpenedFolder], Awaitable[_Result]]") -> _Result:
        async def run() -> _Result:
            if self._opened is None:
                self._opened = await self._exit_stack.enter_async_context(_open_data_folder(self._settings))
            return await query(self._opened)

        return self._runner.run(run())


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenedFolder:
    analytics: Analytics
    processor: Processor
    judge: ReloadingJudge


@contextlib.asynccontextmanager
async def _open_data_folder(settings: Settings) -> AsyncIterator[_OpenedFolder]:
    async with open_analytics(settings) as analytics:
        judge = build_judge(settings)
        processor = build_processor(settings, build_reader(settings), analytics, judge)
        await catch_up(processor)
        yield _OpenedFolder(analytics=analytics, processor=processor, judge=judge)
