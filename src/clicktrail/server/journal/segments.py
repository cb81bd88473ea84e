"""The files of one writer: numbered segments, and the lock that keeps a second writer out.

A segment is written by the process that began it and by nobody later: a writer that starts, or that met an error,
begins the next one. So a segment with a successor is finished for ever, and a place in it stays what it was whatever
a crash took away behind it.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from clicktrail.errors import StorageError

__all__ = [
    "FRAME_HEADER_BYTES",
    "MAX_SEGMENT_BYTES",
    "SEGMENT_HEADER",
    "Segment",
    "SegmentAppender",
    "decode_frames",
    "encode_frame",
    "fsync_folder",
    "list_segment_numbers",
    "lock_folder",
    "peek_frame_size",
    "read_lines",
    "segment_path",
    "truncate_torn_tail",
]

# FOLDED frames.py: The bytes of a segment, version 1.
#
# ::
#
#     segment   = head *frame *%x00     ; zeros are room taken in advance, nothing is written there yet
#     head      = "clicktrail journal 1" LF
#     frame     = length checksum line
#     length    = 4 bytes, little-endian: bytes of the line
#     checksum  = 4 bytes, little-endian: CRC-32 (that of zlib) of length and line
#     line      = one encoded event, any bytes, no newline needed
#
# The checksum covers the length, so that eight zeros are no frame, not even that of an empty line. A frame that
# is cut
# off or whose checksum is wrong ends what can be read of a segment: nothing behind it was ever confirmed, since
# a batch
# is confirmed only when everything up to its end is on disk.

SEGMENT_HEADER = b"clicktrail journal 1\n"
"""What a segment begins with; another version of the format changes the number."""

FRAME_HEADER_BYTES = 8
"""Bytes that a frame takes beside its line."""

_FRAME_LENGTH = struct.Struct("<I")
_FRAME_HEADER = struct.Struct("<II")


def encode_frame(line: bytes) -> bytes:
    """The frame of a line shorter than 4 GiB."""
    length = len(line)
    return _FRAME_HEADER.pack(length, zlib.crc32(line, zlib.crc32(_FRAME_LENGTH.pack(length)))) + line


def decode_frames(data: bytes, *, limit: int) -> list[bytes]:
    """The lines of the sound frames that ``data`` begins with, at most ``limit``."""
    lines: list[bytes] = []
    start = 0
    while len(lines) < limit and start + FRAME_HEADER_BYTES <= len(data):
        length, checksum = _FRAME_HEADER.unpack_from(data, start)
        line = data[start + FRAME_HEADER_BYTES : start + FRAME_HEADER_BYTES + length]
        if len(line) < length or zlib.crc32(line, zlib.crc32(_FRAME_LENGTH.pack(length))) != checksum:
            break
        lines.append(line)
        start += FRAME_HEADER_BYTES + length
    return lines


def peek_frame_size(data: bytes) -> int:
    """Bytes that the frame at the beginning of ``data`` claims to take; 0 where none has begun."""
    if len(data) < FRAME_HEADER_BYTES or data[:FRAME_HEADER_BYTES] == bytes(FRAME_HEADER_BYTES):
        return 0
    length: int = _FRAME_LENGTH.unpack_from(data)[0]
    return FRAME_HEADER_BYTES + length


MAX_SEGMENT_BYTES = 32 * 1024 * 1024
"""Where a segment ends."""

_SEGMENT_SUFFIX = ".segment"
_PREALLOCATE_BYTES = 256 * 1024
"""Room that is filled with zeros at a time. Overwriting spares each commit the file system's own journal: a batch of
16 clicks takes 120 µs instead of 200; and a step this small holds nobody up as one of 32 MiB would, by 20 ms."""

_READ_CHUNK_BYTES = 256 * 1024
"""Bytes read at a time; a longer frame is read whole."""


class Segment:
    """One file, being written.

    Args:
        folder: the writer's.
        number: its own, which was never given before.
        capacity: bytes that it takes, unless one batch alone is larger.

    Attributes:
        size: bytes that are written.
        synced_size: bytes of them that are on disk.

    Raises:
        OSError: from every method; the segment is then to be closed and not written again.
    """

    def __init__(self, folder: Path, number: int, *, capacity: int = MAX_SEGMENT_BYTES) -> None:
        """Begin the segment; from here on it survives a power cut, empty as it is."""
        self.size = 0
        self._capacity = capacity
        self.synced_size = 0
        self._preallocated_size = 0
        self._fd = os.open(segment_path(folder, number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            self.write(SEGMENT_HEADER)
            self.sync()
            fsync_folder(folder)
        except OSError:
            os.close(self._fd)
            segment_path(folder, number).unlink(missing_ok=True)
            raise

    def has_room(self, size: int) -> bool:
        """Whether so many bytes fit in."""
        return self.size + size <= self._capacity

    def write(self, data: bytes) -> None:
        """Append; the kernel has it then, whatever becomes of this process."""
        end = self.size + len(data)
        if end > self._preallocated_size:
            self._preallocate(end)
        written = 0
        while written < len(data):
            written += os.pwrite(self._fd, data[written:], self.size + written)
        self.size = end

    def sync(self) -> None:
        """Return when all that was written is on disk."""
        if not os.fstat(self._fd).st_nlink:
            raise FileNotFoundError("the segment was deleted while it was being written")
        os.fdatasync(self._fd)
        self.synced_size = self.size

    def close(self) -> None:
        """Give back the room that was not needed, and what was not synced."""
        with contextlib.suppress(OSError):  # readers stop at zeros and torn frames anyway
            os.ftruncate(self._fd, self.synced_size)
        with contextlib.suppress(OSError):  # all that was confirmed has been synced before
            os.close(self._fd)

    def _preallocate(self, end: int) -> None:
        """Take room up to ``end`` and a step beyond; where there is none, the write itself will say so."""
        while self._preallocated_size < end:
            with contextlib.suppress(OSError):
                os.pwrite(self._fd, bytes(_PREALLOCATE_BYTES), self._preallocated_size)
            self._preallocated_size += _PREALLOCATE_BYTES


def segment_path(folder: Path, number: int) -> Path:
    """Where a writer's segment lies."""
    return folder / f"{number:010}{_SEGMENT_SUFFIX}"


