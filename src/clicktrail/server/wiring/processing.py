"""Build what brings the journal into analytics, for the engine and for whoever looks where none runs."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import structlog

from clicktrail import keyring_file
from clicktrail.errors import EventError
from clicktrail.judge import Judge, judge
from clicktrail.server import overrides_file
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.privacy import Marked
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Wanted, as_json, rejudge
from clicktrail.server.ports import Analytics, Announcements, Entry
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.judge import CurrentJudge

__all__ = ["BATCH", "build_judge", "build_processor", "build_reader", "catch_up", "open_analytics", "rejudge_beside"]

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
    if erased := overrides_file.read(settings.data / overrides_file.NAME).erased:
        processor.forget(Marked(keyring_file.load(settings.data / keyring_file.NAME), erased))
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


# FOLDED rejudging.py: Judge again beside a processor.


async def rejudge_beside(
    processor: Processor,
    analytics: Analytics,
    current: CurrentJudge,
    turn: AbstractAsyncContextManager[object],
    wanted: Wanted,
) -> list[dict[str, Any]]:
    """Judge again, all of it by the networks of one moment; what became of each campaign.

    Args:
        processor: stores verdicts, too.
        analytics: where they are stored.
        current: the judge; as it is now.
        turn: held by whoever judges and stores, this or the processor.
        wanted: what to judge.

    Raises:
        StorageError: part of it may have been stored; the same call again does the rest.
    """
    fixed = partial(judge, context=current.context)
    try:
        return [as_json(done) async for done in rejudge(analytics, fixed, wanted, turn=turn)]
    finally:
        processor.clear()
