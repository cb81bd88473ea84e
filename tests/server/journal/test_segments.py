"""The files of one writer."""

import errno
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER,
    Segment,
    SegmentAppender,
    decode_frames,
    encode_frame,
    list_segment_numbers,
    lock_folder,
    peek_frame_size,
    read_lines,
    segment_path,
    truncate_torn_tail,
)

LINES = [b"first", b"second", b"third"]


def written(folder: Path, lines: list[bytes]) -> Path:
    """A closed segment that holds these lines."""
    segment = Segment(folder, 1)
    segment.write(b"".join(map(encode_frame, lines)))
    segment.sync()
    segment.close()
    return segment_path(folder, 1)


def lines_of(path: Path) -> list[bytes]:
    """All that can be read."""
    return read_lines(path, len(SEGMENT_HEADER), limit=100)


def test_an_open_segment_is_readable_up_to_what_is_written(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write(encode_frame(b"first") + encode_frame(b"second"))
    size = segment_path(tmp_path, 1).stat().st_size
    found = lines_of(segment_path(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == found
    assert size > segment.size


def test_a_closed_segment_is_as_long_as_its_lines(tmp_path: Path) -> None:
    assert SEGMENT_HEADER + b"".join(map(encode_frame, LINES)) == written(tmp_path, LINES).read_bytes()


def test_a_segment_is_never_begun_twice(tmp_path: Path) -> None:
    written(tmp_path, LINES)
    with pytest.raises(FileExistsError):
        Segment(tmp_path, 1)
    assert LINES == lines_of(segment_path(tmp_path, 1))


def test_a_deleted_segment_takes_no_more_lines(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment_path(tmp_path, 1).unlink()
    segment.write(encode_frame(b"lost"))
    with pytest.raises(FileNotFoundError):
        segment.sync()
    segment.close()


def test_what_was_not_synced_is_taken_back_at_the_end(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write(encode_frame(b"first"))
    segment.sync()
    segment.write(encode_frame(b"second"))
    before = lines_of(segment_path(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == before
    assert [b"first"] == lines_of(segment_path(tmp_path, 1))


@pytest.mark.parametrize("tail", [b"", bytes(5_000), b"\xff" * 5_000], ids=["short", "zeros", "garbage"])
def test_a_torn_tail_is_cut_off_wherever_it_is_torn(tmp_path: Path, tail: bytes) -> None:
    whole = written(tmp_path, LINES).read_bytes()
    before = SEGMENT_HEADER + b"".join(map(encode_frame, LINES[:2]))
    for end in range(len(before), len(whole)):
        torn = tmp_path / "torn"
        torn.write_bytes(whole[:end] + tail)
        if torn.read_bytes().startswith(whole):  # the tail happens to be what was cut off
            continue
        found = lines_of(torn)
        truncate_torn_tail(torn)
        assert LINES[:2] == found
        assert before == torn.read_bytes()


@pytest.mark.parametrize("head", [b"", SEGMENT_HEADER[:7], bytes(100), SEGMENT_HEADER[:7] + bytes(100)])
def test_a_segment_whose_beginning_was_lost_is_empty(tmp_path: Path, head: bytes) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(head)
    truncate_torn_tail(path)
    assert [] == lines_of(path)


def test_a_file_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(b"clicktrail journal 2\nwhatever")
    truncate_torn_tail(path)
    with pytest.raises(StorageError, match="0000000001"):
        lines_of(path)
    assert b"clicktrail journal 2\nwhatever" == path.read_bytes()


def test_a_line_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    lines = [b"a" * 100_000, b"b" * 1_000_000, b"c"]
    path = written(tmp_path, lines)
    first = lines_of(path)
    second = read_lines(path, len(SEGMENT_HEADER) + len(encode_frame(lines[0])), limit=100)
    assert lines[:1] == first
    assert lines[1:2] == second


def test_numbers_grow_and_strangers_are_passed_over(tmp_path: Path) -> None:
    for name in ["0000000010.segment", "0000000009.segment", "lock", "notes.segment", "0000000011.segment.bak"]:
        (tmp_path / name).touch()
    assert [9, 10] == list_segment_numbers(tmp_path)


def test_a_folder_is_claimed_by_one(tmp_path: Path) -> None:
    claim = lock_folder(tmp_path / "edge-0")
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path / "edge-0")
    os.close(claim)
    os.close(lock_folder(tmp_path / "edge-0"))
    assert (tmp_path / "edge-0" / "lock").exists()


@given(st.lists(st.binary(max_size=300)))
def test_lines_come_back_as_they_went_in(lines: list[bytes]) -> None:
    assert lines == decode_frames(b"".join(map(encode_frame, lines)), limit=len(lines) + 1)


@given(st.lists(st.binary(max_size=30), min_size=1), st.data())
def test_the_limit_is_kept(lines: list[bytes], data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, len(lines)))
    assert lines[:limit] == decode_frames(b"".join(map(encode_frame, lines)), limit=limit)


@given(st.lists(st.binary(max_size=30)), st.binary(max_size=30), st.data())
def test_a_frame_that_is_cut_off_anywhere_is_no_frame(lines: list[bytes], last: bytes, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, FRAME_HEADER_BYTES + len(last) - 1))
    assert lines == decode_frames(b"".join(map(encode_frame, lines)) + encode_frame(last)[:kept], limit=100)


@given(st.binary(max_size=60), st.data())
def test_a_flipped_bit_is_noticed(line: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(line))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert [] == decode_frames(bytes(frame), limit=1)


def test_zeros_are_no_frame() -> None:
    assert [] == decode_frames(bytes(64), limit=10)
    assert [b""] == decode_frames(encode_frame(b"") + bytes(64), limit=10)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"", 0),
        (b"\x05\x00", 0),
        (bytes(20), 0),
        (encode_frame(b"hello"), 13),
        (encode_frame(b"hello")[:9], 13),
        (encode_frame(b""), 8),
    ],
)
def test_a_frame_announces_its_size(data: bytes, size: int) -> None:
    assert size == peek_frame_size(data)


def lines_of_tail(folder: Path) -> dict[int, list[bytes]]:
    """The lines of each segment."""
    return {
        number: read_lines(segment_path(folder, number), len(SEGMENT_HEADER), limit=100)
        for number in list_segment_numbers(folder)
    }


def test_what_is_written_is_found_before_it_is_synced(tmp_path: Path) -> None:
    tail = SegmentAppender(tmp_path)
    tail.open()
    tail.write(encode_frame(b"synced"))
    tail.sync()
    tail.write(encode_frame(b"not synced"))
    before = lines_of_tail(tmp_path)
    tail.release()
    assert {1: [b"synced", b"not synced"]} == before
    assert {1: [b"synced"]} == lines_of_tail(tmp_path)


def test_a_full_segment_is_synced_before_the_next_begins(tmp_path: Path) -> None:
    tail = SegmentAppender(tmp_path, create_segment=partial(Segment, capacity=len(SEGMENT_HEADER) + 20))
    for line in (b"first", b"second"):
        tail.write(encode_frame(line))
    tail.sync()
    tail.release()
    assert {1: [b"first"], 2: [b"second"]} == lines_of_tail(tmp_path)


def test_a_roll_begins_a_segment_unless_the_last_is_empty(tmp_path: Path) -> None:
    tail = SegmentAppender(tmp_path)
    tail.roll()
    tail.write(encode_frame(b"first"))
    tail.roll()
    tail.roll()
    tail.release()
    assert {1: [b"first"], 2: []} == lines_of_tail(tmp_path)


class Broken(Segment):
    """A segment that can be begun, and then takes nothing."""

    def write(self, data: bytes) -> None:
        """Take the head alone."""
        if data != SEGMENT_HEADER:
            raise OSError(errno.ENOSPC, "no room")
        super().write(data)


def test_attempts_at_a_full_disk_leave_no_empty_segments(tmp_path: Path) -> None:
    for begun in (Segment(tmp_path, 1), Segment(tmp_path, 2)):
        begun.write(encode_frame(b"a click"))
        begun.sync()
        begun.close()
    tail = SegmentAppender(tmp_path, create_segment=Broken)
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            tail.write(encode_frame(b"another"))
    assert [1, 2] == list_segment_numbers(tmp_path)
    alone = SegmentAppender(tmp_path / "alone", create_segment=Broken)
    with pytest.raises(OSError, match="no room"):
        alone.write(encode_frame(b"another"))
    assert [1] == list_segment_numbers(tmp_path / "alone")


def test_a_folder_that_somebody_else_claims_is_left_alone(tmp_path: Path) -> None:
    first, second = SegmentAppender(tmp_path), SegmentAppender(tmp_path)
    first.open()
    with pytest.raises(StorageError, match="another process"):
        second.open()
    with pytest.raises(BlockingIOError):
        second.write(encode_frame(b"no"))
    first.release()
    second.write(encode_frame(b"yes"))
    second.sync()
    second.release()
    assert {1: [b"yes"]} == lines_of_tail(tmp_path)


def test_a_sync_without_a_segment_has_nothing_to_do(tmp_path: Path) -> None:
    SegmentAppender(tmp_path).sync()
    assert [] == list(tmp_path.iterdir())
