"""Read the latest lines of a journal, without its cursor: for a diagnosis."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from clicktrail.errors import EventError
from clicktrail.model.event import Sent, decode_event
from clicktrail.server.journal.frames import Frame, iter_frames
from clicktrail.server.journal.segments import SegmentFile, list_segments

_MAX_BYTES = 1_000_000_000
"""Of the newest segments: some millions of events, read in about ten seconds."""


def scan_lines(folder: Path) -> Iterator[bytes]:
    """Lines of all writers, those of the newest segments first, up to a gigabyte.

    Damage, and segments that cannot be read or are deleted meanwhile, are passed over.
    """
    writers = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    segments = [segment for writer in writers for segment in list_segments(writer)]
    remaining_bytes = _MAX_BYTES
    for segment in sorted(segments, key=_get_modification_time, reverse=True):
        with contextlib.suppress(OSError), segment.path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            read = partial(_read_bytes, file.fileno())
            for item in iter_frames(read, segment.frame_format, start=0, size=size):
                if isinstance(item, Frame):
                    yield item.line
            remaining_bytes -= size
        if remaining_bytes <= 0:
            return


def scan_sent_events(folder: Path, *, texts: Sequence[str] = ("",)) -> Iterator[Sent]:
    """The ``sent`` events among the lines of `scan_lines` that contain one of some texts."""
    needles = [text.encode() for text in texts]
    for line in scan_lines(folder):
        if b'"sent"' in line and any(needle in line for needle in needles):
            with contextlib.suppress(EventError):
                event = decode_event(line)
                if isinstance(event, Sent):
                    yield event


def _get_modification_time(segment: SegmentFile) -> float:
    try:
        return segment.path.stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def _read_bytes(descriptor: int, offset: int, size: int) -> bytes:
    return os.pread(descriptor, size, offset)
