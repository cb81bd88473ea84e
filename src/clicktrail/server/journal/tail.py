"""The end of one writer's folder, where its lines are added: the claim on the folder, and the segment in hand."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.server.journal.frames import HEAD
from clicktrail.server.journal.segments import Segment, cut_torn_tail, lock, numbers, path_of

__all__ = ["Tail"]


class Tail:
    """Adds to the newest segment, and begins the next where that is full, or was left.

    Args:
        folder: the writer's, which nobody else may write to.
        begin: how a segment is begun.

    Raises:
        OSError: from every method. The segment is left then without what was not synced, all of which is to be written
            again.
    """

    def __init__(self, folder: Path, *, begin: Callable[[Path, int], Segment] = Segment) -> None:
        self._folder = folder
        self._begin = begin
        self._claim: int | None = None
        self._segment: Segment | None = None
        self._number = 0

    def open(self) -> None:
        """Claim the folder, and mend what a crash left of its last segment.

        Raises:
            StorageError: another process writes to this folder.
        """
        try:
            self._claim = lock(self._folder)
        except BlockingIOError as error:
            raise StorageError(
                f"another process writes to the journal in {self._folder}", hint="each writer needs a folder of its own"
            ) from error
        if existing := numbers(self._folder):
            cut_torn_tail(path_of(self._folder, existing[-1]))

    def write(self, data: bytes) -> None:
        """Add frames; they outlive this process, and a power cut once they are synced."""
        with self._left_on_error():
            self._segment_for(len(data)).write(data)

    def sync(self) -> None:
        """Bring what was written to disk."""
        with self._left_on_error():
            if self._segment:
                self._segment.sync()

    def roll(self) -> None:
        """Begin the next segment if anything is in the one in hand, so that readers get done with that."""
        with self._left_on_error():
            if self._segment and self._segment.size > len(HEAD):
                self._end()
                self._segment_for(0)

    def leave(self) -> None:
        """Leave segment and folder to others; the next write claims them anew."""
        if self._segment:
            self._segment.close()
            self._segment = None
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    @contextlib.contextmanager
    def _left_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            empty = self._segment is not None and self._segment.synced == len(HEAD)
            self.leave()
            if empty:
                self._delete_last()
            raise

    def _segment_for(self, size: int) -> Segment:
        """The segment in hand, or the next one where there is none or the batch would fill it up."""
        if self._segment and not self._segment.has_room(size):
            self._end()
        if self._segment is None:
            if self._claim is None:
                self._claim = lock(self._folder)
            self._number = max([self._number, *numbers(self._folder)]) + 1
            self._segment = self._begin(self._folder, self._number)
        return self._segment

    def _end(self) -> None:
        """Be done with the segment in hand; nothing of it is left unsynced."""
        if self._segment:
            self._segment.sync()
            self._segment.close()
            self._segment = None

    def _delete_last(self) -> None:
        """Leave no empty segment for each attempt at a full disk, except alone: from it the numbers go on."""
        with contextlib.suppress(OSError):
            if len(numbers(self._folder)) > 1:
                path_of(self._folder, self._number).unlink()
