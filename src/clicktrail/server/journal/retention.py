"""Delete what was read and has been kept long enough. The reader calls it: nobody else knows what was read.

A segment's time of change tells since when it is done with, and is set when the reader passes it on to the next one.
A clock that is put back keeps segments for longer; one that is put forward never makes an unread one go.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from clicktrail.server.journal.cursor import Place
from clicktrail.server.journal.frames import HEAD
from clicktrail.server.journal.segments import Segment, lock, numbers, path_of, read_lines, sync_folder

__all__ = ["delete_read", "mark_read"]


def mark_read(folder: Path, place: Place, *, since: int) -> None:
    """Begin the time for which a writer's segments are kept.

    Args:
        folder: the journal's.
        place: where reading goes on; what lies before its segment is read.
        since: number of the segment that was the place's before.
    """
    for number in range(since, place.segment):
        with contextlib.suppress(OSError):  # gone, which is what it is marked for
            os.utime(path_of(folder / place.writer, number))


def delete_read(folder: Path, places: Iterable[Place], *, before: datetime) -> int:
    """Delete segments that were read and done with before a time; how many.

    The newest of a writer stays, unless nobody runs that writer any more: then an empty one takes its place.

    Args:
        folder: the journal's.
        places: as they stand in the cursor's file, so that no crash makes a reader need what is gone.
        before: aware.

    Raises:
        OSError: a segment that is due cannot be deleted, or an empty one not be begun.
        StorageError: one that comes next is none of this version.
    """
    deleted = 0
    for place in places:
        writer = folder / place.writer
        _end_what_is_left(writer, place, before=before)
        due = [path for path in _read(writer, place) if path.stat().st_mtime < before.timestamp()]
        for path in due:
            path.unlink()
        if due:
            sync_folder(writer)
        deleted += len(due)
    return deleted


def _end_what_is_left(writer: Path, place: Place, *, before: datetime) -> None:
    """Begin a writer's next segment, if the newest was read to its end, is old enough, and is in nobody's hand.

    So the highest number that was given is not forgotten: one that was given again could lie before the reader's place.
    """
    if not writer.exists() or numbers(writer)[-1:] != [place.segment]:
        return
    newest = path_of(writer, place.segment)
    if newest.stat().st_mtime >= before.timestamp() or read_lines(newest, place.offset, limit=1):
        return
    try:
        claim = lock(writer)
    except BlockingIOError:
        return
    try:
        Segment(writer, place.segment + 1).close()
    finally:
        os.close(claim)


def _read(writer: Path, place: Place) -> Iterator[Path]:
    """The segments in which nothing is left to read and nothing will be. The newest never is one of them.

    So a writer without work, which rolls all the same, does not keep its clicks for ever; and the highest number that
    it gave is not forgotten.
    """
    for number in numbers(writer)[:-1] if writer.exists() else ():
        path = path_of(writer, number)
        if number >= place.segment:
            offset = place.offset if number == place.segment else len(HEAD)
            if read_lines(path, offset, limit=1):
                return
        yield path
