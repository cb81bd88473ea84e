"""Build the processor and what it works with: journal reader, analytics store and judge."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol

import structlog

from clicktrail import keyring_file
from clicktrail.errors import EventError
from clicktrail.judge import Judge, judge
from clicktrail.server import overrides_file
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.attempt_file import AttemptFile
from clicktrail.server.journal.cursor import delete_cursor
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.monitoring.heartbeat import Problem
from clicktrail.server.monitoring.metrics import Histogram
from clicktrail.server.pipeline.batch import JudgingError
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Rejudger, RejudgeRequest, RejudgeResult
from clicktrail.server.ports import Analytics, EventStore, InlineWorker, Isolation, JournalEntry, JournalReader, Worker
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.judge import ReloadingJudge
from clicktrail.server.wiring.quarantine import open_quarantine

MAX_BATCH_LINES = 5_000
"""Journal lines per batch: enough to share the cost of an insert, few enough to be stored within a second."""

_MIN_BATCH_LINES = 1_000
"""With 1,000 lines, a click costs a third more processor time than with 5,000."""
_MAX_BATCH_S = 1.0
"""A click waits for the batch in progress and for its own."""

_LOG = structlog.get_logger(component="engine")


class BatchSize:
    """Number of journal lines of the next batch: as many as are processed within a short time.

    So the other clicks are not delayed for long where a batch takes more time, on a busy machine or during a flood.

    Attributes:
        lines: lines of the next batch.
    """

    def __init__(self) -> None:
        self.lines = MAX_BATCH_LINES

    def update(self, *, lines: int, duration_s: float) -> None:
        """Adjust the size after a batch."""
        if duration_s > _MAX_BATCH_S:
            self.lines = max(_MIN_BATCH_LINES, int(lines * _MAX_BATCH_S / duration_s))
        else:
            self.lines = min(MAX_BATCH_LINES, 2 * self.lines)


class LocalAnalytics(Analytics, Protocol):
    """An analytics store in the data folder."""

    store_seconds: Histogram

    async def load_next_filter(self) -> None:
        """Load what speeds up stores of a busy campaign, if it is missing."""


class LocalJournalReader(JournalReader, Protocol):
    """A journal reader that reports problems, and can delete what it has read."""

    @property
    def damaged_bytes(self) -> int:
        """Number of damaged bytes in the journal."""

    def collect_problems(self) -> tuple[Problem, ...]:
        """Problems of the journal."""

    def delete_segments(self, *, before: datetime) -> int:
        """Delete segments that were read before a time, and return their number."""


class ProcessorPause:
    """A context in which nothing is processed, and everything is stored that was read. It can be entered repeatedly.

    Args:
        processor: is paused.
        lock: held by the caller of the processor's methods, and in the context.
    """

    def __init__(self, processor: Processor, lock: asyncio.Lock) -> None:
        self._processor = processor
        self._lock = lock

    async def __aenter__(self) -> None:
        """Wait until everything is stored that was read.

        Raises:
            StorageError: a store is unavailable; the processor is not paused.
        """
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._lock)
            await self._processor.finish()
            stack.pop_all()

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Continue."""
        self._lock.release()


@contextlib.asynccontextmanager
async def open_analytics(settings: Settings) -> AsyncIterator[LocalAnalytics]:
    """Open the analytics store until the context ends. If it was lost, the journal is read again from its start.

    Raises:
        StorageError: another process has it open, or the data folder cannot be read.
    """
    if not settings.analytics_path.exists():
        delete_cursor(_cursor_path(settings))
    analytics = await ChdbAnalytics.open(settings.analytics_path, SystemClock())
    try:
        yield analytics
    finally:
        await analytics.close()


def build_reader(settings: Settings) -> LocalJournalReader:
    """Build a journal reader that continues at the last committed position."""
    return SegmentReader(settings.journal_path, _cursor_path(settings))


def build_judge(settings: Settings) -> ReloadingJudge:
    """Build a judge with the current networks of the operator."""
    judge = ReloadingJudge(settings.networks_path, SystemClock())
    judge.refresh()
    return judge


def build_processor(
    settings: Settings,
    reader: JournalReader,
    event_store: EventStore,
    judge: Judge,
    *,
    worker: Worker | None = None,
) -> Processor:
    """Build a processor that skips the events of erased recipients.

    Args:
        settings: name the data folder, whose quarantine takes the events that cannot be processed.
        reader: reads the journal.
        event_store: takes events and verdicts.
        judge: judges.
        worker: runs what takes long; None to run it in the calling thread.

    Raises:
        KeyRingError: there are erased recipients, and the key ring of their hashes cannot be read.
    """
    isolation = Isolation(
        worker=worker or InlineWorker(),
        quarantine=open_quarantine(settings),
        attempts=AttemptFile(settings.journal_path / "attempts.json"),
        on_unreadable=_log_unreadable_line,
        on_failure=_log_failure,
    )
    processor = Processor(reader, event_store, judge=judge, isolation=isolation)
    if erased := overrides_file.read(settings.overrides_path).currently_erased:
        processor.skip_recipients(HashedRecipients(keyring_file.load(settings.keyring_path), erased))
    return processor


async def catch_up(processor: Processor) -> None:
    """Process all events of the journal.

    Raises:
        StorageError: analytics cannot be written; the next run resumes with the same events.
    """
    while await processor.judge_next(MAX_BATCH_LINES):
        pass


async def rejudge_and_clear_cache(
    processor: Processor,
    analytics: Analytics,
    current_judge: ReloadingJudge,
    store_lock: AbstractAsyncContextManager[object],
    request: RejudgeRequest,
) -> list[RejudgeResult]:
    """Judge stored clicks again, and return the changes of each campaign.

    Args:
        processor: its cache is cleared, its observers are notified, and its worker judges.
        analytics: holds the clicks.
        current_judge: judges; networks that it reloads meanwhile are not used.
        store_lock: held while verdicts are computed and stored, here or by the processor.
        request: which clicks to judge.

    Raises:
        StorageError: a part may have been stored; it is safe to repeat the request.
    """
    fixed_judge = partial(judge, context=current_judge.context)
    rejudger = Rejudger(
        event_store=analytics,
        reports=analytics,
        judge=fixed_judge,
        lock=store_lock,
        observers=processor.observers,
        worker=processor.worker,
    )
    try:
        return [result async for result in rejudger.run(request)]
    finally:
        processor.invalidate_cache()


def _log_unreadable_line(entry: JournalEntry, error: EventError) -> None:
    _LOG.error("journal line is not an event", position=str(entry.position), error=error)


def _log_failure(error: Exception, entry_count: int) -> None:
    cause = error.__cause__ if isinstance(error, JudgingError) else error
    _LOG.error("cannot process a batch, looking for the cause", entries=entry_count, error=cause)


def _cursor_path(settings: Settings) -> Path:
    return settings.journal_path / "cursor.json"
