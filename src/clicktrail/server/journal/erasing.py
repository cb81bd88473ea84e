"""Overwrite events in segments, also in one that is being written.

Each frame keeps its place and length, so positions stay valid, and a writer appends behind the frames that are
overwritten. An overwritten line consists of spaces; readers skip it.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from clicktrail.server.journal.segments import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER,
    encode_frame,
    list_segment_numbers,
    read_lines,
    segment_path,
)

_MAX_LINES = 10_000


def erase_lines(folder: Path, *, is_erased: Callable[[bytes], bool], may_be_in: Callable[[bytes], bool]) -> int:
    """Overwrite all lines of a journal that ``is_erased`` selects, and return their number.

    Args:
        folder: folder of the journal.
        is_erased: whether to overwrite a line.
        may_be_in: whether the bytes of a segment can hold such a line.

    Raises:
        OSError: some may be left; it is safe to repeat the call.
        StorageError: a segment was not written by this version.
    """
    writers = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.exists() else []
    return sum(
        _erase_lines_of_segment(segment_path(writer, number), is_erased)
        for writer in writers
        for number in list_segment_numbers(writer)
        if may_be_in(segment_path(writer, number).read_bytes())
    )


def erase_line(path: Path, offset: int, line: bytes) -> None:
    """Overwrite the line of the frame at ``offset`` of a segment, and bring it to disk.

    Raises:
        OSError: it may be left.
    """
    _overwrite(path, [(offset, line)])


def _erase_lines_of_segment(path: Path, is_erased: Callable[[bytes], bool]) -> int:
    frames = [(offset, line) for offset, line in _iterate_frames(path) if is_erased(line)]
    _overwrite(path, frames)
    return len(frames)


def _iterate_frames(path: Path) -> Iterator[tuple[int, bytes]]:
    offset = len(SEGMENT_HEADER)
    while lines := read_lines(path, offset, limit=_MAX_LINES):
        for line in lines:
            yield offset, line
            offset += FRAME_HEADER_BYTES + len(line)


def _overwrite(path: Path, frames: list[tuple[int, bytes]]) -> None:
    if not frames:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        for offset, line in frames:
            os.pwrite(descriptor, encode_frame(b" " * len(line)), offset)
        os.fdatasync(descriptor)
        # The time of the last change starts the retention period.
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
    finally:
        os.close(descriptor)