def list_segment_numbers(folder: Path) -> list[int]:
    """The numbers of a writer's segments, the oldest first.

    Raises:
        OSError: the folder cannot be read.
    """
    return sorted(
        int(path.stem) for path in folder.iterdir() if path.suffix == _SEGMENT_SUFFIX and path.stem.isdecimal()
    )


def read_lines(path: Path, offset: int, *, limit: int) -> list[bytes]:
    """The next lines from a place between two frames: at most ``limit``, and about 256 KiB of them.

    Empty at the end of what is written, be it that more will come or that the rest is torn.

    Raises:
        OSError: the file cannot be read.
        StorageError: the file is no segment of this version.
    """
    with path.open("rb", buffering=0) as file:
        head = os.pread(file.fileno(), len(SEGMENT_HEADER), 0)
        if head != SEGMENT_HEADER:
            if SEGMENT_HEADER.startswith(head.rstrip(b"\0")):  # its beginning was cut off by a crash
                return []
            raise StorageError(f"{path} is not a journal segment that this version can read")
        data = os.pread(file.fileno(), _READ_CHUNK_BYTES, offset)
        if peek_frame_size(data) > len(data):
            data = os.pread(file.fileno(), peek_frame_size(data), offset)
    return decode_frames(data, limit=limit)


def truncate_torn_tail(path: Path) -> None:
    """Take away what follows the last sound frame, and bring the rest to disk.

    Raises:
        OSError: the file cannot be read or cut.
    """
    with path.open("r+b") as file:
        data = file.read()
        if not data.startswith(SEGMENT_HEADER):
            return
        lines = decode_frames(data[len(SEGMENT_HEADER) :], limit=len(data))
        file.truncate(len(SEGMENT_HEADER) + sum(FRAME_HEADER_BYTES + len(line) for line in lines))
        os.fsync(file.fileno())


