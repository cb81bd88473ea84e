"""Read the journal: the lines of all writers, each writer's in order, from the committed positions on.

A segment is finished once it is read to its end and its writer has closed it. Its modification time then starts its
retention period. If the clock is set back, segments are kept longer; if it is set forward, an unread segment is still
never deleted.

Damage is passed over: reading goes on with the next sound frame. What cannot be read at all, such as one segment on a
bad block, is tried again with each read, and keeps no other segment from being read.
"""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

import structlog
from msgspec.structs import replace

from clicktrail.atomic_file import fsync_folder
from clicktrail.errors import StorageError
from clicktrail.server.journal.cursor import (
    SegmentPosition,
    damaged_cursor_path,
    load_cursor,
    save_cursor,
    set_cursor_aside,
)
from clicktrail.server.journal.erasing import overwrite_lines
from clicktrail.server.journal.frames import DamagedRange, is_boundary, iter_frames, read_tail
from clicktrail.server.journal.segments import SegmentFile, is_being_written, list_segments
from clicktrail.server.monitoring.heartbeat import Problem
from clicktrail.server.ports import JournalEntry

_LOG = structlog.get_logger(component="engine")

_START = SegmentPosition()
_MAX_NAMED = 5
"""Segments named in the hint of a problem, which must fit into a heartbeat."""


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Where an entry begins.

    Attributes:
        segment: writer and number of the segment.
        offset: bytes from the start of the segment.
        segment_key: `SegmentFile.key`; not in the log, because it holds the id.
    """

    segment: str
    offset: int
    segment_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _ReaderPosition:
    """Position behind the entries of a read.

    Attributes:
        read_number: reads with entries so far.
        segments: positions by `SegmentFile.key`.
    """

    read_number: int
    segments: dict[str, SegmentPosition]


class SegmentReader:
    """Implements ``ports.JournalReader`` on the folder that contains the writers' folders.

    Args:
        folder: folder of the journal; need not exist.
        cursor_file: file of the committed positions.
    """

    def __init__(self, folder: Path, cursor_file: Path) -> None:
        self._folder = folder
        self._cursor_file = cursor_file
        self._round_robin_index = 0
        self._segments: dict[str, SegmentFile] = {}
        self._unreadable: dict[str, OSError] = {}
        self._positions = self._load_positions()
        self._committed_positions = dict(self._positions)
        self._read_number = 0
        self._committed_read_number = 0

    @property
    def position(self) -> _ReaderPosition:
        """Position behind the entries read so far."""
        return _ReaderPosition(self._read_number, dict(self._positions))

    @property
    def damaged_bytes(self) -> int:
        """Number of damaged bytes in the segments that exist."""
        return sum(self._find_damaged_segments().values())

    def collect_problems(self) -> tuple[Problem, ...]:
        """Problems of the journal, as the latest read found them."""
        problems: list[Problem] = []
        if damaged := self._find_damaged_segments():
            problems.append(
                Problem(
                    code="journal-damaged",
                    hint=f"{sum(damaged.values()):,} bytes are damaged in {', '.join(list(damaged)[:_MAX_NAMED])}"
                    f"{', …' if len(damaged) > _MAX_NAMED else ''}: their events are lost, all others are read. "
                    "Check the health of the disk that holds data_dir",
                )
            )
        if self._unreadable:
            name, error = next(iter(self._unreadable.items()))
            problems.append(
                Problem(
                    code="journal-not-readable",
                    hint=f"{name} cannot be read: {error.strerror}. It is tried again, and all others are read: check "
                    "owner, permissions and health of the disk that holds data_dir",
                )
            )
        if damaged_cursor_path(self._cursor_file).exists():
            problems.append(
                Problem(
                    code="cursor-damaged",
                    hint="the journal was read again from its start, which counts nothing twice. "
                    f"Delete {damaged_cursor_path(self._cursor_file)} once the disk is healthy",
                )
            )
        return tuple(problems)

    async def read(self, limit: int) -> list[JournalEntry]:
        """Return up to ``limit`` next entries. The writers get equal shares, so a busy one delays no other.

        Raises:
            StorageError: the journal cannot be read now; the next call returns the same entries.
        """
        unreadable: dict[str, OSError] = {}
        segments = self._list_segments(unreadable)
        self._segments = {segment.key: segment for segment in segments}
        writer_count = len({segment.path.parent for segment in segments})
        entries = self._read_segments(
            segments, limit=limit, writer_limit=max(1, limit // max(1, writer_count)), unreadable=unreadable
        )
        if 0 < len(entries) < limit:  # some writers had less than their share
            entries += self._read_segments(
                segments, limit=limit - len(entries), writer_limit=limit, unreadable=unreadable
            )
        self._unreadable = unreadable
        self._read_number += bool(entries)
        return entries

    def _read_segments(
        self, segments: Sequence[SegmentFile], *, limit: int, writer_limit: int, unreadable: dict[str, OSError]
    ) -> list[JournalEntry]:
        entries: list[JournalEntry] = []
        counts: Counter[Path] = Counter()
        for segment in segments:
            position = self._positions.get(segment.key, _START)
            remaining = min(limit - len(entries), writer_limit - counts[segment.path.parent])
            if position.is_finished or remaining <= 0:
                continue
            try:
                batch = read_segment(segment, position, limit=remaining)
            except FileNotFoundError:
                continue
            except OSError as error:
                unreadable[segment.label] = error
                continue
            entries += batch.entries
            counts[segment.path.parent] += len(batch.entries)
            self._positions[segment.key] = batch.position
            for damage in batch.damage:
                _LOG.error(
                    "journal segment is damaged",
                    segment=segment.label,
                    offset=damage.start,
                    bytes=damage.end - damage.start,
                )
        return entries

    async def erase(self, entries: Sequence[JournalEntry]) -> None:
        """Overwrite entries that were read.

        Raises:
            StorageError: some may be left; it is safe to repeat the call.
        """
        lines_by_segment: dict[str, dict[int, bytes]] = {}
        for entry in entries:
            position = cast("JournalPosition", entry.position)
            lines_by_segment.setdefault(position.segment_key, {})[position.offset] = entry.line
        try:
            for key, lines in lines_by_segment.items():
                if segment := self._segments.get(key):
                    await asyncio.to_thread(overwrite_lines, segment, lines)
        except OSError as error:
            raise StorageError(f"the journal in {self._folder} cannot be written: {error.strerror}") from error

    async def commit(self, position: object = None) -> None:
        """Durably store a position.

        Raises:
            StorageError: it could not be written; call again to retry.
        """
        committed = position if isinstance(position, _ReaderPosition) else self.position
        if cursor := self._build_cursor(committed.segments):
            await asyncio.to_thread(cursor.write, self._cursor_file)
            self._note_committed(cursor)
        self._committed_read_number = committed.read_number

    def delete_segments(self, *, before: datetime) -> int:
        """Delete segments that were finished and committed before a time, and return their number.

        Args:
            before: aware.

        Raises:
            StorageError: a segment cannot be deleted.
        """
        # Segments may have been finished since the last entry.
        if self._committed_read_number == self._read_number and (cursor := self._build_cursor(self._positions)):
            cursor.write(self._cursor_file)
            self._note_committed(cursor)
        try:
            expired = [
                segment
                for key, segment in self._segments.items()
                if self._committed_positions.get(key, _START).is_finished and self._is_expired(segment, before=before)
            ]
            for segment in expired:
                segment.path.unlink(missing_ok=True)
            for folder in {segment.path.parent for segment in expired}:
                fsync_folder(folder)
        except OSError as error:
            raise StorageError(f"an expired journal segment cannot be deleted: {error.strerror}") from error
        return len(expired)

    def _build_cursor(self, all_positions: Mapping[str, SegmentPosition]) -> "_Cursor | None":
        """The cursor with positions of segments that exist; None if it is the committed one."""
        positions = {key: position for key, position in all_positions.items() if key in self._segments}
        changed = [key for key, position in positions.items() if position != self._committed_positions.get(key)]
        finished = [self._segments[key].path for key in changed if positions[key].is_finished]
        return _Cursor(positions, finished) if changed else None

    def _note_committed(self, cursor: "_Cursor") -> None:
        self._positions = {key: position for key, position in self._positions.items() if key in self._segments}
        self._committed_positions = cursor.positions

    def _is_expired(self, segment: SegmentFile, *, before: datetime) -> bool:
        """Whether a finished segment may be deleted. One that a restored copy has replaced may have unread lines."""
        try:
            if segment.path.stat().st_mtime >= before.timestamp():
                return False
            batch = read_segment(segment, replace(self._committed_positions[segment.key], is_finished=False), limit=1)
        except FileNotFoundError:
            return False
        if not batch.position.is_finished:
            self._positions[segment.key] = replace(self._positions[segment.key], is_finished=False)
        return batch.position.is_finished

    def _find_damaged_segments(self) -> dict[str, int]:
        return {
            segment.label: position.damaged_bytes
            for key, segment in self._segments.items()
            if (position := self._positions.get(key, _START)).damaged_bytes
        }

    def _load_positions(self) -> dict[str, SegmentPosition]:
        try:
            return load_cursor(self._cursor_file, partial(self._list_segments, {}))
        except StorageError as error:
            _LOG.error("the journal is read again from its start", error=error)
            set_cursor_aside(self._cursor_file)
            return {}

    def _list_segments(self, unreadable: dict[str, OSError]) -> list[SegmentFile]:
        """All segments; writers whose folders cannot be read are added to ``unreadable``."""
        try:
            writers = sorted(path for path in self._folder.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"the journal in {self._folder} cannot be read: {error.strerror}") from error
        self._round_robin_index += 1
        first = self._round_robin_index % max(1, len(writers))
        segments: list[SegmentFile] = []
        for writer in writers[first:] + writers[:first]:
            try:
                segments += list_segments(writer)
            except FileNotFoundError:
                continue
            except OSError as error:
                unreadable[writer.name] = error
        return segments


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Positions to commit, and the files of the segments that they finish."""

    positions: dict[str, SegmentPosition]
    finished: list[Path]

    def write(self, cursor_file: Path) -> None:
        """Write the cursor, and begin the retention period of finished segments."""
        for path in self.finished:
            with contextlib.suppress(OSError):  # the segment is already deleted
                os.utime(path)
        save_cursor(cursor_file, self.positions)


