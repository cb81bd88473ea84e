"""Read all lines of a journal, without its cursor: for a diagnosis."""

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from clicktrail.server.journal.frames import Frame, iter_frames
from clicktrail.server.journal.segments import list_segments


def scan_lines(folder: Path) -> Iterator[bytes]:
    """Lines of all writers. Damage, and segments that cannot be read or are deleted meanwhile, are passed over."""
    writers = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for writer in writers:
        for segment in list_segments(writer):
            with contextlib.suppress(OSError), segment.path.open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                read = partial(_read_bytes, file.fileno())
                for item in iter_frames(read, segment.frame_format, start=0, size=size):
                    if isinstance(item, Frame):
                        yield item.line


def _read_bytes(descriptor: int, offset: int, size: int) -> bytes:
    return os.pread(descriptor, size, offset)
