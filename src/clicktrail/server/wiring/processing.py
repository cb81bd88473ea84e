"""Build what brings the journal into analytics, for the engine and for whoever looks where none runs."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import partial

import structlog

from clicktrail import keyring_file
from clicktrail.errors import EventError
from clicktrail.judge import Judge, judge
from clicktrail.server import overrides_file
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Rejudger, RejudgeRequest, RejudgeResult
from clicktrail.server.ports import Analytics, JournalEntry
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.judge import ReloadingJudge

__all__ = [
    "MAX_BATCH_LINES",
    "build_judge",
    "build_processor",
    "build_reader",
    "catch_up",
    "open_analytics",
    "rejudge_and_clear_cache",
]

MAX_BATCH_LINES = 5_000
"""Journal lines a turn of the processor: many share the cost of an insert, and none waits a second for its turn."""

_LOG = structlog.get_logger(component="engine")


@contextlib.asynccontextmanager
async def open_analytics(settings: Settings) -> AsyncIterator[ChdbAnalytics]:
    """Open the analytics store until the context ends.

    Raises:
        StorageError: another process has them open, or the data folder cannot be read.
    """
    analytics = await ChdbAnalytics.open(settings.analytics_path, SystemClock())
    try:
        yield analytics
    finally:
        await analytics.close()


def build_reader(settings: Settings) -> SegmentReader:
    """The journal, from where reading stopped last."""
    return SegmentReader(settings.journal_path, settings.journal_path / "cursor.json")


def build_judge(settings: Settings) -> ReloadingJudge:
    """The judge, with the operator's networks as they are now."""
    judge = ReloadingJudge(settings.networks_path, SystemClock())
    judge.refresh()
    return judge


def build_processor(
    settings: Settings,
    reader: SegmentReader,
    analytics: ChdbAnalytics,
    judge: Judge,
) -> Processor:
    """A processor that passes over, from its first batch on, the events of all who were erased.

    Raises:
        KeyRingError: somebody was erased, and the key ring that tells whom cannot be read.
    """
    processor = Processor(reader, analytics, judge=judge, on_unreadable=_log_unreadable_line)
    if erased := overrides_file.read(settings.overrides_path).erased:
        processor.skip_recipients(HashedRecipients(keyring_file.load(settings.keyring_path), erased))
    return processor


async def catch_up(processor: Processor) -> None:
    """Process all that the journal holds.

    Raises:
        StorageError: analytics take no more: what is left is read the next time.
    """
    while await processor.run_once(MAX_BATCH_LINES):
        pass


def _log_unreadable_line(entry: JournalEntry, error: EventError) -> None:
    _LOG.error("a line of the journal is no event", place=str(entry.position), error=error)


# FOLDED rejudging.py: Judge again beside a processor.


async def rejudge_and_clear_cache(
    processor: Processor,
    analytics: Analytics,
    current_judge: ReloadingJudge,
    store_lock: AbstractAsyncContextManager[object],
    request: RejudgeRequest,
) -> list[RejudgeResult]:
    """Judge again, all of it by the networks of one moment; what became of each campaign.

    Args:
        processor: its cached verdicts become stale, and its observers are notified.
        analytics: where they are stored.
        current_judge: the judge; as it is now.
        store_lock: held by whoever judges and stores, this or the processor.
        request: what to judge.

    Raises:
        StorageError: part of it may have been stored; the same call again does the rest.
    """
    fixed = partial(judge, context=current_judge.context)
    try:
        rejudger = Rejudger(
            event_store=analytics, reports=analytics, judge=fixed, lock=store_lock, observers=processor.observers
        )
        return [result async for result in rejudger.run(request)]
    finally:
        processor.invalidate_cache()
