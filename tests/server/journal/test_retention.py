"""Segments that were read, and go."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from clicktrail.server.journal.cursor import Place
from clicktrail.server.journal.frames import HEAD, pack
from clicktrail.server.journal.retention import delete_read, mark_read
from clicktrail.server.journal.segments import lock, numbers, path_of
from clicktrail.server.system import SystemClock

NOW = SystemClock().now()
DAY = timedelta(days=1)


def segments(writer: Path, count: int, *, changed: datetime) -> None:
    """As many segments of one line, all done with at that time."""
    writer.mkdir()
    for number in range(1, count + 1):
        path_of(writer, number).write_bytes(HEAD + pack(b"a click"))
        os.utime(path_of(writer, number), (changed.timestamp(), changed.timestamp()))


def test_read_and_old_segments_go(tmp_path: Path) -> None:
    """Of each writer, those before its place."""
    for name in ("edge-0", "edge-1"):
        segments(tmp_path / name, 4, changed=NOW - 2 * DAY)
    deleted = delete_read(tmp_path, [Place("edge-0", 3, 21), Place("edge-1", 2, 21)], before=NOW - DAY)
    assert (3, [3, 4], [2, 3, 4]) == (deleted, numbers(tmp_path / "edge-0"), numbers(tmp_path / "edge-1"))


def test_young_segments_stay(tmp_path: Path) -> None:
    """Read as they are."""
    segments(tmp_path / "edge-0", 4, changed=NOW - DAY / 2)
    assert 0 == delete_read(tmp_path, [Place("edge-0", 4, 21)], before=NOW - DAY)
    assert [1, 2, 3, 4] == numbers(tmp_path / "edge-0")


def test_what_was_not_read_stays_however_old(tmp_path: Path) -> None:
    """Also where nothing of a writer was read, and with a clock that was put forward by a year."""
    for name in ("edge-0", "edge-1"):
        segments(tmp_path / name, 2, changed=NOW - 9 * DAY)
    assert 0 == delete_read(tmp_path, [Place("edge-0", 1, 21)], before=NOW + 365 * DAY)
    assert [1, 2] == numbers(tmp_path / "edge-0") == numbers(tmp_path / "edge-1")


def test_a_segment_that_was_read_to_its_end_goes_unless_it_is_the_newest(tmp_path: Path) -> None:
    """Though no line of the next one was read: of a writer without work there is none."""
    segments(tmp_path / "edge-0", 3, changed=NOW - 2 * DAY)
    path_of(tmp_path / "edge-0", 2).write_bytes(HEAD)
    os.utime(path_of(tmp_path / "edge-0", 2), (0, 0))
    place = Place("edge-0", 1, path_of(tmp_path / "edge-0", 1).stat().st_size)
    assert 2 == delete_read(tmp_path, [place], before=NOW - DAY)
    end = Place("edge-0", 3, path_of(tmp_path / "edge-0", 3).stat().st_size)
    claim = lock(tmp_path / "edge-0")
    assert 0 == delete_read(tmp_path, [end], before=NOW - DAY)
    os.close(claim)


def test_of_a_writer_that_nobody_runs_an_empty_segment_is_left(tmp_path: Path) -> None:
    """Once all was read and is old enough: its clicks are not kept for ever, and its numbers go on."""
    segments(tmp_path / "edge-0", 2, changed=NOW - 2 * DAY)
    begun, end = Place("edge-0", 2, len(HEAD)), Place("edge-0", 2, path_of(tmp_path / "edge-0", 2).stat().st_size)
    assert 0 == delete_read(tmp_path, [end], before=NOW - 3 * DAY)
    assert 1 == delete_read(tmp_path, [begun], before=NOW - DAY)
    assert [1, 0, 0] == [delete_read(tmp_path, [end], before=NOW + day * DAY) for day in (-1, 0, 9)]
    assert [3] == numbers(tmp_path / "edge-0")
    assert HEAD == path_of(tmp_path / "edge-0", 3).read_bytes()
    os.close(lock(tmp_path / "edge-0"))


def test_a_clock_that_was_put_back_keeps_segments_longer(tmp_path: Path) -> None:
    """They seem to be of a day that is to come."""
    segments(tmp_path / "edge-0", 2, changed=NOW + 2 * DAY)
    assert 0 == delete_read(tmp_path, [Place("edge-0", 2, 21)], before=NOW - DAY)
    assert 1 == delete_read(tmp_path, [Place("edge-0", 2, 21)], before=NOW + 3 * DAY)


def test_the_time_for_which_segments_are_kept_begins_when_they_are_read(tmp_path: Path) -> None:
    """After a long stop of the engine they are still kept for all of it."""
    segments(tmp_path / "edge-0", 3, changed=NOW - 9 * DAY)
    place = Place("edge-0", 3, 21)
    mark_read(tmp_path, place, since=2)
    assert 1 == delete_read(tmp_path, [place], before=NOW - DAY)
    assert [2, 3] == numbers(tmp_path / "edge-0")


def test_a_writer_s_folder_may_be_gone(tmp_path: Path) -> None:
    """There is nothing to mark and nothing to delete."""
    mark_read(tmp_path, Place("edge-0", 3, 21), since=1)
    assert 0 == delete_read(tmp_path, [Place("edge-0", 3, 21)], before=NOW)
