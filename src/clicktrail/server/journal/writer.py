"""One writer's end of the journal: batches of lines, one sync a batch, in the event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Self

from clicktrail.server.journal.segments import Segment, SegmentAppender, encode_frame
from clicktrail.server.monitoring.metrics import JOURNAL_BATCH_EVENTS, JOURNAL_SYNC_SECONDS, Histogram

__all__ = ["DEFAULT_BUFFER_BYTES", "Backlog", "Durability", "SegmentWriter"]

# FOLDED backlog.py: Frames that wait in memory for a disk that takes none: in order, and up to a limit.


class Backlog:
    """First in, first out. What does not fit any more is let go: the newest.

    The oldest are kept because they say more: a recipient's first click counts as a clicker, the later ones as clicks
    only. Nor can a flood push out what was there before it; and the record has one gap, at its end.

    Args:
        max_bytes: bytes of frames that are kept at most.

    Attributes:
        size: bytes of the frames that wait.
        dropped: how many frames did not fit so far.
    """

    def __init__(self, max_bytes: int) -> None:
        self.size = 0
        self.dropped = 0
        self._max_bytes = max_bytes
        self._frames: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        """Put a frame at the end, or let it go."""
        if self.size + len(frame) > self._max_bytes:
            self.dropped += 1
            return
        self._frames.append(frame)
        self.size += len(frame)

    def peek(self, max_bytes: int) -> list[bytes]:
        """The oldest frames, up to so many bytes, and one in any case where there is one. They stay."""
        chosen: list[bytes] = []
        size = 0
        for frame in self._frames:
            size += len(frame)
            if chosen and size > max_bytes:
                break
            chosen.append(frame)
        return chosen

    def remove_oldest(self, count: int) -> None:
        """Take away the oldest frames: they are on disk."""
        for _ in range(count):
            self.size -= len(self._frames.popleft())

    def drop_all(self) -> None:
        """Let go all that waits, and all that is still to come."""
        self.dropped += len(self._frames)
        self.remove_oldest(len(self._frames))
        self._max_bytes = 0


DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024
"""What waits in memory at most for a disk that takes nothing: some 100,000 clicks."""

_MAX_BATCH_DELAY_S = 0.001
"""A line waits for company that long at most."""
_MAX_UNSYNCED_S = 0.010
"""``async``: what was written stays without a sync that long at most."""
_SLOW_COMMIT_S = 2.0
"""A commit that took longer makes the next ones happen beside the loop: the reader's patience ends about there."""
_RETRY_INTERVAL_S = 0.25
"""How long a disk that took nothing is left alone."""
_MAX_RETRY_BYTES = 1024 * 1024
"""What is written at a time of what has waited."""
_MAX_SEGMENT_AGE_S = 3600.0
"""A segment's age at most: what is older than the time that segments are kept lies there for an hour more."""


class Durability(StrEnum):
    """What a line has survived when it is confirmed."""

    DURABLE = "durable"
    """A power cut."""
    ASYNC = "async"
    """The end of this process; a power cut only after 10 ms more."""


