"""The end of one writer's folder."""

import errno
from functools import partial
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal.frames import HEAD, pack
from clicktrail.server.journal.segments import Segment, numbers, path_of, read_lines
from clicktrail.server.journal.tail import Tail


def lines_of(folder: Path) -> dict[int, list[bytes]]:
    """The lines of each segment."""
    return {number: read_lines(path_of(folder, number), len(HEAD), limit=100) for number in numbers(folder)}


def test_what_is_written_is_found_before_it_is_synced(tmp_path: Path) -> None:
    """And what was not synced is taken back when the tail is left."""
    tail = Tail(tmp_path)
    tail.open()
    tail.write(pack(b"synced"))
    tail.sync()
    tail.write(pack(b"not synced"))
    before = lines_of(tmp_path)
    tail.leave()
    assert {1: [b"synced", b"not synced"]} == before
    assert {1: [b"synced"]} == lines_of(tmp_path)


def test_a_full_segment_is_synced_before_the_next_begins(tmp_path: Path) -> None:
    """So that nothing of it is taken back."""
    tail = Tail(tmp_path, begin=partial(Segment, capacity=len(HEAD) + 20))
    for line in (b"first", b"second"):
        tail.write(pack(line))
    tail.sync()
    tail.leave()
    assert {1: [b"first"], 2: [b"second"]} == lines_of(tmp_path)


def test_a_roll_begins_a_segment_unless_the_last_is_empty(tmp_path: Path) -> None:
    """Nothing happens where nothing was written since."""
    tail = Tail(tmp_path)
    tail.roll()
    tail.write(pack(b"first"))
    tail.roll()
    tail.roll()
    tail.leave()
    assert {1: [b"first"], 2: []} == lines_of(tmp_path)


class Broken(Segment):
    """A segment that can be begun, and then takes nothing."""

    def write(self, data: bytes) -> None:
        """Take the head alone."""
        if data != HEAD:
            raise OSError(errno.ENOSPC, "no room")
        super().write(data)


def test_attempts_at_a_full_disk_leave_no_empty_segments(tmp_path: Path) -> None:
    """Except one that is alone: from it the numbers go on."""
    for begun in (Segment(tmp_path, 1), Segment(tmp_path, 2)):
        begun.write(pack(b"a click"))
        begun.sync()
        begun.close()
    tail = Tail(tmp_path, begin=Broken)
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            tail.write(pack(b"another"))
    assert [1, 2] == numbers(tmp_path)
    alone = Tail(tmp_path / "alone", begin=Broken)
    with pytest.raises(OSError, match="no room"):
        alone.write(pack(b"another"))
    assert [1] == numbers(tmp_path / "alone")


def test_a_folder_that_somebody_else_claims_is_left_alone(tmp_path: Path) -> None:
    """Until it is left; a tail that has left claims it anew when it writes."""
    first, second = Tail(tmp_path), Tail(tmp_path)
    first.open()
    with pytest.raises(StorageError, match="another process"):
        second.open()
    with pytest.raises(BlockingIOError):
        second.write(pack(b"no"))
    first.leave()
    second.write(pack(b"yes"))
    second.sync()
    second.leave()
    assert {1: [b"yes"]} == lines_of(tmp_path)


def test_a_sync_without_a_segment_has_nothing_to_do(tmp_path: Path) -> None:
    """Nothing was written."""
    Tail(tmp_path).sync()
    assert [] == list(tmp_path.iterdir())