def lock_folder(folder: Path) -> int:
    """Make the folder if it is missing, and claim it for this process until the returned descriptor is closed.

    Raises:
        BlockingIOError: another writer has claimed it.
        OSError: it cannot be made or written to.
    """
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    fsync_folder(folder.parent)
    claim = os.open(folder / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        raise
    return claim


def fsync_folder(folder: Path) -> None:
    """Bring the folder's own entries to disk: a new file's name is not there before (fsync(2)).

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# FOLDED tail.py: The end of one writer's folder, where its lines are added: the claim on the folder, and the
# segment in hand.


class SegmentAppender:
    """Adds to the newest segment, and begins the next where that is full, or was left.

    Args:
        folder: the writer's, which nobody else may write to.
        create_segment: how a segment is begun.

    Raises:
        OSError: from every method. The segment is left then without what was not synced, all of which is to be written
            again.
    """

    def __init__(self, folder: Path, *, create_segment: Callable[[Path, int], Segment] = Segment) -> None:
        self._folder = folder
        self._create_segment = create_segment
        self._lock_fd: int | None = None
        self._segment: Segment | None = None
        self._segment_number = 0

    def open(self) -> None:
        """Claim the folder, and mend what a crash left of its last segment.

        Raises:
            StorageError: another process writes to this folder.
        """
        try:
            self._lock_fd = lock_folder(self._folder)
        except BlockingIOError as error:
            raise StorageError(
                f"another process writes to the journal in {self._folder}", hint="each writer needs a folder of its own"
            ) from error
        if existing := list_segment_numbers(self._folder):
            truncate_torn_tail(segment_path(self._folder, existing[-1]))

    def write(self, data: bytes) -> None:
        """Add frames; they outlive this process, and a power cut once they are synced."""
        with self._release_on_error():
            self._ensure_segment(len(data)).write(data)

    def sync(self) -> None:
        """Bring what was written to disk."""
        with self._release_on_error():
            if self._segment:
                self._segment.sync()

    def roll(self) -> None:
        """Begin the next segment if anything is in the one in hand, so that readers get done with that."""
        with self._release_on_error():
            if self._segment and self._segment.size > len(SEGMENT_HEADER):
                self._finish_segment()
                self._ensure_segment(0)

    def release(self) -> None:
        """Leave segment and folder to others; the next write claims them anew."""
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
            empty = self._segment is not None and self._segment.synced_size == len(SEGMENT_HEADER)
            self.release()
            if empty:
                self._delete_empty_segment()
            raise

    def _ensure_segment(self, size: int) -> Segment:
        """The segment in hand, or the next one where there is none or the batch would fill it up."""
        if self._segment and not self._segment.has_room(size):
            self._finish_segment()
        if self._segment is None:
            if self._lock_fd is None:
                self._lock_fd = lock_folder(self._folder)
            self._segment_number = max([self._segment_number, *list_segment_numbers(self._folder)]) + 1
            self._segment = self._create_segment(self._folder, self._segment_number)
        return self._segment

    def _finish_segment(self) -> None:
        """Be done with the segment in hand; nothing of it is left unsynced."""
        if self._segment:
            self._segment.sync()
            self._segment.close()
            self._segment = None

    def _delete_empty_segment(self) -> None:
        """Leave no empty segment for each attempt at a full disk, except alone: from it the numbers go on."""
        with contextlib.suppress(OSError):
            if len(list_segment_numbers(self._folder)) > 1:
                segment_path(self._folder, self._segment_number).unlink()
