"""The files of one writer."""

import os
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal.frames import HEAD, pack
from clicktrail.server.journal.segments import Segment, cut_torn_tail, lock, numbers, path_of, read_lines

LINES = [b"first", b"second", b"third"]


def written(folder: Path, lines: list[bytes]) -> Path:
    """A closed segment that holds these lines."""
    segment = Segment(folder, 1)
    segment.write(b"".join(map(pack, lines)))
    segment.sync()
    segment.close()
    return path_of(folder, 1)


def lines_of(path: Path) -> list[bytes]:
    """All that can be read."""
    return read_lines(path, len(HEAD), limit=100)


def test_an_open_segment_is_readable_up_to_what_is_written(tmp_path: Path) -> None:
    """The room taken in advance is not read."""
    segment = Segment(tmp_path, 1)
    segment.write(pack(b"first") + pack(b"second"))
    size = path_of(tmp_path, 1).stat().st_size
    found = lines_of(path_of(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == found
    assert size > segment.size


def test_a_closed_segment_is_as_long_as_its_lines(tmp_path: Path) -> None:
    """Closing gives the unused room back."""
    assert HEAD + b"".join(map(pack, LINES)) == written(tmp_path, LINES).read_bytes()


def test_a_segment_is_never_begun_twice(tmp_path: Path) -> None:
    """Its number is taken for ever."""
    written(tmp_path, LINES)
    with pytest.raises(FileExistsError):
        Segment(tmp_path, 1)
    assert LINES == lines_of(path_of(tmp_path, 1))


def test_a_deleted_segment_takes_no_more_lines(tmp_path: Path) -> None:
    """What nobody could find again must not be confirmed."""
    segment = Segment(tmp_path, 1)
    path_of(tmp_path, 1).unlink()
    segment.write(pack(b"lost"))
    with pytest.raises(FileNotFoundError):
        segment.sync()
    segment.close()


def test_what_was_not_synced_is_taken_back_at_the_end(tmp_path: Path) -> None:
    """It is written again elsewhere, and should be found once."""
    segment = Segment(tmp_path, 1)
    segment.write(pack(b"first"))
    segment.sync()
    segment.write(pack(b"second"))
    before = lines_of(path_of(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == before
    assert [b"first"] == lines_of(path_of(tmp_path, 1))


@pytest.mark.parametrize("tail", [b"", bytes(5_000), b"\xff" * 5_000], ids=["short", "zeros", "garbage"])
def test_a_torn_tail_is_cut_off_wherever_it_is_torn(tmp_path: Path, tail: bytes) -> None:
    """At every byte of the last frame, whatever the disk holds behind it."""
    whole = written(tmp_path, LINES).read_bytes()
    before = HEAD + b"".join(map(pack, LINES[:2]))
    for end in range(len(before), len(whole)):
        torn = tmp_path / "torn"
        torn.write_bytes(whole[:end] + tail)
        if torn.read_bytes().startswith(whole):  # the tail happens to be what was cut off
            continue
        found = lines_of(torn)
        cut_torn_tail(torn)
        assert LINES[:2] == found
        assert before == torn.read_bytes()


@pytest.mark.parametrize("head", [b"", HEAD[:7], bytes(100), HEAD[:7] + bytes(100)])
def test_a_segment_whose_beginning_was_lost_is_empty(tmp_path: Path, head: bytes) -> None:
    """A crash between making the file and writing its head leaves one of these."""
    path = path_of(tmp_path, 1)
    path.write_bytes(head)
    cut_torn_tail(path)
    assert [] == lines_of(path)


def test_a_file_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Neither read as something else nor cut."""
    path = path_of(tmp_path, 1)
    path.write_bytes(b"clicktrail journal 2\nwhatever")
    cut_torn_tail(path)
    with pytest.raises(StorageError, match="0000000001"):
        lines_of(path)
    assert b"clicktrail journal 2\nwhatever" == path.read_bytes()


def test_a_line_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    """Reading proceeds in chunks of 256 KiB, and lines know nothing of that."""
    lines = [b"a" * 100_000, b"b" * 1_000_000, b"c"]
    path = written(tmp_path, lines)
    first = lines_of(path)
    second = read_lines(path, len(HEAD) + len(pack(lines[0])), limit=100)
    assert lines[:1] == first
    assert lines[1:2] == second


def test_numbers_grow_and_strangers_are_passed_over(tmp_path: Path) -> None:
    """Only files that are named like segments count."""
    for name in ["0000000010.segment", "0000000009.segment", "lock", "notes.segment", "0000000011.segment.bak"]:
        (tmp_path / name).touch()
    assert [9, 10] == numbers(tmp_path)


def test_a_folder_is_claimed_by_one(tmp_path: Path) -> None:
    """Until the claim is given up."""
    claim = lock(tmp_path / "edge-0")
    with pytest.raises(BlockingIOError):
        lock(tmp_path / "edge-0")
    os.close(claim)
    os.close(lock(tmp_path / "edge-0"))
    assert (tmp_path / "edge-0" / "lock").exists()
