"""The other end of the journal: every writer's lines, from where reading stopped last."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER,
    Segment,
    fsync_folder,
    list_segment_numbers,
    lock_folder,
    read_lines,
    segment_path,
)
from clicktrail.server.ports import JournalEntry

__all__ = [
    "JournalPosition",
    "SegmentReader",
    "delete_read_segments",
    "load_positions",
    "mark_segments_read",
    "save_positions",
]

# FOLDED cursor.py: Where reading stopped, in a file that is either the old one or the new one, whatever happens
# in between.


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """A point between two frames.

    Attributes:
        writer: the name of the writer's folder.
        segment: the segment's number.
        offset: bytes from its beginning.
    """

    writer: str
    segment: int
    offset: int


def load_positions(path: Path) -> tuple[JournalPosition, ...]:
    """Where each writer was read to; empty where nothing was read yet.

    Raises:
        StorageError: the file is there and cannot be understood.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[JournalPosition, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError) as error:
        raise StorageError(
            f"the journal's cursor {path} cannot be read: {error}",
            hint="without that file the journal is read again from its start; storing events twice changes nothing",
        ) from error


def save_positions(path: Path, positions: Iterable[JournalPosition]) -> None:
    """Replace the file.

    Raises:
        StorageError: it could not be written; the old one stands, or the new one does not survive a power cut yet.
    """
    draft = path.with_name(path.name + ".new")
    try:
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(tuple(positions)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        fsync_folder(path.parent)
    except OSError as error:
        raise StorageError(f"the journal's cursor {path} cannot be written: {error}") from error


# FOLDED retention.py: Delete what was read and has been kept long enough. The reader calls it: nobody else
# knows what was read.
#
# A segment's time of change tells since when it is done with, and is set when the reader passes it on to the
# next one.
# A clock that is put back keeps segments for longer; one that is put forward never makes an unread one go.


def mark_segments_read(folder: Path, position: JournalPosition, *, first_segment: int) -> None:
    """Begin the time for which a writer's segments are kept.

    Args:
        folder: the journal's.
        position: where reading goes on; what lies before its segment is read.
        first_segment: number of the segment that was the place's before.
    """
    for number in range(first_segment, position.segment):
        with contextlib.suppress(OSError):  # gone, which is what it is marked for
            os.utime(segment_path(folder / position.writer, number))


def delete_read_segments(folder: Path, positions: Iterable[JournalPosition], *, before: datetime) -> int:
    """Delete segments that were read and done with before a time; how many.

    The newest of a writer stays, unless nobody runs that writer any more: then an empty one takes its place.

    Args:
        folder: the journal's.
        positions: as they stand in the cursor's file, so that no crash makes a reader need what is gone.
        before: aware.

    Raises:
        OSError: a segment that is due cannot be deleted, or an empty one not be begun.
        StorageError: one that comes next is none of this version.
    """
    deleted = 0
    for place in positions:
        writer = folder / place.writer
        _roll_idle_segment(writer, place, before=before)
        due = [path for path in _iter_read_segments(writer, place) if path.stat().st_mtime < before.timestamp()]
        for path in due:
            path.unlink()
        if due:
            fsync_folder(writer)
        deleted += len(due)
    return deleted


def _roll_idle_segment(writer: Path, position: JournalPosition, *, before: datetime) -> None:
    """Begin a writer's next segment, if the newest was read to its end, is old enough, and is in nobody's hand.

    So the highest number that was given is not forgotten: one that was given again could lie before the reader's place.
    """
    if not writer.exists() or list_segment_numbers(writer)[-1:] != [position.segment]:
        return
    newest = segment_path(writer, position.segment)
    if newest.stat().st_mtime >= before.timestamp() or read_lines(newest, position.offset, limit=1):
        return
    try:
        claim = lock_folder(writer)
    except BlockingIOError:
        return
    try:
        Segment(writer, position.segment + 1).close()
    finally:
        os.close(claim)


def _iter_read_segments(writer: Path, position: JournalPosition) -> Iterator[Path]:
    """The segments in which nothing is left to read and nothing will be. The newest never is one of them.

    So a writer without work, which rolls all the same, does not keep its clicks for ever; and the highest number that
    it gave is not forgotten.
    """
    for number in list_segment_numbers(writer)[:-1] if writer.exists() else ():
        path = segment_path(writer, number)
        if number >= position.segment:
            offset = position.offset if number == position.segment else len(SEGMENT_HEADER)
            if read_lines(path, offset, limit=1):
                return
        yield path


class SegmentReader:
    """Implements ``ports.JournalReader`` on the folder that holds the writers' folders.

    It may read a line before that is synced, and so one that a power cut then takes away. Since a writer never goes on
    in an old segment, the place behind such a line is the end of a finished one, and reading goes on in the next.

    Raises:
        StorageError: the cursor's file is there and cannot be understood.
    """

    def __init__(self, folder: Path, cursor_file: Path) -> None:
        self._folder = folder
        self._cursor_file = cursor_file
        self._positions = {place.writer: place for place in load_positions(cursor_file)}
        self._committed_positions = dict(self._positions)
        self._round_robin_index = 0

    async def read(self, limit: int) -> list[JournalEntry]:
        """The next lines, at most ``limit``. Writers take turns in coming first, so that a busy one hides no other.

        Raises:
            StorageError: the journal cannot be read just now; the same lines come with the next call.
        """
        entries: list[JournalEntry] = []
        places = dict(self._positions)
        try:
            for writer in self._list_writers():
                for entry, place in self._read_writer(writer, limit - len(entries)):
                    entries.append(entry)
                    places[writer] = place
        except OSError as error:
            raise StorageError(f"the journal in {self._folder} cannot be read: {error}") from error
        self._positions = places
        return entries

    async def commit(self) -> None:
        """Remember durably that all that was read so far is done with.

        Raises:
            StorageError: it could not be written down; the next call does.
        """
        if self._positions == self._committed_positions:
            return
        for writer, place in self._positions.items():
            mark_segments_read(
                self._folder,
                place,
                first_segment=self._committed_positions[writer].segment if writer in self._committed_positions else 1,
            )
        save_positions(self._cursor_file, self._positions.values())
        self._committed_positions = dict(self._positions)

    def delete_segments(self, *, before: datetime) -> int:
        """Delete the segments that were done with before a time, as far as that is committed; how many.

        Raises:
            StorageError: one cannot be deleted.
        """
        try:
            return delete_read_segments(self._folder, self._committed_positions.values(), before=before)
        except OSError as error:
            raise StorageError(f"a segment of the journal that is due cannot be deleted: {error}") from error

    def _list_writers(self) -> list[str]:
        """The writers' names; another one comes first at each call."""
        if not self._folder.exists():
            return []
        writers = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        self._round_robin_index += 1
        first = self._round_robin_index % max(1, len(writers))
        return writers[first:] + writers[:first]

    def _read_writer(self, writer: str, limit: int) -> list[tuple[JournalEntry, JournalPosition]]:
        """A writer's next lines, each with the place behind it."""
        found: list[tuple[JournalEntry, JournalPosition]] = []
        # Listed before they are read: what has a successor by now is finished, so that its end is the end for ever.
        segments = list_segment_numbers(self._folder / writer)
        place = self._start_position(writer, segments)
        for number in (number for number in segments if number >= place.segment):
            path = segment_path(self._folder / writer, number)
            if number > place.segment:
                place = JournalPosition(writer, number, len(SEGMENT_HEADER))
            while lines := read_lines(path, place.offset, limit=limit - len(found)):
                for line in lines:
                    place = JournalPosition(writer, number, place.offset + FRAME_HEADER_BYTES + len(line))
                    found.append((JournalEntry(line, place), place))
            if len(found) >= limit:
                break
        return found

    def _start_position(self, writer: str, segments: list[int]) -> JournalPosition:
        """Where to read on; before all segments where nothing was read yet, or in a folder that was begun anew."""
        place = self._positions.get(writer)
        if place is None or (segments and place.segment > segments[-1]):
            return JournalPosition(writer, 0, 0)
        return place
