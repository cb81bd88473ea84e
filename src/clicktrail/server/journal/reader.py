"""Read the journal: the lines of all writers, each writer's in order, from the committed positions on.

A segment counts as read once the committed position lies behind its last line, and nothing will be added to it. Its
modification time then starts its retention period. If the clock is set back, segments are kept longer; if it is set
forward, an unread segment is still never deleted.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import fsync_folder, write_atomically
from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER,
    Segment,
    list_segment_numbers,
    lock_folder,
    read_lines,
    segment_path,
)
from clicktrail.server.json_file import read_json_file
from clicktrail.server.ports import JournalEntry


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """A position between two frames.

    Attributes:
        offset: bytes from the start of the segment.
    """

    writer: str
    segment: int
    offset: int


class SegmentReader:
    """Implements ``ports.JournalReader`` on the folder that contains the writers' folders.

    A line can be read before it is synced, and a power cut can then remove it. Because a writer never continues an old
    segment, the position behind such a line is the end of a finished segment, and reading continues with the next one.

    Raises:
        StorageError: the file of committed positions exists but cannot be read.
    """

    def __init__(self, folder: Path, cursor_file: Path) -> None:
        self._folder = folder
        self._cursor_file = cursor_file
        self._positions = {position.writer: position for position in load_positions(cursor_file)}
        self._committed_positions = dict(self._positions)
        self._round_robin_index = 0

    async def read(self, limit: int) -> list[JournalEntry]:
        """Return up to ``limit`` next entries. The writers take turns to come first, so a busy one starves no other.

        Raises:
            StorageError: the journal cannot be read now; the next call returns the same entries.
        """
        entries: list[JournalEntry] = []
        positions = dict(self._positions)
        try:
            for writer in self._list_writers():
                for entry, position in self._read_writer(writer, limit - len(entries)):
                    entries.append(entry)
                    positions[writer] = position
        except OSError as error:
            raise StorageError(f"the journal in {self._folder} cannot be read: {error}") from error
        self._positions = positions
        return entries

    async def commit(self) -> None:
        """Durably store the positions behind the entries read so far.

        Raises:
            StorageError: the positions could not be written; call again to retry.
        """
        if self._positions == self._committed_positions:
            return
        for writer, position in self._positions.items():
            committed = self._committed_positions.get(writer)
            mark_segments_read(self._folder, position, first_segment=committed.segment if committed else 1)
        save_positions(self._cursor_file, self._positions.values())
        self._committed_positions = dict(self._positions)

    def delete_segments(self, *, before: datetime) -> int:
        """Delete segments that were read and committed before a time, and return their number.

        Raises:
            StorageError: a segment cannot be deleted.
        """
        try:
            return delete_read_segments(self._folder, self._committed_positions.values(), before=before)
        except OSError as error:
            raise StorageError(f"an expired journal segment cannot be deleted: {error}") from error

    def _list_writers(self) -> list[str]:
        if not self._folder.exists():
            return []
        writers = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        self._round_robin_index += 1
        first = self._round_robin_index % max(1, len(writers))
        return writers[first:] + writers[:first]

    def _read_writer(self, writer: str, limit: int) -> list[tuple[JournalEntry, JournalPosition]]:
        """A writer's next entries, each with the position behind it."""
        entries: list[tuple[JournalEntry, JournalPosition]] = []
        # List before reading: a segment that has a successor now is complete, so its end is final.
        numbers = list_segment_numbers(self._folder / writer)
        position = self._start_position(writer, numbers)
        for number in (number for number in numbers if number >= position.segment):
            path = segment_path(self._folder / writer, number)
            if number > position.segment:
                position = JournalPosition(writer, number, len(SEGMENT_HEADER))
            while lines := read_lines(path, position.offset, limit=limit - len(entries)):
                for line in lines:
                    position = JournalPosition(writer, number, position.offset + FRAME_HEADER_BYTES + len(line))
                    entries.append((JournalEntry(line, position), position))
            if len(entries) >= limit:
                break
        return entries

    def _start_position(self, writer: str, segment_numbers: list[int]) -> JournalPosition:
        position = self._positions.get(writer)
        was_recreated = position is not None and segment_numbers and position.segment > segment_numbers[-1]
        return JournalPosition(writer, 0, 0) if position is None or was_recreated else position


def load_positions(path: Path) -> tuple[JournalPosition, ...]:
    """Load the position of each writer; empty if the file does not exist yet.

    Raises:
        StorageError: the file exists but cannot be read.
    """
    return read_json_file(
        path,
        tuple[JournalPosition, ...],
        default=(),
        failure="cannot read the journal's cursor",
        hint="delete the file to read the journal again from its start; storing events twice changes nothing",
    )


def save_positions(path: Path, positions: Iterable[JournalPosition]) -> None:
    """Atomically replace the file of positions.

    Raises:
        StorageError: the file could not be written, or not be synced: a power cut may still undo the change.
    """
    try:
        write_atomically(path, msgspec.json.encode(tuple(positions)))
    except OSError as error:
        raise StorageError(f"the journal's cursor {path} cannot be written: {error}") from error


def mark_segments_read(folder: Path, position: JournalPosition, *, first_segment: int) -> None:
    """Start the retention period of a writer's segments, from ``first_segment`` to the one before ``position``."""
    for number in range(first_segment, position.segment):
        with contextlib.suppress(OSError):  # the segment is already deleted
            os.utime(segment_path(folder / position.writer, number))


def delete_read_segments(folder: Path, positions: Iterable[JournalPosition], *, before: datetime) -> int:
    """Delete segments that were read before a time, and return their number.

    The newest segment of a writer stays, because new segments are numbered from it. If the writer is not running, an
    empty segment replaces it.

    Args:
        folder: folder of the journal.
        positions: committed positions, so that after a crash no deleted segment is needed.
        before: aware.

    Raises:
        OSError: an expired segment cannot be deleted, or an empty one not created.
        StorageError: a segment was not written by this version.
    """
    deleted = 0
    for position in positions:
        writer = folder / position.writer
        _roll_idle_segment(writer, position, before=before)
        expired = [path for path in _iter_read_segments(writer, position) if path.stat().st_mtime < before.timestamp()]
        for path in expired:
            path.unlink()
        if expired:
            fsync_folder(writer)
        deleted += len(expired)
    return deleted


def _roll_idle_segment(writer: Path, position: JournalPosition, *, before: datetime) -> None:
    """Create the next segment of a writer that is not running and whose newest segment is read and expired."""
    if not writer.exists() or list_segment_numbers(writer)[-1:] != [position.segment]:
        return
    newest = segment_path(writer, position.segment)
    if newest.stat().st_mtime >= before.timestamp() or read_lines(newest, position.offset, limit=1):
        return
    try:
        lock_fd = lock_folder(writer)
    except BlockingIOError:
        return
    try:
        Segment(writer, position.segment + 1).close()
    finally:
        os.close(lock_fd)


def _iter_read_segments(writer: Path, position: JournalPosition) -> Iterator[Path]:
    """Segments that are complete and read to their end, including those behind the position that hold no line."""
    for number in list_segment_numbers(writer)[:-1] if writer.exists() else ():
        path = segment_path(writer, number)
        if number >= position.segment:
            offset = position.offset if number == position.segment else len(SEGMENT_HEADER)
            if read_lines(path, offset, limit=1):
                return
        yield path
