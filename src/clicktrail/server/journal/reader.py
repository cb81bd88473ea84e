"""The other end of the journal: every writer's lines, from where reading stopped last."""

from datetime import datetime
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.server.journal import cursor
from clicktrail.server.journal.cursor import Place
from clicktrail.server.journal.frames import HEAD, OVERHEAD
from clicktrail.server.journal.retention import delete_read, mark_read
from clicktrail.server.journal.segments import numbers, path_of, read_lines
from clicktrail.server.ports import Entry

__all__ = ["SegmentReader"]


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
        self._places = {place.writer: place for place in cursor.load(cursor_file)}
        self._committed = dict(self._places)
        self._turn = 0

    def read(self, limit: int) -> list[Entry]:
        """The next lines, at most ``limit``. Writers take turns in coming first, so that a busy one hides no other.

        Raises:
            StorageError: the journal cannot be read just now; the same lines come with the next call.
        """
        entries: list[Entry] = []
        places = dict(self._places)
        try:
            for writer in self._writers():
                for entry, place in self._lines_of(writer, limit - len(entries)):
                    entries.append(entry)
                    places[writer] = place
        except OSError as error:
            raise StorageError(f"the journal in {self._folder} cannot be read: {error}") from error
        self._places = places
        return entries

    def commit(self) -> None:
        """Remember durably that all that was read so far is done with.

        Raises:
            StorageError: it could not be written down; the next call does.
        """
        if self._places == self._committed:
            return
        for writer, place in self._places.items():
            mark_read(self._folder, place, since=self._committed[writer].segment if writer in self._committed else 1)
        cursor.save(self._cursor_file, self._places.values())
        self._committed = dict(self._places)

    def delete(self, *, before: datetime) -> int:
        """Delete the segments that were done with before a time, as far as that is committed; how many.

        Raises:
            StorageError: one cannot be deleted.
        """
        try:
            return delete_read(self._folder, self._committed.values(), before=before)
        except OSError as error:
            raise StorageError(f"a segment of the journal that is due cannot be deleted: {error}") from error

    def _writers(self) -> list[str]:
        """The writers' names; another one comes first at each call."""
        if not self._folder.exists():
            return []
        writers = sorted(path.name for path in self._folder.iterdir() if path.is_dir())
        self._turn += 1
        first = self._turn % max(1, len(writers))
        return writers[first:] + writers[:first]

    def _lines_of(self, writer: str, limit: int) -> list[tuple[Entry, Place]]:
        """A writer's next lines, each with the place behind it."""
        found: list[tuple[Entry, Place]] = []
        # Listed before they are read: what has a successor by now is finished, so that its end is the end for ever.
        segments = numbers(self._folder / writer)
        place = self._start(writer, segments)
        for number in (number for number in segments if number >= place.segment):
            path = path_of(self._folder / writer, number)
            if number > place.segment:
                place = Place(writer, number, len(HEAD))
            while lines := read_lines(path, place.offset, limit=limit - len(found)):
                for line in lines:
                    place = Place(writer, number, place.offset + OVERHEAD + len(line))
                    found.append((Entry(line, place), place))
            if len(found) >= limit:
                break
        return found

    def _start(self, writer: str, segments: list[int]) -> Place:
        """Where to read on; before all segments where nothing was read yet, or in a folder that was begun anew."""
        place = self._places.get(writer)
        if place is None or (segments and place.segment > segments[-1]):
            return Place(writer, 0, 0)
        return place
