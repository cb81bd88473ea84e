"""Read the journal, commit positions, delete expired segments."""

import asyncio
import errno
import os
import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.journal import reader
from clicktrail.server.journal.reader import JournalPosition, SegmentReader, delete_read_segments, mark_segments_read
from clicktrail.server.journal.segments import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER,
    Segment,
    encode_frame,
    list_segment_numbers,
    lock_folder,
    segment_path,
)
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.system import SystemClock

Batches = st.lists(st.lists(st.binary(max_size=80), min_size=1, max_size=5), max_size=5)


def create_segment(folder: Path, number: int, lines: list[bytes]) -> Segment:
    folder.mkdir(exist_ok=True)
    segment = Segment(folder, number)
    segment.write(b"".join(map(encode_frame, lines)))
    segment.sync()
    return segment


async def read_lines_from(reader: SegmentReader, limit: int = 1_000) -> list[bytes]:
    return [entry.line for entry in await reader.read(limit)]


async def write_batches(folder: Path, batches: list[list[bytes]], capacity: int) -> None:
    with SegmentWriter(
        folder, asyncio.get_running_loop(), create_segment=partial(Segment, capacity=capacity)
    ) as writer:
        for batch in batches:
            for line in batch:
                writer.append(line, lambda _: None)
            writer.flush()


@settings(max_examples=60)
@given(
    sessions=st.lists(st.tuples(Batches, st.integers(1, 200), st.booleans()), max_size=4),
    limit=st.integers(1, 9),
)
async def test_lines_are_read_as_written(sessions: list[tuple[list[list[bytes]], int, bool]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        journal = Path(name)
        reader = SegmentReader(journal, journal / "cursor")
        lines_read: list[bytes] = []
        for batches, capacity, restart in sessions:
            await write_batches(journal / "edge-0", batches, capacity)
            while lines := await read_lines_from(reader, limit):
                assert len(lines) <= limit
                lines_read += lines
            if restart:
                await reader.commit()
                reader = SegmentReader(journal, journal / "cursor")
        assert [line for batches, _, _ in sessions for batch in batches for line in batch] == lines_read


async def test_uncommitted_lines_are_read_again(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"a", b"b", b"c"]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"a"] == await read_lines_from(reader, 1)
    await reader.commit()
    assert [b"b", b"c"] == await read_lines_from(reader)
    assert [b"b", b"c"] == await read_lines_from(SegmentReader(tmp_path, tmp_path / "cursor"))


async def test_missing_journal_reads_as_empty(tmp_path: Path) -> None:
    reader = SegmentReader(tmp_path / "journal", tmp_path / "cursor")
    assert [] == await read_lines_from(reader)
    await reader.commit()
    assert not (tmp_path / "cursor").exists()


async def test_incomplete_frame_is_read_once_complete(tmp_path: Path) -> None:
    open_segment = create_segment(tmp_path / "edge-0", 1, [b"first"])
    path = segment_path(tmp_path / "edge-0", 1)
    start = open_segment.size
    frame = encode_frame(b"second")
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"first"] == await read_lines_from(reader)
    for caught in range(len(frame)):
        with path.open("r+b") as file:
            file.seek(start)
            file.write(frame[:caught])
        assert [] == await read_lines_from(reader)
    open_segment.write(frame)
    assert [b"second"] == await read_lines_from(reader)
    open_segment.close()


async def test_torn_tail_of_finished_segment_is_skipped(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"first"]).close()
    path = segment_path(tmp_path / "edge-0", 1)
    path.write_bytes(path.read_bytes() + encode_frame(b"torn")[:-1])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"first"] == await read_lines_from(reader)
    create_segment(tmp_path / "edge-0", 2, [b"second"]).close()
    assert [b"second"] == await read_lines_from(reader)


async def test_lines_after_a_power_cut_are_read(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"synced", b"not synced"]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"synced", b"not synced"] == await read_lines_from(reader)
    await reader.commit()
    with segment_path(tmp_path / "edge-0", 1).open("r+b") as file:
        file.truncate(len(SEGMENT_HEADER) + FRAME_HEADER_BYTES + len(b"synced") + 3)
    await write_batches(
        tmp_path / "edge-0", [[b"a line that is longer than what was lost"], [b"and another"]], 1_000_000
    )
    again = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"a line that is longer than what was lost", b"and another"] == await read_lines_from(again)


