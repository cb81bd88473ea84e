"""Read the journal, commit positions, delete expired segments."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from clicktrail.errors import StorageError
from clicktrail.server.journal.frames import PREALLOCATE_BYTES, FrameFormat2
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.segments import Segment, SegmentFile, list_segments
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.system import SystemClock
from tests.server.journal.test_frames import encode_version_1
from tests.support.recorded_journal import list_segment_numbers

Batches = st.lists(st.lists(st.binary(max_size=80), min_size=1, max_size=5), max_size=5)
NOW = SystemClock().now()
DAY = timedelta(days=1)


def open_segment(folder: Path, number: int, lines: list[bytes]) -> Segment:
    folder.mkdir(parents=True, exist_ok=True)
    segment = Segment(folder, number)
    segment.write(lines)
    segment.sync()
    return segment


def create_segment(folder: Path, number: int, lines: list[bytes]) -> Path:
    segment = open_segment(folder, number, lines)
    segment.close()
    return segment.path


async def read(reader: SegmentReader, limit: int = 1_000) -> list[bytes]:
    return [entry.line for entry in await reader.read(limit)]


async def read_and_commit(reader: SegmentReader, limit: int = 1_000) -> list[bytes]:
    lines = await read(reader, limit)
    await reader.commit()
    return lines


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
            while lines := await read(reader, limit):
                assert len(lines) <= limit
                lines_read += lines
            if restart:
                await reader.commit()
                reader = SegmentReader(journal, journal / "cursor")
        assert lines_read == [line for batches, _, _ in sessions for batch in batches for line in batch]


async def test_uncommitted_lines_are_read_again(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"a", b"b", b"c"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read_and_commit(reader, 1) == [b"a"]
    assert await read(reader) == [b"b", b"c"]
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"b", b"c"]


async def test_missing_journal_reads_as_empty(tmp_path: Path) -> None:
    reader = SegmentReader(tmp_path / "journal", tmp_path / "cursor")
    assert await read_and_commit(reader) == []
    assert not (tmp_path / "cursor").exists()


async def test_journal_that_is_no_folder_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    with pytest.raises(StorageError, match="cannot be read"):
        await read(SegmentReader(tmp_path / "journal", tmp_path / "cursor"))


async def test_incomplete_frame_is_read_once_complete(tmp_path: Path) -> None:
    segment = open_segment(tmp_path / "edge-0", 1, [b"first"])
    (file,) = list_segments(tmp_path / "edge-0")
    frame = FrameFormat2(file.id).encode([b"second"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read(reader) == [b"first"]
    for written in range(len(frame)):
        with file.path.open("r+b") as opened:
            opened.seek(segment.size)
            opened.write(frame[:written])
        assert await read(reader) == []
    segment.write([b"second"])
    assert await read(reader) == [b"second"]
    segment.close()
    assert reader.damaged_bytes == 0


async def test_torn_tail_of_a_killed_writer_is_skipped(tmp_path: Path) -> None:
    path = create_segment(tmp_path / "edge-0", 1, [b"first", b"torn"])
    content = path.read_bytes()[:-1]
    for tail in (b"", bytes(PREALLOCATE_BYTES - len(content))):
        path.write_bytes(content + tail)
        reader = SegmentReader(tmp_path, tmp_path / "cursor")
        assert await read(reader) == [b"first"]
        create_segment(tmp_path / "edge-0", 2, [b"second"])
        assert await read(reader) == [b"second"]
        assert (reader.damaged_bytes, reader.collect_problems()) == (0, ())
        list_segments(tmp_path / "edge-0")[-1].path.unlink()
    assert path.read_bytes() == content


async def test_lines_after_a_power_cut_are_read(tmp_path: Path) -> None:
    path = create_segment(tmp_path / "edge-0", 1, [b"synced", b"not synced"])
    assert await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"synced", b"not synced"]
    os.truncate(path, path.stat().st_size - 7)
    lines = [b"a line that is longer than what was lost", b"and another"]
    await write_batches(tmp_path / "edge-0", [[line] for line in lines], 1_000_000)
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == lines


async def test_deleted_segments_are_skipped(tmp_path: Path) -> None:
    paths = [create_segment(tmp_path / "edge-0", number, [b"%d" % number]) for number in (1, 2, 3)]
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read(reader, 1) == [b"1"]
    paths[0].unlink()
    paths[1].unlink()
    assert await read(reader) == [b"3"]


async def test_each_writer_comes_first_in_turn(tmp_path: Path) -> None:
    for writer in ("edge-0", "edge-1", "engine"):
        create_segment(tmp_path / writer, 1, [f"{writer} {number}".encode() for number in range(100)])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    writers = [(await read(reader, 10))[0].split()[0] for _ in range(6)]
    assert {b"edge-0", b"edge-1", b"engine"} == set(writers[:3]) == set(writers[3:])


def write_version_1(folder: Path, number: int, lines: list[bytes]) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / f"{number:010}.segment"
    path.write_bytes(b"clicktrail journal 1\n" + encode_version_1(lines))


async def test_busy_writer_leaves_a_share_to_the_others(tmp_path: Path) -> None:
    busy = [b"busy-%d" % number for number in range(100)]
    for name, lines in {"0": busy[:50], "2": [b"a", b"b"], "3": [b"c"]}.items():
        create_segment(tmp_path / name, 1, lines)
    create_segment(tmp_path / "0", 2, busy[50:])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    first = await read_and_commit(reader, 12)
    assert {b"a", b"b", b"c"} <= set(first)
    assert len(first) == 12
    read_lines = list(first)
    while lines := await read_and_commit(reader, 12):
        read_lines += lines
    assert [line for line in read_lines if line in busy] == busy


async def test_journal_of_version_1_is_continued(tmp_path: Path) -> None:
    write_version_1(tmp_path / "edge-0", 1, [b"{1}", b"{2}"])
    write_version_1(tmp_path / "edge-0", 2, [b"{3}", b"{4}"])
    offset = 21 + 8 + 3
    (tmp_path / "cursor").write_text(f'[{{"writer":"edge-0","segment":2,"offset":{offset}}}]', "utf-8")
    await write_batches(tmp_path / "edge-0", [[b"{5}"]], 1_000)
    assert await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"{4}", b"{5}"]
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read(reader) == []
    assert reader.delete_segments(before=NOW + DAY) == 3


async def test_journal_of_version_1_is_read_from_its_start(tmp_path: Path) -> None:
    write_version_1(tmp_path / "edge-0", 1, [b"{1}", b"{2}"])
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"{1}", b"{2}"]


async def delete_after_reading(folder: Path, days: float) -> int:
    """Number of segments deleted when everything is read, with segments modified some days ago."""
    reader = SegmentReader(folder, folder / "cursor")
    await read_and_commit(reader)
    for segment in (segment for writer in ("edge-0", "edge-1") for segment in list_segments(folder / writer)):
        os.utime(segment.path, ((NOW - days * DAY).timestamp(),) * 2)
    return reader.delete_segments(before=NOW - DAY)


async def test_finished_and_expired_segments_are_deleted(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        create_segment(tmp_path / "edge-0", number, [b"%d" % number])
        create_segment(tmp_path / "edge-1", number, [b"%d" % number])
    running = open_segment(tmp_path / "edge-1", 4, [b"4"])
    assert await delete_after_reading(tmp_path, 2) == 6
    assert (list_segment_numbers(tmp_path / "edge-0"), list_segment_numbers(tmp_path / "edge-1")) == ([], [4])
    running.write([b"5"])
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"5"]
    running.close()


async def test_recent_segments_are_kept(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1"])
    create_segment(tmp_path / "edge-1", 1, [b"2"])
    assert await delete_after_reading(tmp_path, 0.5) == 0
    assert list_segment_numbers(tmp_path / "edge-0") == [1]


async def test_segments_are_kept_until_they_are_committed(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1"])
    create_segment(tmp_path / "edge-0", 2, [b"2"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert reader.delete_segments(before=NOW + DAY) == 0
    assert await read(reader, 1) == [b"1"]
    assert reader.delete_segments(before=NOW + DAY) == 0
    await reader.commit()
    assert await read(reader) == [b"2"]
    assert reader.delete_segments(before=NOW + DAY) == 0
    await reader.commit()
    assert reader.delete_segments(before=NOW + DAY) == 2


async def test_segment_closed_after_its_last_line_is_deleted(tmp_path: Path) -> None:
    segment = open_segment(tmp_path / "edge-0", 1, [b"1"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read_and_commit(reader) == [b"1"]
    assert reader.delete_segments(before=NOW + DAY) == 0
    segment.close()
    assert await read(reader) == []
    assert reader.delete_segments(before=NOW + DAY) == 1


async def test_retention_starts_when_segments_are_finished(tmp_path: Path) -> None:
    path = create_segment(tmp_path / "edge-0", 1, [b"1"])
    os.utime(path, (0, 0))
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    await read_and_commit(reader)
    assert reader.delete_segments(before=NOW - DAY) == 0
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == []
    os.utime(path, (0, 0))
    again = SegmentReader(tmp_path, tmp_path / "cursor")
    await read_and_commit(again)
    assert again.delete_segments(before=NOW - DAY) == 1


async def test_clock_set_back_keeps_segments_longer(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1"])
    create_segment(tmp_path / "edge-1", 1, [b"2"])
    assert await delete_after_reading(tmp_path, -2) == 0


async def test_expired_segment_with_unread_lines_is_kept_and_read(tmp_path: Path) -> None:
    path = create_segment(tmp_path / "edge-0", 1, [b"1", b"2"])
    whole = path.read_bytes()
    path.write_bytes(whole[:-21])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read_and_commit(reader) == [b"1"]
    path.write_bytes(whole)
    assert reader.delete_segments(before=NOW + DAY) == 0
    assert await read_and_commit(reader) == [b"2"]
    assert reader.delete_segments(before=NOW + DAY) == 1


# What was lost or restored, beside a cursor that stayed. In each case the lines that are read must contain the new
# ones; old ones may be read again.


async def test_recreated_folder_is_read_from_its_start(tmp_path: Path) -> None:
    for life in range(3):
        lines = [f"life {life} line {number}".encode() for number in range(30)]
        await write_batches(tmp_path / "edge-0", [lines], 1_000_000)
        assert await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor")) == lines
        shutil.rmtree(tmp_path / "edge-0")


async def test_recreated_folder_with_more_segments_is_read_from_its_start(tmp_path: Path) -> None:
    await write_batches(tmp_path / "edge-0", [[b"old"]], 1_000_000)
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    await read_and_commit(reader)
    shutil.rmtree(tmp_path / "edge-0")
    new = [[b"new %d" % number] for number in range(5)]
    await write_batches(tmp_path / "edge-0", new, 1)
    assert await read_and_commit(reader) == [line for batch in new for line in batch]


async def test_lines_after_a_restored_older_copy_are_read(tmp_path: Path) -> None:
    journal, backup = tmp_path / "journal", tmp_path / "backup"
    await write_batches(journal / "edge-0", [[b"1"], [b"2"]], 1)
    shutil.copytree(journal, backup)
    await write_batches(journal / "edge-0", [[b"3"], [b"4"]], 1)
    assert await read_and_commit(SegmentReader(journal, tmp_path / "cursor")) == [b"1", b"2", b"3", b"4"]
    shutil.rmtree(journal)
    shutil.copytree(backup, journal)
    await write_batches(journal / "edge-0", [[b"5"], [b"6"], [b"7"]], 1)
    assert await read_and_commit(SegmentReader(journal, tmp_path / "cursor")) == [b"5", b"6", b"7"]


async def test_folder_that_came_back_is_read(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    await write_batches(journal / "edge-0", [[b"1"], [b"2"]], 1_000_000)
    reader = SegmentReader(journal, journal / "cursor")
    assert await read_and_commit(reader) == [b"1", b"2"]
    await write_batches(journal / "edge-0", [[b"unread"]], 1_000_000)
    (journal / "edge-0").rename(tmp_path / "away")
    assert await read_and_commit(reader) == []
    await write_batches(journal / "edge-0", [[b"3"]], 1_000_000)
    assert await read_and_commit(reader) == [b"3"]
    for path in (tmp_path / "away").glob("*.segment"):
        path.rename(journal / "edge-0" / path.name)
    assert b"unread" in await read_and_commit(reader)
    assert reader.delete_segments(before=NOW + DAY) == 3


async def test_journal_beside_an_older_cursor_is_read_on_from_it(tmp_path: Path) -> None:
    journal, cursor = tmp_path / "journal", tmp_path / "cursor"
    await write_batches(journal / "edge-0", [[b"1"]], 1_000_000)
    await read_and_commit(SegmentReader(journal, cursor))
    older = cursor.read_bytes()
    await write_batches(journal / "edge-0", [[b"2"], [b"3"]], 1)
    assert await read_and_commit(SegmentReader(journal, cursor)) == [b"2", b"3"]
    cursor.write_bytes(older)
    assert await read_and_commit(SegmentReader(journal, cursor)) == [b"2", b"3"]
    cursor.unlink()
    assert await read_and_commit(SegmentReader(journal, cursor)) == [b"1", b"2", b"3"]


async def test_cursor_behind_the_end_skips_nothing(tmp_path: Path) -> None:
    path = create_segment(tmp_path / "edge-0", 1, [b"1", b"2"])
    await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor"))
    os.truncate(path, path.stat().st_size - 21)
    await write_batches(tmp_path / "edge-0", [[b"3"]], 1_000_000)
    assert await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"3"]


@pytest.mark.parametrize("content", [b"", bytes(100), b"{", b"\xff", b'{"edge-0": 3}', b'{"segments":{},"checksum":1}'])
async def test_damaged_cursor_is_kept_aside_and_the_journal_read_again(tmp_path: Path, content: bytes) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1", b"2"])
    cursor = tmp_path / "cursor"
    await read_and_commit(SegmentReader(tmp_path, cursor))
    cursor.write_bytes(content)
    with capture_logs() as log:
        reader = SegmentReader(tmp_path, cursor)
    assert await read_and_commit(reader) == [b"1", b"2"]
    assert (tmp_path / "cursor.damaged").read_bytes() == content
    assert [(line["log_level"], line["event"]) for line in log] == [
        ("error", "the journal is read again from its start")
    ]
    assert [problem.code for problem in reader.collect_problems()] == ["cursor-damaged"]
    assert await read(SegmentReader(tmp_path, cursor)) == []
    (tmp_path / "cursor.damaged").unlink()
    assert reader.collect_problems() == ()


async def test_cursor_that_is_a_folder_is_kept_aside(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"1"])
    (tmp_path / "cursor").mkdir()
    assert await read_and_commit(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"1"]
    assert (tmp_path / "cursor").is_file()


async def test_entries_of_two_segments_of_one_number_are_erased(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"mary 1", b"bob 1"])
    create_segment(tmp_path / "edge-0", 1, [b"mary 2", b"bob 2"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    await reader.erase([entry for entry in await reader.read(9) if b"mary" in entry.line])
    lines = await read(SegmentReader(tmp_path, tmp_path / "cursor"))
    assert sorted(line for line in lines if line.strip()) == [b"bob 1", b"bob 2"]


# Damage. `test_frames` has the ranges that are lost.


def damage_line(segment: SegmentFile, line: bytes) -> None:
    """Flip a bit in a line."""
    data = bytearray(segment.path.read_bytes())
    data[data.index(line)] ^= 1
    segment.path.write_bytes(data)


async def test_lines_behind_damage_are_read_and_it_is_reported(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"first", b"damaged", b"third"])
    create_segment(tmp_path / "edge-1", 1, [b"other"])
    damage_line(list_segments(tmp_path / "edge-0")[0], b"damaged")
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    with capture_logs() as log:
        assert sorted(await read_and_commit(reader)) == [b"first", b"other", b"third"]
    assert [(line["event"], line["segment"], line["offset"], line["bytes"]) for line in log] == [
        ("journal segment is damaged", "edge-0/0000000001", 63, 27)
    ]
    for current in (reader, SegmentReader(tmp_path, tmp_path / "cursor")):
        assert await read(current) == []
        (problem,) = current.collect_problems()
        assert (current.damaged_bytes, problem.code) == (27, "journal-damaged")
        assert "27 bytes are damaged in edge-0/0000000001" in problem.hint
    assert reader.delete_segments(before=NOW + DAY) == 2
    assert await read(reader) == []
    assert (reader.damaged_bytes, reader.collect_problems()) == (0, ())


async def test_damage_in_a_segment_that_is_being_written_delays_no_later_line(tmp_path: Path) -> None:
    segment = open_segment(tmp_path / "edge-0", 1, [b"first", b"damaged"])
    (file,) = list_segments(tmp_path / "edge-0")
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    with file.path.open("r+b") as opened:
        opened.seek(file.path.read_bytes().index(b"damaged"))
        opened.write(b"D")
    assert await read(reader) == [b"first"]
    assert reader.damaged_bytes == 0  # the line may be incomplete
    segment.write([b"third"])
    assert await read(reader) == [b"third"]
    assert reader.damaged_bytes == 27
    segment.close()


@pytest.mark.parametrize("removed", [1, 2, 3])
async def test_lines_that_moved_to_before_the_position_are_read(tmp_path: Path, removed: int) -> None:
    lines = [b"line %d" % number for number in range(6)]
    path = create_segment(tmp_path / "edge-0", 1, lines)
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert await read_and_commit(reader, 3) == lines[:3]
    data = path.read_bytes()
    start = data.index(lines[0])
    path.write_bytes(data[:start] + data[start + removed * (20 + len(lines[0])) - 7 :])
    for current in (SegmentReader(tmp_path, tmp_path / "cursor"), reader):
        batches = [await read_and_commit(current, 2) for _ in range(5)]
        lines_read = [line for batch in batches for line in batch]
        assert lines_read == lines[removed + 1 :]
        assert await read(current) == []
    assert reader.damaged_bytes > 0


async def test_new_writer_cuts_nothing_from_a_damaged_segment(tmp_path: Path) -> None:
    create_segment(tmp_path / "edge-0", 1, [b"first", b"damaged", b"third"])
    (segment,) = list_segments(tmp_path / "edge-0")
    damage_line(segment, b"damaged")
    before = segment.path.read_bytes()
    await write_batches(tmp_path / "edge-0", [[b"fourth"]], 1_000_000)
    assert segment.path.read_bytes() == before
    assert await read(SegmentReader(tmp_path, tmp_path / "cursor")) == [b"first", b"third", b"fourth"]


async def test_limit_applies_across_damage(tmp_path: Path) -> None:
    lines = [b"line %d" % number for number in range(10)]
    create_segment(tmp_path / "edge-0", 1, lines)
    for line in lines[::3]:
        damage_line(list_segments(tmp_path / "edge-0")[0], line)
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    batches = [await read_and_commit(reader, 4) for _ in range(3)]
    assert batches == [[lines[1], lines[2], lines[4], lines[5]], [lines[7], lines[8]], []]
    assert reader.damaged_bytes == 4 * (20 + 6)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def deny_reading(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root can read everything")
    path.chmod(0)


@pytest.mark.parametrize("spoil", [make_folder, deny_reading])
async def test_unreadable_segment_keeps_no_other_from_being_read(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(create_segment(tmp_path / "edge-0", 1, [b"1"]))
    create_segment(tmp_path / "edge-0", 2, [b"2"])
    create_segment(tmp_path / "edge-1", 1, [b"3"])
    reader = SegmentReader(tmp_path, tmp_path / "cursor")
    assert sorted(await read_and_commit(reader)) == [b"2", b"3"]
    (problem,) = reader.collect_problems()
    assert problem.code == "journal-not-readable"
    assert "edge-0/0000000001" in problem.hint