@dataclass(frozen=True, slots=True)
class SegmentBatch:
    """Next entries of a segment.

    Attributes:
        damage: damaged ranges found before, between or behind the entries.
        position: position behind entries and damage.
    """

    entries: list[JournalEntry]
    damage: list[DamagedRange]
    position: SegmentPosition


def read_segment(segment: SegmentFile, position: SegmentPosition, *, limit: int) -> SegmentBatch:
    """Read up to ``limit`` entries of a segment that is not finished.

    If no frame ends at the position, bytes before it are missing, and what follows has moved: the segment is then read
    from its start.

    Raises:
        OSError: the file cannot be read.
    """
    entries: list[JournalEntry] = []
    damage: list[DamagedRange] = []
    offset = position.offset
    with segment.path.open("rb", buffering=0) as file:
        is_live = is_being_written(file.fileno())
        size = os.fstat(file.fileno()).st_size
        if not size:  # its writer has not yet locked it
            return SegmentBatch(entries, damage, position)
        read = partial(_read_bytes, file.fileno())
        for item in iter_frames(read, segment.frame_format, start=offset, size=size):
            if isinstance(item, DamagedRange):
                damage.append(item)
                continue
            position_of_entry = JournalPosition(segment.label, item.start, segment.key)
            entries.append(JournalEntry(item.line, position_of_entry, is_past=segment.is_past))
            offset = item.end
            if len(entries) >= limit:
                break
        is_finished = not is_live and len(entries) < limit
        if is_finished:
            tail = read_tail(read, segment.frame_format, start=offset, size=size)
            damage += tail.damage
            if tail.damage:
                offset = size
            elif tail.content_end < size:
                with contextlib.suppress(OSError):  # the space is missing, nothing else
                    os.truncate(segment.path, tail.content_end)
        has_moved = size < position.offset or (
            damage
            and damage[0].start == position.offset
            and not is_boundary(read, segment.frame_format, position.offset)
        )
        if has_moved:
            return read_segment(segment, SegmentPosition(), limit=limit)
    damaged_bytes = position.damaged_bytes + sum(damaged.end - damaged.start for damaged in damage)
    return SegmentBatch(entries, damage, SegmentPosition(offset, damaged_bytes, is_finished))


def _read_bytes(descriptor: int, offset: int, size: int) -> bytes:
    return os.pread(descriptor, size, offset)
