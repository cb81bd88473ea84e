"""One writer's end of the journal: batches of lines, one sync a batch, in the event loop."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from clicktrail.errors import StorageError
from clicktrail.server.journal.frames import pack
from clicktrail.server.journal.segments import Segment, cut_torn_tail, lock, numbers, path_of

__all__ = ["SEGMENT_BYTES", "SegmentWriter"]

SEGMENT_BYTES = 32 * 1024 * 1024
"""Where a segment ends, unless one batch alone is larger."""

_LONGEST_WAIT = 0.001
"""Seconds that a line waits for company at most."""


class SegmentWriter:
    """Implements ``ports.Journal`` on one folder, which nobody else may write to.

    A batch is committed as soon as a whole turn of the event loop brought no further line: a lone click waits for
    nothing, and under load one sync serves all that arrived meanwhile. The sync blocks the loop on purpose: handing
    it to a thread costs a third more processor time than it saves.

    A batch that cannot be written is given up at once, so that nobody waits for a broken disk; the next batch tries
    again from the start, with the folder, its lock and a new segment. Lines that were given up may nevertheless have
    reached the disk, and are then read like any other.

    To be made in the process that uses it: a forked child would share the lock.

    Attributes:
        failed: lines given up so far.
        last_error: what the latest batch met; None if it was committed.

    Raises:
        StorageError: another process writes to this folder. Any other trouble is met again at the first batch.
    """

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.failed = 0
        self.last_error: OSError | None = None
        self._folder = folder
        self._loop = loop
        self._segment_bytes = segment_bytes
        self._frames: list[bytes] = []
        self._waiting: list[Callable[[bool], None]] = []
        self._due = 0.0
        self._claim: int | None = None
        self._segment: Segment | None = None
        self._number = 0
        self._closed = False
        self._open()

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Add a line to the batch; ``on_commit``, which must not raise, hears what became of it."""
        if self._closed:
            self._tell([on_commit], committed=False)
            return
        self._frames.append(pack(line))
        self._waiting.append(on_commit)
        if len(self._waiting) == 1:
            self._due = self._loop.time() + _LONGEST_WAIT
            self._loop.call_soon(self._gather, 1)

    def flush(self) -> None:
        """Commit what waits, now."""
        if not self._waiting:
            return
        data, waiting = b"".join(self._frames), self._waiting
        self._frames, self._waiting = [], []
        self._tell(waiting, committed=self._commit(data))

    def close(self) -> None:
        """Commit what waits, and leave the folder to others."""
        self.flush()
        self._closed = True
        self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        """Claim the folder, and mend what a crash left of its last segment."""
        try:
            self._claim = lock(self._folder)
            if existing := numbers(self._folder):
                cut_torn_tail(path_of(self._folder, existing[-1]))
        except BlockingIOError as error:
            raise StorageError(
                f"another process writes to the journal in {self._folder}", hint="each writer needs a folder of its own"
            ) from error
        except OSError as error:
            self.last_error = error

    def _gather(self, seen: int) -> None:
        count = len(self._waiting)
        if count > seen and self._loop.time() < self._due:
            self._loop.call_soon(self._gather, count)
        else:
            self.flush()

    def _commit(self, data: bytes) -> bool:
        try:
            self._segment_for(data).write(data)
        except OSError as error:
            self.last_error = error
            self._leave()
            return False
        self.last_error = None
        return True

    def _segment_for(self, data: bytes) -> Segment:
        """The segment in hand, or the next one where there is none or the batch would overfill it."""
        if self._segment and self._segment.size + len(data) > self._segment_bytes:
            self._segment.close()
            self._segment = None
        if self._segment is None:
            if self._claim is None:
                self._claim = lock(self._folder)
            self._number = max([self._number, *numbers(self._folder)]) + 1
            self._segment = Segment(self._folder, self._number)
        return self._segment

    def _tell(self, waiting: list[Callable[[bool], None]], *, committed: bool) -> None:
        if not committed:
            self.failed += len(waiting)
        for on_commit in waiting:
            on_commit(committed)

    def _leave(self) -> None:
        if self._segment:
            self._segment.close()
            self._segment = None
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None
