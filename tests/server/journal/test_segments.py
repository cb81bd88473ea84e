"""Segment files: names, locks, rolling."""

import errno
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal.cursor import SegmentPosition
from clicktrail.server.journal.frames import PREALLOCATE_BYTES
from clicktrail.server.journal.reader import read_segment
from clicktrail.server.journal.segments import (
    Segment,
    SegmentAppender,
    SegmentFile,
    is_being_written,
    list_segments,
    lock_folder,
)

LINES = [b"first", b"second", b"third"]


def write_segment(folder: Path, lines: list[bytes]) -> SegmentFile:
    segment = Segment(folder, 1)
    segment.write(lines)
    segment.sync()
    segment.close()
    (file,) = list_segments(folder)
    return file


def read_lines(segment: SegmentFile) -> list[bytes]:
    return [entry.line for entry in read_segment(segment, SegmentPosition(), limit=100).entries]


def read_folder(folder: Path) -> dict[int, list[bytes]]:
    return {segment.number: read_lines(segment) for segment in list_segments(folder)}


def test_open_segment_is_readable(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write(LINES[:2])
    lines_read = read_folder(tmp_path)
    segment.close()
    assert lines_read == {1: LINES[:2]}


def test_closed_segment_has_no_preallocated_space(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    size_before = segment.path.stat().st_size
    segment.write(LINES)
    segment.sync()
    segment.close()
    assert (size_before, segment.path.stat().st_size) == (PREALLOCATE_BYTES, segment.size)


def test_preallocated_space_of_a_killed_writer_is_removed(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write([*LINES, bytes(100)])
    os.close(segment._fd)
    assert read_folder(tmp_path) == {1: [*LINES, bytes(100)]}
    assert segment.path.stat().st_size == segment.size
    assert read_folder(tmp_path) == {1: [*LINES, bytes(100)]}


def test_segments_of_one_number_differ_by_id(tmp_path: Path) -> None:
    for _ in range(2):
        segment = Segment(tmp_path, 1)
        segment.write(LINES)
        segment.sync()
        segment.close()
    first, second = list_segments(tmp_path)
    assert (first.number, second.number) == (1, 1)
    assert first.key != second.key
    assert (read_lines(first), read_lines(second)) == (LINES, LINES)


def test_label_and_header_name_the_segment(tmp_path: Path) -> None:
    (tmp_path / "edge-0").mkdir()
    segment = write_segment(tmp_path / "edge-0", LINES)
    assert segment.label == "edge-0/0000000001"
    assert segment.key == f"edge-0/0000000001-{segment.id.hex()}"
    assert segment.path.read_bytes().startswith(b"clicktrail journal 2 %s\n" % segment.id.hex().encode())


def test_segment_is_locked_while_it_is_written(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    with segment.path.open("rb") as file:
        while_open = is_being_written(file.fileno())
        segment.write(LINES)
        segment.sync()
        segment.close()
        assert (while_open, is_being_written(file.fileno())) == (True, False)


def test_empty_segment_is_deleted_when_it_is_closed(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.close()
    assert list_segments(tmp_path) == []


def test_sync_of_a_deleted_segment_fails(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.path.unlink()
    segment.write([b"lost"])
    with pytest.raises(FileNotFoundError):
        segment.sync()
    segment.close()


def test_sync_in_a_folder_that_was_moved_away_fails(tmp_path: Path) -> None:
    folder = tmp_path / "edge-0"
    folder.mkdir()
    segment = Segment(folder, 1)
    folder.rename(tmp_path / "elsewhere")
    segment.write([b"lost"])
    with pytest.raises(FileNotFoundError):
        segment.sync()
    folder.mkdir()
    segment.path.touch()
    with pytest.raises(FileNotFoundError):
        segment.sync()
    segment.close()
    assert segment.path.exists()


def test_close_truncates_unsynced_lines(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write([b"first"])
    segment.sync()
    segment.write([b"second"])
    before = read_folder(tmp_path)
    segment.close()
    assert before == {1: [b"first", b"second"]}
    assert read_folder(tmp_path) == {1: [b"first"]}


def test_other_files_are_not_segments(tmp_path: Path) -> None:
    names = ["0000000010-0123456789abcdef.segment", "0000000009.segment", "lock", "notes.segment"]
    for name in [*names, "0000000011.segment.bak", "0000000012-0123.segment", ".0000000013.segment"]:
        (tmp_path / name).touch()
    assert [segment.path.name for segment in list_segments(tmp_path)] == [names[1], names[0]]


def test_folder_is_locked_by_one_writer(tmp_path: Path) -> None:
    claim = lock_folder(tmp_path / "edge-0")
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path / "edge-0")
    os.close(claim)
    os.close(lock_folder(tmp_path / "edge-0"))
    assert (tmp_path / "edge-0" / "lock").exists()


def test_release_truncates_unsynced_lines(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path)
    appender.open()
    appender.write([b"synced"])
    appender.sync()
    appender.write([b"not synced"])
    before = read_folder(tmp_path)
    appender.release()
    assert before == {1: [b"synced", b"not synced"]}
    assert read_folder(tmp_path) == {1: [b"synced"]}


def test_full_segment_is_synced_before_the_next_is_created(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path, create_segment=partial(Segment, capacity=80))
    for line in (b"first", b"second"):
        appender.write([line])
    appender.sync()
    appender.release()
    assert read_folder(tmp_path) == {1: [b"first"], 2: [b"second"]}


def test_roll_of_an_empty_segment_does_nothing(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path)
    appender.roll()
    appender.write([b"first"])
    appender.roll()
    appender.roll()
    assert read_folder(tmp_path) == {1: [b"first"], 2: []}
    appender.release()


class FullDiskSegment(Segment):
    def write(self, lines: Sequence[bytes]) -> None:
        raise OSError(errno.ENOSPC, f"no room for {len(lines)} lines")


def test_retries_on_a_full_disk_leave_no_empty_segments(tmp_path: Path) -> None:
    write_segment(tmp_path, LINES)
    appender = SegmentAppender(tmp_path, create_segment=FullDiskSegment)
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            appender.write([b"another"])
    assert read_folder(tmp_path) == {1: LINES}


def test_locked_folder_is_refused(tmp_path: Path) -> None:
    first, second = SegmentAppender(tmp_path), SegmentAppender(tmp_path)
    first.open()
    with pytest.raises(StorageError, match="another process"):
        second.open()
    with pytest.raises(BlockingIOError):
        second.write([b"no"])
    first.release()
    second.write([b"yes"])
    second.sync()
    second.release()
    assert read_folder(tmp_path) == {1: [b"yes"]}


def test_sync_without_a_segment_does_nothing(tmp_path: Path) -> None:
    SegmentAppender(tmp_path).sync()
    assert list(tmp_path.iterdir()) == []
