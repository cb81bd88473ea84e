"""One writer's end of the journal: batches of lines, one sync a batch, in the event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Self

from clicktrail.server.journal.segments import Segment, Tail, pack
from clicktrail.server.monitoring.metrics import BATCH_LINES, SYNC_SECONDS, Histogram

__all__ = ["BUFFER_BYTES", "Backlog", "Durability", "SegmentWriter"]

# FOLDED backlog.py: Frames that wait in memory for a disk that takes none: in order, and up to a limit.


class Backlog:
    """First in, first out. What does not fit any more is let go: the newest.

    The oldest are kept because they say more: a recipient's first click counts as a clicker, the later ones as clicks
    only. Nor can a flood push out what was there before it; and the record has one gap, at its end.

    Args:
        limit: bytes of frames that are kept at most.

    Attributes:
        size: bytes of the frames that wait.
        let_go: how many frames did not fit so far.
    """

    def __init__(self, limit: int) -> None:
        self.size = 0
        self.let_go = 0
        self._limit = limit
        self._frames: deque[bytes] = deque()

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        """Put a frame at the end, or let it go."""
        if self.size + len(frame) > self._limit:
            self.let_go += 1
            return
        self._frames.append(frame)
        self.size += len(frame)

    def first(self, limit: int) -> list[bytes]:
        """The oldest frames, up to so many bytes, and one in any case where there is one. They stay."""
        chosen: list[bytes] = []
        size = 0
        for frame in self._frames:
            size += len(frame)
            if chosen and size > limit:
                break
            chosen.append(frame)
        return chosen

    def drop(self, count: int) -> None:
        """Take away the oldest frames: they are on disk."""
        for _ in range(count):
            self.size -= len(self._frames.popleft())

    def give_up(self) -> None:
        """Let go all that waits, and all that is still to come."""
        self.let_go += len(self._frames)
        self.drop(len(self._frames))
        self._limit = 0


BUFFER_BYTES = 64 * 1024 * 1024
"""What waits in memory at most for a disk that takes nothing: some 100,000 clicks."""

_LONGEST_WAIT_S = 0.001
"""A line waits for company that long at most."""
_UNSYNCED_S = 0.010
"""``async``: what was written stays without a sync that long at most."""
_SLOW_S = 2.0
"""A commit that took longer makes the next ones happen beside the loop: the reader's patience ends about there."""
_RETRY_S = 0.25
"""How long a disk that took nothing is left alone."""
_RETRIED_BYTES = 1024 * 1024
"""What is written at a time of what has waited."""
_ROLL_S = 3600.0
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
        begin: how a segment is begun.

    Attributes:
        in_trouble: whether lines have to wait for the disk just now.
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
        buffer_bytes: int = BUFFER_BYTES,
        begin: Callable[[Path, int], Segment] = Segment,
    ) -> None:
        self.failed = 0
        self.last_error: OSError | None = None
        self.batch_lines = Histogram(BATCH_LINES.bounds)
        self.sync_seconds = Histogram(SYNC_SECONDS.bounds)
        self._loop = loop
        self._durability = durability
        self._frames: list[bytes] = []
        self._waiting: list[Callable[[bool], None]] = []
        self._due = 0.0
        self._unsynced: list[bytes] = []
        self._tail = Tail(folder, begin=begin)
        self._backlog = Backlog(buffer_bytes)
        self.in_trouble = False
        self._thread = ThreadPoolExecutor(max_workers=1)  # starts none before there is trouble
        self._attempt: Future[tuple[int, float]] | None = None
        self._closed = False
        try:
            self._tail.open()
        except OSError as error:
            self.last_error = error
        self._rolling = loop.call_later(_ROLL_S, self._roll)

    @property
    def buffered(self) -> int:
        """Lines that wait for the disk now."""
        return len(self._backlog)

    @property
    def let_go(self) -> int:
        """Lines so far that will never be on disk."""
        return self._backlog.let_go

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Add a line to the batch; ``on_commit``, which must not raise, hears what became of it."""
        frame = pack(line)
        if self.in_trouble:
            on_commit(self._commit([frame], told=1))
            return
        self._frames.append(frame)
        self._waiting.append(on_commit)
        if len(self._waiting) == 1:
            self._due = self._loop.time() + _LONGEST_WAIT_S
            self._loop.call_soon(self._gather, 0)  # looks twice: the next turn calls it before what that turn reads

    def flush(self) -> None:
        """Commit what waits for company, now."""
        if not self._frames:
            return
        frames, waiting = self._frames, self._waiting
        self._frames, self._waiting = [], []
        committed = self._commit(frames, told=len(waiting))
        for on_commit in waiting:
            on_commit(committed)

    def close(self) -> None:
        """Commit what waits, try once more what the disk did not take, and leave the folder to others."""
        if self._closed:
            return
        self.flush()
        self._closed = True
        self._rolling.cancel()
        self._thread.shutdown()
        if self._attempt:
            self._retried(self._attempt)
        self._leave_trouble()
        self._sync()
        self._backlog.give_up()
        self.in_trouble = True
        self._tail.leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gather(self, seen: int) -> None:
        count = len(self._waiting)
        if count > seen and self._loop.time() < self._due:
            self._loop.call_soon(self._gather, count)
        else:
            self.flush()

    def _commit(self, frames: list[bytes], *, told: int) -> bool:
        """Write a batch in the loop; where that cannot be done, put it off."""
        if self.in_trouble:
            self._put_off(frames, told=told)
            return False
        began = time.monotonic()
        try:
            self._tail.write(b"".join(frames))
            if self._durability is Durability.DURABLE:
                self._tail.sync()
        except OSError as error:
            self._meet(error)
            self._put_off(frames, told=told)
            return False
        self.last_error = None
        self.batch_lines.observe(len(frames))
        self._notice(began)
        if self._durability is Durability.ASYNC:
            if not self._unsynced:
                self._loop.call_later(_UNSYNCED_S, self._sync)
            self._unsynced += frames
        return True

    def _sync(self) -> None:
        """Bring to disk what is written and not synced."""
        if not self._unsynced:
            return
        began = time.monotonic()
        try:
            self._tail.sync()
        except OSError as error:
            self._meet(error)
            return
        self._unsynced = []
        self._notice(began)

    def _roll(self) -> None:
        """Begin the next segment, so that what was written before gets old enough to be deleted."""
        self._rolling = self._loop.call_later(_ROLL_S, self._roll)
        if self.in_trouble:
            return
        try:
            self._tail.roll()
        except OSError as error:
            self._meet(error)

    def _meet(self, error: OSError) -> None:
        """Be in trouble; what was not synced is to be written again."""
        self.last_error = error
        self._put_off(self._unsynced, told=len(self._unsynced))
        self._unsynced = []
        self._begin_trouble()

    def _notice(self, began: float) -> None:
        """Be in trouble if something that has just ended took too long."""
        seconds = time.monotonic() - began
        self.sync_seconds.observe(seconds)
        if seconds > _SLOW_S:
            self._begin_trouble()

    def _begin_trouble(self) -> None:
        if not self.in_trouble:
            self.in_trouble = True
            self._loop.call_later(_RETRY_S, self._retry)

    def _put_off(self, frames: list[bytes], *, told: int) -> None:
        self.failed += told
        for frame in frames:
            self._backlog.add(frame)

    def _retry(self) -> None:
        """Let the thread write the oldest that waits; where nothing does, trouble is over until it is met again."""
        if self._closed:
            return
        frames = self._backlog.first(_RETRIED_BYTES)
        if not frames:
            self.in_trouble = False
            return
        self._attempt = self._thread.submit(self._write_beside, frames)
        self._attempt.add_done_callback(lambda attempt: self._loop.call_soon_threadsafe(self._retried, attempt))

    def _write_beside(self, frames: list[bytes]) -> tuple[int, float]:
        """In the thread: how many were written, and in how many seconds."""
        began = time.monotonic()
        self._tail.write(b"".join(frames))
        self._tail.sync()
        return len(frames), time.monotonic() - began

    def _retried(self, attempt: Future[tuple[int, float]]) -> None:
        """Go on where the thread has ended; it is told once, by the loop or by ``close``."""
        if attempt is not self._attempt:
            return
        self._attempt = None
        try:
            written, seconds = attempt.result()
        except OSError as error:
            self.last_error = error
            self._loop.call_later(_RETRY_S, self._retry)
            return
        self.last_error = None
        self._backlog.drop(written)
        if seconds > _SLOW_S or self._backlog.size > _RETRIED_BYTES:
            self._retry()
        else:
            self._leave_trouble()

    def _leave_trouble(self) -> None:
        """Write the rest that waits in the loop, where no new line can overtake it."""
        frames = self._backlog.first(self._backlog.size)
        self._backlog.drop(len(frames))
        self.in_trouble = False
        if frames:
            self._commit(frames, told=0)
