"""Open the journal that the settings describe."""

import asyncio
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from clicktrail.server.journal.threaded import ThreadedWriter
from clicktrail.server.journal.writer import Durability, SegmentWriter
from clicktrail.server.monitoring.metrics import Histogram
from clicktrail.server.ports import Journal
from clicktrail.server.settings import Settings


class MeasuredJournal(Journal, Protocol):
    """A journal with metrics, which can be flushed."""

    batch_lines: Histogram
    sync_seconds: Histogram

    def flush(self) -> None:
        """Write and sync all appended events before returning."""


def open_journal(settings: Settings, writer_name: str) -> AbstractContextManager[MeasuredJournal]:
    """Open the journal for one writer, in the running event loop.

    Raises:
        StorageError: another process writes there.
    """
    return _create_writer(settings, writer_name, asyncio.get_running_loop())


def open_threaded_journal(settings: Settings, writer_name: str) -> AbstractContextManager[MeasuredJournal]:
    """Open the journal for one writer, in a thread of its own.

    Raises:
        StorageError: another process writes there.
    """
    return ThreadedWriter(partial(_create_writer, settings, writer_name), asyncio.get_running_loop())


def _create_writer(settings: Settings, writer_name: str, loop: asyncio.AbstractEventLoop) -> SegmentWriter:
    return SegmentWriter(
        settings.journal_path / writer_name,
        loop,
        durability=Durability(settings.journal.durability),
        buffer_bytes=settings.journal.buffer_mb * 1_000_000,
    )
