"""Append events to the journal of one writer: gather a batch, write it with one sync, and acknowledge each event.

A batch is committed as soon as a whole iteration of the event loop has added no further line: a single click waits for
nothing, and under load one sync serves everything that arrived meanwhile. The sync blocks the loop on purpose: a thread
would cost a third more processor time than it saves.

After an error, the lines that it leaves in doubt are written at once to a new segment: a folder that was moved away or
replaced costs no acknowledged line. A reader can thus see a line twice; events are deduplicated by their ids.

When that fails too, or the disk takes too long, the writer is degraded. Lines then go to a backlog in memory and are
reported as not committed at once, while a thread retries the backlog in order until the disk accepts it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Self

from clicktrail.server.journal.segments import Segment, SegmentAppender
from clicktrail.server.monitoring.metrics import JOURNAL_BATCH_EVENTS, JOURNAL_SYNC_SECONDS, Histogram

DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024
"""About 100,000 clicks."""

_MAX_BATCH_DELAY_S = 0.001
_MAX_UNSYNCED_S = 0.010
"""With `Durability.ASYNC`: maximum time between a write and its sync."""
_SLOW_COMMIT_S = 2.0
"""A commit that takes longer degrades the writer: about then people stop waiting for the page."""
_RETRY_INTERVAL_S = 0.25
_MAX_RETRY_BYTES = 1024 * 1024
"""Size of the batches in which the backlog is written."""
_MAX_SEGMENT_AGE_S = 3600.0
"""Maximum age of a segment. Events can thus outlive their retention period by an hour."""


class Durability(StrEnum):
    """What an event is guaranteed to survive once it is acknowledged."""

    DURABLE = "durable"
    """A power cut."""
    ASYNC = "async"
    """The end of this process; a power cut only after another 10 ms."""


class SegmentWriter:
    """Implements ``ports.Journal`` on a folder of its own.

    Create it in the process that uses it: a forked child would share the lock.

    Attributes:
        is_degraded: whether lines currently wait in memory because the disk cannot be written.
        failed_count: lines so far that were not on disk when ``on_commit`` was called.
        last_error: error of the latest attempt to write; None if it succeeded.

    Raises:
        StorageError: another process writes to this folder. Any other error appears again with the first batch.
    """

    def __init__(
        self,
        folder: Path,
        loop: asyncio.AbstractEventLoop,
        *,
        durability: Durability = Durability.DURABLE,
        buffer_bytes: int = DEFAULT_BUFFER_BYTES,
        create_segment: Callable[[Path, int], Segment] = Segment,
    ) -> None:
        self.is_degraded = False
        self.failed_count = 0
        self.last_error: OSError | None = None
        self.batch_lines = Histogram(JOURNAL_BATCH_EVENTS.bounds)
        self.sync_seconds = Histogram(JOURNAL_SYNC_SECONDS.bounds)
        self._loop = loop
        self._durability = durability
        self._batch: list[bytes] = []
        self._callbacks: list[Callable[[bool], None]] = []
        self._batch_deadline = 0.0
        self._unsynced_lines: list[bytes] = []
        self._appender = SegmentAppender(folder, create_segment=create_segment)
        self._backlog = Backlog(buffer_bytes)
        self._executor = ThreadPoolExecutor(max_workers=1)  # starts its thread with the first retry
        self._retry_future: Future[tuple[int, float]] | None = None
        self._closed = False
        try:
            self._appender.open()
        except OSError as error:
            self.last_error = error
        self._roll_timer = loop.call_later(_MAX_SEGMENT_AGE_S, self._roll)

    @property
    def buffered_count(self) -> int:
        """Lines that wait in the backlog now."""
        return len(self._backlog)

    @property
    def dropped_count(self) -> int:
        """Lines so far that were dropped because the backlog was full."""
        return self._backlog.dropped

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Add a line to the batch. ``on_commit`` is called with whether it was committed, and must not raise."""
        if self.is_degraded:
            on_commit(self._commit([line], failed_count=1))
            return
        self._batch.append(line)
        self._callbacks.append(on_commit)
        if len(self._callbacks) == 1:
            self._batch_deadline = self._loop.time() + _MAX_BATCH_DELAY_S
            # Checks twice: the loop calls it first before it reads the sockets again.
            self._loop.call_soon(self._flush_when_idle, 0)

    def flush(self) -> None:
        """Commit the current batch now."""
        if not self._batch:
            return
        lines, callbacks = self._batch, self._callbacks
        self._batch, self._callbacks = [], []
        committed = self._commit(lines, failed_count=len(callbacks))
        for on_commit in callbacks:
            on_commit(committed)

    def close(self) -> None:
        """Commit the batch, retry the backlog one last time, and unlock the folder."""
        if self._closed:
            return
        self.flush()
        self._closed = True
        self._roll_timer.cancel()
        self._executor.shutdown()
        if self._retry_future:
            self._finish_retry(self._retry_future)
        self._write_whole_backlog()
        self._sync()
        self._backlog.close()  # a line that still could not be written is lost
        self.is_degraded = True  # a line appended from now on is not committed
        self._appender.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _flush_when_idle(self, previous_count: int) -> None:
        count = len(self._callbacks)
        if count > previous_count and self._loop.time() < self._batch_deadline:
            self._loop.call_soon(self._flush_when_idle, count)
        else:
            self.flush()

    def _commit(self, lines: list[bytes], *, failed_count: int) -> bool:
        if self.is_degraded:
            self._add_to_backlog(lines, failed_count=failed_count)
            return False
        started_at = time.monotonic()
        try:
            self._appender.write(lines)
            if self._durability is Durability.DURABLE:
                self._appender.sync()
        except OSError:
            return self._write_to_new_segment(lines, failed_count=failed_count)
        self.last_error = None
        self.batch_lines.observe(len(lines))
        self._record_duration(started_at)
        if self._durability is Durability.ASYNC:
            if not self._unsynced_lines:
                self._loop.call_later(_MAX_UNSYNCED_S, self._sync)
            self._unsynced_lines += lines
        return True

    def _sync(self) -> None:
        if not self._unsynced_lines:
            return
        started_at = time.monotonic()
        try:
            self._appender.sync()
        except OSError:
            self._write_to_new_segment([])
            return
        self._unsynced_lines = []
        self._record_duration(started_at)

    def _roll(self) -> None:
        """Create the next segment every hour, so that the current one can be read to its end and expire."""
        self._roll_timer = self._loop.call_later(_MAX_SEGMENT_AGE_S, self._roll)
        if self.is_degraded:
            return
        try:
            self._appender.roll()
        except OSError:
            self._write_to_new_segment([])

    def _write_to_new_segment(self, lines: list[bytes], *, failed_count: int = 0) -> bool:
        """Write the lines that an error left in doubt again; degrade the writer if that fails too.

        The appender has released the segment of the error, and creates the next one. Returns whether the lines are on
        disk.
        """
        failed_count += len(self._unsynced_lines)
        lines = self._unsynced_lines + lines
        self._unsynced_lines = []
        started_at = time.monotonic()
        try:
            self._appender.write(lines)
            self._appender.sync()
        except OSError as error:
            self.last_error = error
            self._add_to_backlog(lines, failed_count=failed_count)
            self._enter_degraded_mode()
            return False
        self.last_error = None
        self._record_duration(started_at)
        return True

    def _record_duration(self, started_at: float) -> None:
        """Record the duration of a commit; a slow one enters degraded mode."""
        seconds = time.monotonic() - started_at
        self.sync_seconds.observe(seconds)
        if seconds > _SLOW_COMMIT_S:
            self._enter_degraded_mode()

    def _enter_degraded_mode(self) -> None:
        if not self.is_degraded:
            self.is_degraded = True
            self._loop.call_later(_RETRY_INTERVAL_S, self._retry_backlog)

    def _add_to_backlog(self, lines: list[bytes], *, failed_count: int) -> None:
        self.failed_count += failed_count
        for line in lines:
            self._backlog.add(line)

    def _retry_backlog(self) -> None:
        """Write the oldest lines of the backlog in the writer thread; end degraded mode if there are none."""
        if self._closed:
            return
        lines = self._backlog.peek(_MAX_RETRY_BYTES)
        if not lines:
            self.is_degraded = False
            return
        self._retry_future = self._executor.submit(self._write_in_thread, lines)
        self._retry_future.add_done_callback(lambda future: self._loop.call_soon_threadsafe(self._finish_retry, future))

    def _write_in_thread(self, lines: list[bytes]) -> tuple[int, float]:
        """Return the number of lines and the duration in seconds. Runs in the writer thread."""
        started_at = time.monotonic()
        self._appender.write(lines)
        self._appender.sync()
        return len(lines), time.monotonic() - started_at

    def _finish_retry(self, retry: Future[tuple[int, float]]) -> None:
        """Continue after the thread has finished. Both the loop and ``close`` call this; the first call counts."""
        if retry is not self._retry_future:
            return
        self._retry_future = None
        try:
            written, seconds = retry.result()
        except OSError as error:
            self.last_error = error
            self._loop.call_later(_RETRY_INTERVAL_S, self._retry_backlog)
            return
        self.last_error = None
        self._backlog.remove_oldest(written)
        if seconds > _SLOW_COMMIT_S or self._backlog.size > _MAX_RETRY_BYTES:
            self._retry_backlog()
        else:
            self._write_whole_backlog()

    def _write_whole_backlog(self) -> None:
        """Leave degraded mode. Writes in the loop, not in the thread, so that no new line can overtake the backlog."""
        lines = self._backlog.peek(self._backlog.size)
        self._backlog.remove_oldest(len(lines))
        self.is_degraded = False
        if lines:
            self._commit(lines, failed_count=0)


class Backlog:
    """A first-in, first-out buffer of lines that drops new lines when it is full.

    The oldest lines are worth more: a recipient's first click adds a clicker to the report, later ones only clicks.
    So a flood cannot push out earlier clicks, and the journal has a single gap.
    """

    def __init__(self, max_bytes: int) -> None:
        self.size = 0
        self.dropped = 0
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: bytes) -> None:
        """Append a line, or drop it if it does not fit."""
        if self.size + len(line) > self._max_bytes:
            self.dropped += 1
            return
        self._lines.append(line)
        self.size += len(line)

    def peek(self, max_bytes: int) -> list[bytes]:
        """The oldest lines up to ``max_bytes``, but at least one if there is any. They stay in the backlog."""
        lines: list[bytes] = []
        size = 0
        for line in self._lines:
            size += len(line)
            if lines and size > max_bytes:
                break
            lines.append(line)
        return lines

    def remove_oldest(self, count: int) -> None:
        """Remove the oldest lines."""
        for _ in range(count):
            self.size -= len(self._lines.popleft())

    def close(self) -> None:
        """Drop all waiting lines, and every line added later."""
        self.dropped += len(self._lines)
        self.remove_oldest(len(self._lines))
        self._max_bytes = 0
