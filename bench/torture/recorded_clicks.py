"""Find the clicks in segment files: what a fault has destroyed is not expected in the reports."""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clicktrail.errors import EventError
from clicktrail.model.event import Click, decode_event
from clicktrail.server.journal.frames import Frame, iter_frames
from clicktrail.server.journal.segments import SegmentFile, list_segments


@dataclass(frozen=True, slots=True)
class RecordedClick:
    """A click in a segment.

    Attributes:
        start: offset of its first byte.
        end: offset behind its last byte.
    """

    start: int
    end: int
    destination: str


def list_all_segments(folder: Path) -> list[SegmentFile]:
    """Segments in a folder and all folders below."""
    folders = [Path(parent) for parent, _, _ in os.walk(folder)]
    return [segment for path in folders if path.exists() for segment in list_segments(path)]


def find_clicks(segment: SegmentFile) -> list[RecordedClick]:
    """Clicks of a segment, in order."""
    with contextlib.suppress(FileNotFoundError):
        return _find_clicks(segment.path.read_bytes(), segment)
    return []


def list_destinations(folder: Path) -> set[str]:
    """Destinations of all clicks in a folder and all folders below."""
    return {click.destination for segment in list_all_segments(folder) for click in find_clicks(segment)}


def find_damaged_destinations(clicks: Iterable[RecordedClick], start: int, end: int) -> set[str]:
    """Destinations of the clicks that have a byte in a range."""
    return {click.destination for click in clicks if click.start < end and start < click.end}


def _find_clicks(data: bytes, segment: SegmentFile) -> list[RecordedClick]:
    def read(offset: int, size: int) -> bytes:
        return data[offset : offset + size]

    clicks: list[RecordedClick] = []
    for item in iter_frames(read, segment.frame_format, start=0, size=len(data)):
        with contextlib.suppress(EventError):
            if isinstance(item, Frame) and isinstance(event := decode_event(item.line), Click):
                clicks.append(RecordedClick(item.start, item.end, event.url))
    return clicks
