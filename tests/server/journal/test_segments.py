"""Segment files: frames, torn tails, locks, rolling."""

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


def write_segment(folder: Path, lines: list[bytes]) -> Path:
    segment = Segment(folder, 1)
    segment.write(b"".join(map(encode_frame, lines)))
    segment.sync()
    segment.close()
    return segment_path(folder, 1)


def read_all_lines(path: Path) -> list[bytes]:
    return read_lines(path, len(SEGMENT_HEADER), limit=100)


def test_open_segment_is_readable(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write(encode_frame(b"first") + encode_frame(b"second"))
    size = segment_path(tmp_path, 1).stat().st_size
    lines_read = read_all_lines(segment_path(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == lines_read
    assert size > segment.size


def test_closed_segment_has_no_preallocated_space(tmp_path: Path) -> None:
    assert SEGMENT_HEADER + b"".join(map(encode_frame, LINES)) == write_segment(tmp_path, LINES).read_bytes()


def test_existing_segment_is_not_overwritten(tmp_path: Path) -> None:
    write_segment(tmp_path, LINES)
    with pytest.raises(FileExistsError):
        Segment(tmp_path, 1)
    assert LINES == read_all_lines(segment_path(tmp_path, 1))


def test_sync_of_a_deleted_segment_fails(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment_path(tmp_path, 1).unlink()
    segment.write(encode_frame(b"lost"))
    with pytest.raises(FileNotFoundError):
        segment.sync()
    segment.close()


def test_close_truncates_unsynced_lines(tmp_path: Path) -> None:
    segment = Segment(tmp_path, 1)
    segment.write(encode_frame(b"first"))
    segment.sync()
    segment.write(encode_frame(b"second"))
    before = read_all_lines(segment_path(tmp_path, 1))
    segment.close()
    assert [b"first", b"second"] == before
    assert [b"first"] == read_all_lines(segment_path(tmp_path, 1))


@pytest.mark.parametrize("tail", [b"", bytes(5_000), b"\xff" * 5_000], ids=["short", "zeros", "garbage"])
def test_torn_tail_is_truncated(tmp_path: Path, tail: bytes) -> None:
    whole = write_segment(tmp_path, LINES).read_bytes()
    before = SEGMENT_HEADER + b"".join(map(encode_frame, LINES[:2]))
    for end in range(len(before), len(whole)):
        torn = tmp_path / "torn"
        torn.write_bytes(whole[:end] + tail)
        if torn.read_bytes().startswith(whole):  # the tail happens to be what was cut off
            continue
        lines_read = read_all_lines(torn)
        truncate_torn_tail(torn)
        assert LINES[:2] == lines_read
        assert before == torn.read_bytes()


@pytest.mark.parametrize("head", [b"", SEGMENT_HEADER[:7], bytes(100), SEGMENT_HEADER[:7] + bytes(100)])
def test_segment_with_incomplete_header_is_empty(tmp_path: Path, head: bytes) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(head)
    truncate_torn_tail(path)
    assert [] == read_all_lines(path)


def test_other_version_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = segment_path(tmp_path, 1)
    path.write_bytes(b"clicktrail journal 2\nwhatever")
    truncate_torn_tail(path)
    with pytest.raises(StorageError, match="0000000001"):
        read_all_lines(path)
    assert b"clicktrail journal 2\nwhatever" == path.read_bytes()


def test_line_longer_than_a_chunk_is_read(tmp_path: Path) -> None:
    lines = [b"a" * 100_000, b"b" * 1_000_000, b"c"]
    path = write_segment(tmp_path, lines)
    first = read_all_lines(path)
    second = read_lines(path, len(SEGMENT_HEADER) + len(encode_frame(lines[0])), limit=100)
    assert lines[:1] == first
    assert lines[1:2] == second


def test_other_files_are_not_segments(tmp_path: Path) -> None:
    for name in ["0000000010.segment", "0000000009.segment", "lock", "notes.segment", "0000000011.segment.bak"]:
        (tmp_path / name).touch()
    assert [9, 10] == list_segment_numbers(tmp_path)


def test_folder_is_locked_by_one_writer(tmp_path: Path) -> None:
    claim = lock_folder(tmp_path / "edge-0")
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path / "edge-0")
    os.close(claim)
    os.close(lock_folder(tmp_path / "edge-0"))
    assert (tmp_path / "edge-0" / "lock").exists()


@given(st.lists(st.binary(max_size=300)))
def test_frames_round_trip(lines: list[bytes]) -> None:
    assert lines == decode_frames(b"".join(map(encode_frame, lines)), max_lines=len(lines) + 1)


@given(st.lists(st.binary(max_size=30), min_size=1), st.data())
def test_decoding_stops_at_the_limit(lines: list[bytes], data: st.DataObject) -> None:
    limit = data.draw(st.integers(0, len(lines)))
    assert lines[:limit] == decode_frames(b"".join(map(encode_frame, lines)), max_lines=limit)


@given(st.lists(st.binary(max_size=30)), st.binary(max_size=30), st.data())
def test_decoding_stops_at_a_truncated_frame(lines: list[bytes], last: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, FRAME_HEADER_BYTES + len(last) - 1))
    assert lines == decode_frames(b"".join(map(encode_frame, lines)) + encode_frame(last)[:cut], max_lines=100)


@given(st.binary(max_size=60), st.data())
def test_flipped_bit_invalidates_a_frame(line: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode_frame(line))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert [] == decode_frames(bytes(frame), max_lines=1)


def test_zeros_are_not_a_frame() -> None:
    assert [] == decode_frames(bytes(64), max_lines=10)
    assert [b""] == decode_frames(encode_frame(b"") + bytes(64), max_lines=10)


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
def test_frame_size_is_peeked(data: bytes, size: int) -> None:
    assert size == peek_frame_size(data)


def read_folder(folder: Path) -> dict[int, list[bytes]]:
    return {
        number: read_lines(segment_path(folder, number), len(SEGMENT_HEADER), limit=100)
        for number in list_segment_numbers(folder)
    }


def test_release_truncates_unsynced_frames(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path)
    appender.open()
    appender.write(encode_frame(b"synced"))
    appender.sync()
    appender.write(encode_frame(b"not synced"))
    before = read_folder(tmp_path)
    appender.release()
    assert {1: [b"synced", b"not synced"]} == before
    assert {1: [b"synced"]} == read_folder(tmp_path)


def test_full_segment_is_synced_before_the_next_is_created(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path, create_segment=partial(Segment, capacity=len(SEGMENT_HEADER) + 20))
    for line in (b"first", b"second"):
        appender.write(encode_frame(line))
    appender.sync()
    appender.release()
    assert {1: [b"first"], 2: [b"second"]} == read_folder(tmp_path)


def test_roll_keeps_an_empty_segment(tmp_path: Path) -> None:
    appender = SegmentAppender(tmp_path)
    appender.roll()
    appender.write(encode_frame(b"first"))
    appender.roll()
    appender.roll()
    appender.release()
    assert {1: [b"first"], 2: []} == read_folder(tmp_path)


class FullDiskSegment(Segment):
    def write(self, data: bytes) -> None:
        if data != SEGMENT_HEADER:
            raise OSError(errno.ENOSPC, "no room")
        super().write(data)


def test_retries_on_a_full_disk_leave_no_empty_segments(tmp_path: Path) -> None:
    for segment in (Segment(tmp_path, 1), Segment(tmp_path, 2)):
        segment.write(encode_frame(b"a click"))
        segment.sync()
        segment.close()
    appender = SegmentAppender(tmp_path, create_segment=FullDiskSegment)
    for _ in range(3):
        with pytest.raises(OSError, match="no room"):
            appender.write(encode_frame(b"another"))
    assert [1, 2] == list_segment_numbers(tmp_path)
    alone = SegmentAppender(tmp_path / "alone", create_segment=FullDiskSegment)
    with pytest.raises(OSError, match="no room"):
        alone.write(encode_frame(b"another"))
    assert [1] == list_segment_numbers(tmp_path / "alone")


def test_locked_folder_is_refused(tmp_path: Path) -> None:
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
    assert {1: [b"yes"]} == read_folder(tmp_path)


def test_sync_without_a_segment_does_nothing(tmp_path: Path) -> None:
    SegmentAppender(tmp_path).sync()
    assert [] == list(tmp_path.iterdir())
