"""Build what brings the journal into analytics, for the engine and for whoever looks where none runs."""

import contextlib
from collections.abc import AsyncIterator

import structlog

from clicktrail.errors import EventError
from clicktrail.judge import Judge
from clicktrail.server import keystore, snapshot
from clicktrail.server.analytics.chdb_store import ChdbAnalytics
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Announcements, Entry
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.current_judge import CurrentJudge

__all__ = ["BATCH", "build_judge", "build_processor", "build_reader", "catch_up", "open_analytics"]

BATCH = 5_000
"""Journal lines a turn of the processor: many share the cost of an insert, and none waits a second for its turn."""

_LOG = structlog.get_logger(part="engine")


@contextlib.asynccontextmanager
async def open_analytics(settings: Settings, *announcements: Announcements) -> AsyncIterator[ChdbAnalytics]:
    """Analytics that tell of what they store, until the context ends.

    Raises:
        StorageError: another process has them open, or the data folder cannot be read.
    """
    analytics = await ChdbAnalytics.open(settings.analytics, SystemClock(), announcements=announcements)
    try:
        yield analytics
    finally:
        await analytics.close()


def build_reader(settings: Settings) -> SegmentReader:
    """The journal, from where reading stopped last."""
    return SegmentReader(settings.journal, settings.journal / "cursor.json")


def build_judge(settings: Settings) -> CurrentJudge:
    """The judge, with the operator's networks as they are now."""
    judge = CurrentJudge(settings.networks, SystemClock())
    judge.refresh()
    return judge


def build_processor(settings: Settings, reader: SegmentReader, analytics: ChdbAnalytics, judge: Judge) -> Processor:
    """A processor that passes over, from its first batch on, the events of all who were erased.

    Raises:
        KeyRingError: somebody was erased, and the key ring that tells whom cannot be read.
    """
    processor = Processor(reader, analytics, judge=judge, on_unreadable=_unreadable)
    if erased := snapshot.read(settings.data / snapshot.NAME).erased:
        processor.forget(Marked(keystore.load(settings.data / keystore.NAME), erased))
    return processor


async def catch_up(processor: Processor) -> None:
    """Process all that the journal holds.

    Raises:
        StorageError: analytics take no more: what is left is read the next time.
    """
    while await processor.run_once(BATCH):
        pass


def _unreadable(entry: Entry, error: EventError) -> None:
    _LOG.error("a line of the journal is no event", place=str(entry.place), error=error)
