"""Segment files of one journal writer: names, writing, and the lock on their folder. ``frames`` describes their format.

A writer has a folder of its own with numbered segments. A segment is written only by the process that created it: a
writer that starts, or that has had an I/O error, creates the next segment. A segment is locked while it is written, so
a reader knows that nothing will be added to one that it can lock. No segment is shortened or changed otherwise, except
that preallocated space behind the last frame is removed.

The name of a segment is ``NUMBER-ID.segment``: a number that orders the segments of its folder, and its random id. A
segment of a folder that was lost and created again therefore has a new name, which no cursor knows. In version 1 the
name is ``NUMBER.segment``.
"""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clicktrail.atomic_file import fsync_folder
from clicktrail.errors import StorageError
from clicktrail.server.file_locks import is_locked
from clicktrail.server.journal.frames import (
    PREALLOCATE_BYTES,
    SEGMENT_ID_BYTES,
    FrameFormat,
    FrameFormat1,
    FrameFormat2,
)

MAX_SEGMENT_BYTES: Final = 32 * 1024 * 1024

IMPORT_WRITER: Final = "import"
QUARANTINE_WRITER: Final = "quarantine"
_PAST_WRITERS: Final = frozenset({IMPORT_WRITER, QUARANTINE_WRITER})
"""Writers of events that were recorded earlier."""

_SEGMENT_NAME: Final = re.compile(rf"(\d{{10,}})(?:-([0-9a-f]{{{2 * SEGMENT_ID_BYTES}}}))?\.segment")


@dataclass(frozen=True, slots=True, order=True)
class SegmentFile:
    """A segment file.

    Attributes:
        id: random id; empty in version 1.
    """

    number: int
    id: bytes
    path: Path

    @property
    def key(self) -> str:
        """Names the segment in the cursor: writer, number and id."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def label(self) -> str:
        """Names the segment in logs: writer and number. The id stays secret."""
        return f"{self.path.parent.name}/{self.number:010}"

    @property
    def is_past(self) -> bool:
        """Whether its events were recorded earlier."""
        return self.path.parent.name in _PAST_WRITERS

    @property
    def frame_format(self) -> FrameFormat:
        """Format of the segment."""
        return FrameFormat2(self.id) if self.id else FrameFormat1()


def list_segments(folder: Path) -> list[SegmentFile]:
    """Segments of a writer, oldest first.

    Raises:
        OSError: the folder cannot be read.
    """
    matches = [(path, _SEGMENT_NAME.fullmatch(path.name)) for path in folder.iterdir()]
    return sorted(SegmentFile(int(match[1]), bytes.fromhex(match[2] or ""), path) for path, match in matches if match)


def is_being_written(segment_fd: int) -> bool:
    """Whether a writer has the segment open."""
    return is_locked(segment_fd)


def lock_folder(folder: Path) -> int:
    """Create the folder if it is missing, and lock it until the returned file descriptor is closed.

    Raises:
        BlockingIOError: another writer holds the lock.
        OSError: the folder cannot be created or written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fsync_folder(folder.parent)
    lock_fd = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock_fd)
        raise
    return lock_fd