class SegmentWriter:
    """Implements ``ports.Journal`` on one folder, which nobody else may write to.

    A batch is committed as soon as a whole turn of the event loop brought no further line: a lone click waits for
    nothing, and under load one sync serves all that arrived meanwhile. The sync blocks the loop on purpose: handing
    it to a thread costs a third more processor time than it saves.

    In trouble, which is a disk that takes nothing or takes too long, nobody waits: lines are kept in a backlog, and a
    thread tries to write them until the disk takes them again, in their order. What an error leaves in doubt is taken
    back and written again, and so a line may come to readers twice: events are known by their ids.

    To be made in the process that uses it: a forked child would share the lock.

    Args:
        folder: the writer's own.
        loop: where it is used.
        durability: what confirmed means.
        buffer_bytes: room of the backlog.
        create_segment: how a segment is begun.

    Attributes:
        is_degraded: whether lines have to wait for the disk just now.
        failed: lines so far that were not on disk when that was told: written later, or waiting, or let go.
        last_error: what the latest attempt to write met; None if it was well.
        batch_lines: lines that were written at once.
        sync_seconds: how long writing and syncing took.

    Raises:
        StorageError: another process writes to this folder. Any other trouble is met again at the first batch.
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
        self.failed_count = 0
        self.last_error: OSError | None = None
        self.batch_lines = Histogram(JOURNAL_BATCH_EVENTS.bounds)
        self.sync_seconds = Histogram(JOURNAL_SYNC_SECONDS.bounds)
        self._loop = loop
        self._durability = durability
        self._batch: list[bytes] = []
        self._callbacks: list[Callable[[bool], None]] = []
        self._batch_deadline = 0.0
        self._unsynced_frames: list[bytes] = []
        self._appender = SegmentAppender(folder, create_segment=create_segment)
        self._backlog = Backlog(buffer_bytes)
        self.is_degraded = False
        self._executor = ThreadPoolExecutor(max_workers=1)  # starts none before there is trouble
        self._retry_future: Future[tuple[int, float]] | None = None
        self._closed = False
        try:
            self._appender.open()
        except OSError as error:
            self.last_error = error
        self._roll_timer = loop.call_later(_MAX_SEGMENT_AGE_S, self._roll)

    @property
    def buffered_count(self) -> int:
        """Lines that wait for the disk now."""
        return len(self._backlog)

    @property
    def dropped_count(self) -> int:
        """Lines so far that will never be on disk."""
        return self._backlog.dropped

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Add a line to the batch; ``on_commit``, which must not raise, hears what became of it."""
        frame = encode_frame(line)
        if self.is_degraded:
            on_commit(self._commit([frame], failed_count=1))
            return
        self._batch.append(frame)
        self._callbacks.append(on_commit)
        if len(self._callbacks) == 1:
            self._batch_deadline = self._loop.time() + _MAX_BATCH_DELAY_S
            self._loop.call_soon(
                self._flush_when_idle, 0
            )  # looks twice: the next turn calls it before what that turn reads

    def flush(self) -> None:
        """Commit what waits for company, now."""
        if not self._batch:
            return
        frames, waiting = self._batch, self._callbacks
        self._batch, self._callbacks = [], []
        committed = self._commit(frames, failed_count=len(waiting))
        for on_commit in waiting:
            on_commit(committed)

    def close(self) -> None:
        """Commit what waits, try once more what the disk did not take, and leave the folder to others."""
        if self._closed:
            return
        self.flush()
        self._closed = True
        self._roll_timer.cancel()
        self._executor.shutdown()
        if self._retry_future:
            self._finish_retry(self._retry_future)
        self._leave_degraded_mode()
        self._sync()
        self._backlog.drop_all()
        self.is_degraded = True
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

    def _commit(self, frames: list[bytes], *, failed_count: int) -> bool:
        """Write a batch in the loop; where that cannot be done, put it off."""
        if self.is_degraded:
            self._add_to_backlog(frames, failed_count=failed_count)
            return False
        began = time.monotonic()
        try:
            self._appender.write(b"".join(frames))
            if self._durability is Durability.DURABLE:
                self._appender.sync()
        except OSError as error:
            self._handle_error(error)
            self._add_to_backlog(frames, failed_count=failed_count)
            return False
        self.last_error = None
        self.batch_lines.observe(len(frames))
        self._record_duration(began)
        if self._durability is Durability.ASYNC:
            if not self._unsynced_frames:
                self._loop.call_later(_MAX_UNSYNCED_S, self._sync)
            self._unsynced_frames += frames
        return True

    def _sync(self) -> None:
        """Bring to disk what is written and not synced."""
        if not self._unsynced_frames:
            return
        began = time.monotonic()
        try:
            self._appender.sync()
        except OSError as error:
            self._handle_error(error)
            return
        self._unsynced_frames = []
        self._record_duration(began)

    def _roll(self) -> None:
        """Begin the next segment, so that what was written before gets old enough to be deleted."""
        self._roll_timer = self._loop.call_later(_MAX_SEGMENT_AGE_S, self._roll)
        if self.is_degraded:
            return
        try:
            self._appender.roll()
        except OSError as error:
            self._handle_error(error)

    def _handle_error(self, error: OSError) -> None:
        """Be in trouble; what was not synced is to be written again."""
        self.last_error = error
        self._add_to_backlog(self._unsynced_frames, failed_count=len(self._unsynced_frames))
        self._unsynced_frames = []
        self._enter_degraded_mode()

    def _record_duration(self, began: float) -> None:
        """Be in trouble if something that has just ended took too long."""
        seconds = time.monotonic() - began
        self.sync_seconds.observe(seconds)
        if seconds > _SLOW_COMMIT_S:
            self._enter_degraded_mode()

    def _enter_degraded_mode(self) -> None:
        if not self.is_degraded:
            self.is_degraded = True
            self._loop.call_later(_RETRY_INTERVAL_S, self._retry_backlog)

    def _add_to_backlog(self, frames: list[bytes], *, failed_count: int) -> None:
        self.failed_count += failed_count
        for frame in frames:
            self._backlog.add(frame)

    def _retry_backlog(self) -> None:
        """Let the thread write the oldest that waits; where nothing does, trouble is over until it is met again."""
        if self._closed:
            return
        frames = self._backlog.peek(_MAX_RETRY_BYTES)
        if not frames:
            self.is_degraded = False
            return
        self._retry_future = self._executor.submit(self._write_in_thread, frames)
        self._retry_future.add_done_callback(
            lambda attempt: self._loop.call_soon_threadsafe(self._finish_retry, attempt)
        )

    def _write_in_thread(self, frames: list[bytes]) -> tuple[int, float]:
        """In the thread: how many were written, and in how many seconds."""
        began = time.monotonic()
        self._appender.write(b"".join(frames))
        self._appender.sync()
        return len(frames), time.monotonic() - began

    def _finish_retry(self, attempt: Future[tuple[int, float]]) -> None:
        """Go on where the thread has ended; it is told once, by the loop or by ``close``."""
        if attempt is not self._retry_future:
            return
        self._retry_future = None
        try:
            written, seconds = attempt.result()
        except OSError as error:
            self.last_error = error
            self._loop.call_later(_RETRY_INTERVAL_S, self._retry_backlog)
            return
        self.last_error = None
        self._backlog.remove_oldest(written)
        if seconds > _SLOW_COMMIT_S or self._backlog.size > _MAX_RETRY_BYTES:
            self._retry_backlog()
        else:
            self._leave_degraded_mode()

    def _leave_degraded_mode(self) -> None:
        """Write the rest that waits in the loop, where no new line can overtake it."""
        frames = self._backlog.peek(self._backlog.size)
        self._backlog.remove_oldest(len(frames))
        self.is_degraded = False
        if frames:
            self._commit(frames, failed_count=0)