async def test_deleted_segments_are_skipped(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        create_segment(tmp_path / "edge-0", number, [b"%d" % number]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"1"] == await read_lines_from(reader, 1)
    segment_path(tmp_path / "edge-0", 1).unlink()
    segment_path(tmp_path / "edge-0", 2).unlink()
    assert [b"3"] == await read_lines_from(reader)


async def test_only_committed_segments_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "edge-0").mkdir()
    claim = lock_folder(tmp_path / "edge-0")
    for number in (1, 2, 3):
        create_segment(tmp_path / "edge-0", number, [b"%d" % number]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    tomorrow = SystemClock().now() + timedelta(days=1)
    assert [b"1", b"2", b"3"] == await read_lines_from(reader)
    assert 0 == reader.delete_segments(before=tomorrow)
    await reader.commit()
    assert 2 == reader.delete_segments(before=tomorrow)
    assert [3] == list_segment_numbers(tmp_path / "edge-0")
    os.close(claim)
    create_segment(tmp_path / "edge-0", 4, [b"4"]).close()
    assert [b"4"] == await read_lines_from(SegmentReader(tmp_path, tmp_path / "cursor"))


async def test_segment_before_an_empty_one_is_deleted(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1"]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"1"] == await read_lines_from(reader)
    open_segment = create_segment(tmp_path / "edge-0", 2, [])
    assert [] == await read_lines_from(reader)
    await reader.commit()
    assert 1 == reader.delete_segments(before=SystemClock().now() + timedelta(days=1))
    open_segment.write(encode_frame(b"2"))
    assert [b"2"] == await read_lines_from(reader)
    open_segment.close()


async def test_recreated_folder_is_read_from_its_start(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 7, [b"old"]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert [b"old"] == await read_lines_from(reader)
    segment_path(tmp_path / "edge-0", 7).unlink()
    assert [] == await read_lines_from(reader)
    create_segment(tmp_path / "edge-0", 1, [b"new"]).close()
    assert [b"new"] == await read_lines_from(reader)


async def test_each_writer_comes_first_in_turn(tmp_path: Path) -> None:
    for writer in ("edge-0", "edge-1", "engine"):
        create_segment(tmp_path / writer, 1, [f"{writer} {number}".encode() for number in range(100)]).close()
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    writers = [(await read_lines_from(reader, 10))[0].split()[0] for _ in range(6)]
    assert {b"edge-0", b"edge-1", b"engine"} == set(writers[:3]) == set(writers[3:])


POSITIONS = (JournalPosition("edge-0", 3, 21), JournalPosition("engine", 1, 400))


def test_positions_round_trip(tmp_path: Path) -> None:
    reader.save_positions(tmp_path / "cursor", POSITIONS[:1])
    reader.save_positions(tmp_path / "cursor", POSITIONS)
    assert POSITIONS == reader.load_positions(tmp_path / "cursor")


def test_missing_cursor_has_no_positions(tmp_path: Path) -> None:
    assert () == reader.load_positions(tmp_path / "cursor")


def test_failed_save_keeps_the_old_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    reader.save_positions(tmp_path / "cursor", POSITIONS)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError):
        reader.save_positions(tmp_path / "cursor", POSITIONS[:1])
    assert POSITIONS == reader.load_positions(tmp_path / "cursor")


@pytest.mark.parametrize("text", [b"", b"{", b'{"edge-0": 3}', b"\xff"])
def test_invalid_cursor_is_refused_with_a_hint(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "cursor").write_bytes(text)
    with pytest.raises(StorageError) as caught:
        reader.load_positions(tmp_path / "cursor")
    assert "read the journal again from its start" in caught.value.hint


NOW = SystemClock().now()
DAY = timedelta(days=1)


def create_segments(writer: Path, count: int, *, changed: datetime) -> None:
    writer.mkdir()
    for number in range(1, count + 1):
        segment_path(writer, number).write_bytes(SEGMENT_HEADER + encode_frame(b"a click"))
        os.utime(segment_path(writer, number), (changed.timestamp(), changed.timestamp()))


def test_read_and_expired_segments_are_deleted(tmp_path: Path) -> None:
    for name in ("edge-0", "edge-1"):
        create_segments(tmp_path / name, 4, changed=NOW - 2 * DAY)
    deleted = delete_read_segments(
        tmp_path, [JournalPosition("edge-0", 3, 21), JournalPosition("edge-1", 2, 21)], before=NOW - DAY
    )
    assert (3, [3, 4], [2, 3, 4]) == (
        deleted,
        list_segment_numbers(tmp_path / "edge-0"),
        list_segment_numbers(tmp_path / "edge-1"),
    )


def test_recent_segments_are_kept(tmp_path: Path) -> None:
    create_segments(tmp_path / "edge-0", 4, changed=NOW - DAY / 2)
    assert 0 == delete_read_segments(tmp_path, [JournalPosition("edge-0", 4, 21)], before=NOW - DAY)
    assert [1, 2, 3, 4] == list_segment_numbers(tmp_path / "edge-0")


def test_unread_segments_are_kept_however_old(tmp_path: Path) -> None:
    for name in ("edge-0", "edge-1"):
        create_segments(tmp_path / name, 2, changed=NOW - 9 * DAY)
    assert 0 == delete_read_segments(tmp_path, [JournalPosition("edge-0", 1, 21)], before=NOW + 365 * DAY)
    assert [1, 2] == list_segment_numbers(tmp_path / "edge-0") == list_segment_numbers(tmp_path / "edge-1")


def test_newest_segment_of_a_running_writer_is_kept(tmp_path: Path) -> None:
    create_segments(tmp_path / "edge-0", 3, changed=NOW - 2 * DAY)
    segment_path(tmp_path / "edge-0", 2).write_bytes(SEGMENT_HEADER)
    os.utime(segment_path(tmp_path / "edge-0", 2), (0, 0))
    position = JournalPosition("edge-0", 1, segment_path(tmp_path / "edge-0", 1).stat().st_size)
    assert 2 == delete_read_segments(tmp_path, [position], before=NOW - DAY)
    end = JournalPosition("edge-0", 3, segment_path(tmp_path / "edge-0", 3).stat().st_size)
    claim = lock_folder(tmp_path / "edge-0")
    assert 0 == delete_read_segments(tmp_path, [end], before=NOW - DAY)
    os.close(claim)


def test_stopped_writer_keeps_an_empty_segment(tmp_path: Path) -> None:
    create_segments(tmp_path / "edge-0", 2, changed=NOW - 2 * DAY)
    start, end = (
        JournalPosition("edge-0", 2, len(SEGMENT_HEADER)),
        JournalPosition("edge-0", 2, segment_path(tmp_path / "edge-0", 2).stat().st_size),
    )
    assert 0 == delete_read_segments(tmp_path, [end], before=NOW - 3 * DAY)
    assert 1 == delete_read_segments(tmp_path, [start], before=NOW - DAY)
    assert [1, 0, 0] == [delete_read_segments(tmp_path, [end], before=NOW + day * DAY) for day in (-1, 0, 9)]
    assert [3] == list_segment_numbers(tmp_path / "edge-0")
    assert SEGMENT_HEADER == segment_path(tmp_path / "edge-0", 3).read_bytes()
    os.close(lock_folder(tmp_path / "edge-0"))


def test_clock_set_back_keeps_segments_longer(tmp_path: Path) -> None:
    create_segments(tmp_path / "edge-0", 2, changed=NOW + 2 * DAY)
    assert 0 == delete_read_segments(tmp_path, [JournalPosition("edge-0", 2, 21)], before=NOW - DAY)
    assert 1 == delete_read_segments(tmp_path, [JournalPosition("edge-0", 2, 21)], before=NOW + 3 * DAY)


def test_retention_starts_when_segments_are_read(tmp_path: Path) -> None:
    create_segments(tmp_path / "edge-0", 3, changed=NOW - 9 * DAY)
    position = JournalPosition("edge-0", 3, 21)
    mark_segments_read(tmp_path, position, first_segment=2)
    assert 1 == delete_read_segments(tmp_path, [position], before=NOW - DAY)
    assert [2, 3] == list_segment_numbers(tmp_path / "edge-0")


def test_marking_ignores_a_missing_folder(tmp_path: Path) -> None:
    mark_segments_read(tmp_path, JournalPosition("edge-0", 3, 21), first_segment=1)
    assert 0 == delete_read_segments(tmp_path, [JournalPosition("edge-0", 3, 21)], before=NOW)
