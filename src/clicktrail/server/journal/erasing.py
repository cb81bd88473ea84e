"""Overwrite events in segments, also in one that is being written.

Each frame keeps its place and length, so positions stay valid, and a writer appends behind the frames that are
overwritten. An overwritten line consists of spaces; readers skip it.
"""

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from clicktrail.server.journal.frames import DamagedRange, iter_frames
from clicktrail.server.journal.segments import SegmentFile, is_being_written, list_segments


def erase_lines(folder: Path, *, is_erased: Callable[[bytes], bool], is_in_text: Callable[[bytes], bool]) -> int:
    """Overwrite all lines of a journal that ``is_erased`` selects, and return their number.

    Args:
        folder: folder of the journal.
        is_erased: whether to overwrite a line.
        is_in_text: whether bytes can hold such a line. Damaged bytes that do are overwritten too.

    Raises:
        OSError: some may be left; it is safe to repeat the call.
    """
    writers = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.exists() else []
    return sum(
        _erase_in_segment(segment, is_erased=is_erased, is_in_text=is_in_text)
        for writer in writers
        for segment in list_segments(writer)
    )


def overwrite_lines(segment: SegmentFile, lines: Mapping[int, bytes]) -> None:
    """Overwrite the lines of a segment, given by the offsets of their frames. A segment that is gone is ignored.

    Raises:
        OSError: some may be left; it is safe to repeat the call.
    """
    frame_format = segment.frame_format
    with contextlib.suppress(FileNotFoundError), segment.path.open("r+b", buffering=0) as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        for offset, line in lines.items():
            data = os.pread(descriptor, frame_format.frame_header_size + len(line), offset)
            if frame_format.parse(data, 0)[1] == line:
                os.pwrite(descriptor, frame_format.encode([b" " * len(line)]), offset)
        _sync(descriptor, status)


def _sync(descriptor: int, status: os.stat_result) -> None:
    os.fdatasync(descriptor)
    # The time of the last change starts the retention period.
    os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))


def _erase_in_segment(
    segment: SegmentFile, *, is_erased: Callable[[bytes], bool], is_in_text: Callable[[bytes], bool]
) -> int:
    count = 0
    with segment.path.open("r+b", buffering=0) as file:
        descriptor = file.fileno()
        status = os.fstat(descriptor)
        data = os.pread(descriptor, status.st_size, 0)
        if not is_in_text(data):
            return 0
        is_live = is_being_written(descriptor)
        end = 0
        for item in iter_frames(partial(_read_bytes, data), segment.frame_format, start=0, size=len(data)):
            end = item.end
            if isinstance(item, DamagedRange):
                if is_in_text(data[item.start : item.end]):
                    os.pwrite(descriptor, b" " * (item.end - item.start), item.start)
            elif is_erased(item.line):
                os.pwrite(descriptor, segment.frame_format.encode([b" " * len(item.line)]), item.start)
                count += 1
        if not is_live and is_in_text(data[end:]):
            os.ftruncate(descriptor, end)  # a batch that a crash has torn, or damage without a sound frame behind it
        _sync(descriptor, status)
    return count


def _read_bytes(data: bytes, offset: int, size: int) -> bytes:
    return data[offset : offset + size]