class Segment:
    """A segment that is being written. Creating it is durable.

    Args:
        number: greater than the numbers of all segments in the folder.
        capacity: maximum size in bytes, unless a single batch is larger.

    Attributes:
        path: path of its file.
        synced_size: bytes known to be on disk.

    Raises:
        OSError: from every method; the caller then has to close the segment and must not write to it again.
    """

    def __init__(self, folder: Path, number: int, *, capacity: int = MAX_SEGMENT_BYTES) -> None:
        segment_id = secrets.token_bytes(SEGMENT_ID_BYTES)
        self.path = folder / f"{number:010}-{segment_id.hex()}.segment"
        self.size = 0
        self.synced_size = 0
        self._format = FrameFormat2(segment_id)
        self._capacity = capacity
        self._preallocated_size = 0
        self._header_size = 0
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._inode = os.fstat(self._fd).st_ino
            fcntl.flock(
                self._fd, fcntl.LOCK_EX
            )  # an empty file, which a reader could lock before, is not yet a segment
            self._write(self._format.segment_header)
            self._header_size = self.size
            self.sync()
            fsync_folder(folder)
        except OSError:
            os.close(self._fd)
            self.path.unlink(missing_ok=True)
            raise

    @property
    def is_empty(self) -> bool:
        """Whether no line was written."""
        return self.size == self._header_size

    def has_room(self, lines: Sequence[bytes]) -> bool:
        """Whether these lines fit."""
        return self.size + self._format.encoded_size(lines) <= self._capacity

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines, which then survive the end of this process but not yet a power cut."""
        self._write(self._format.encode(lines))

    def _write(self, data: bytes) -> None:
        end = self.size + len(data)
        if end > self._preallocated_size:
            self._preallocate(end)
        written = 0
        while written < len(data):
            written += os.pwrite(self._fd, data[written:], self.size + written)
        self.size = end

    def sync(self) -> None:
        """Bring everything written to disk."""
        self._check_path()
        os.fdatasync(self._fd)
        self.synced_size = self.size

    def close(self) -> None:
        """Close the file without the preallocated space and without lines that were not synced. Delete an empty one."""
        with contextlib.suppress(OSError):  # readers ignore zeros and torn frames anyway
            os.ftruncate(self._fd, self.synced_size)
            if self.synced_size == self._header_size:  # retries on a full disk must not leave one file each
                self._check_path()
                self.path.unlink()
        with contextlib.suppress(OSError):  # everything acknowledged was synced before
            os.close(self._fd)

    def _check_path(self) -> None:
        if self.path.stat().st_ino != self._inode:
            raise FileNotFoundError("another file replaced the segment while it was being written")

    def _preallocate(self, end: int) -> None:
        while self._preallocated_size < end:
            with contextlib.suppress(OSError):  # if the disk is full, the write itself fails
                os.pwrite(self._fd, bytes(PREALLOCATE_BYTES), self._preallocated_size)
            self._preallocated_size += PREALLOCATE_BYTES


class SegmentAppender:
    """Append to the newest segment of a writer, and create the next one when it is full or was released.

    Raises:
        OSError: from every method. The segment is then released, and everything that was not synced has to be written
            again.
    """

    def __init__(self, folder: Path, *, create_segment: Callable[[Path, int], Segment] = Segment) -> None:
        self._folder = folder
        self._create_segment = create_segment
        self._lock_fd: int | None = None
        self._segment: Segment | None = None
        self._segment_number = 0

    def open(self) -> None:
        """Lock the folder.

        Raises:
            StorageError: another process writes to this folder.
        """
        try:
            self._lock_fd = lock_folder(self._folder)
        except BlockingIOError as error:
            raise StorageError(
                f"another process writes to the journal in {self._folder}", hint="each writer needs a folder of its own"
            ) from error

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines, which then survive the end of this process but not yet a power cut."""
        with self._release_on_error():
            self._ensure_segment(lines).write(lines)

    def sync(self) -> None:
        """Bring everything written to disk."""
        with self._release_on_error():
            if self._segment:
                self._segment.sync()

    def roll(self) -> None:
        """Create the next segment if the current one has a line, so that readers can finish the current one."""
        with self._release_on_error():
            if self._segment and not self._segment.is_empty:
                self._finish_segment()
                self._ensure_segment(())

    def release(self) -> None:
        """Close the segment and unlock the folder; the next write locks it again."""
        if self._segment:
            self._segment.close()
            self._segment = None
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    @contextlib.contextmanager
    def _release_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.release()
            raise

    def _ensure_segment(self, lines: Sequence[bytes]) -> Segment:
        if self._segment and not self._segment.has_room(lines):
            self._finish_segment()
        if self._segment is None:
            if self._lock_fd is None:
                self._lock_fd = lock_folder(self._folder)
            numbers = [segment.number for segment in list_segments(self._folder)]
            self._segment_number = max(self._segment_number, *numbers, 0) + 1
            self._segment = self._create_segment(self._folder, self._segment_number)
        return self._segment

    def _finish_segment(self) -> None:
        if self._segment:
            self._segment.sync()
            self._segment.close()
            self._segment = None
