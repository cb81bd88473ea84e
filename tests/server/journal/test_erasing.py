import asyncio
import os
from pathlib import Path

import pytest

from clicktrail.server.journal.cursor import SegmentPosition
from clicktrail.server.journal.erasing import erase_lines
from clicktrail.server.journal.frames import FrameFormat1
from clicktrail.server.journal.reader import SegmentReader, read_segment
from clicktrail.server.journal.segments import list_segments
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.recorded_journal import read_journal_lines

LINES = [b"mary 1", b"bob 1", b"mary 2", b"bob 2"]


def is_marys(line: bytes) -> bool:
    return b"mary" in line


def erase(folder: Path) -> int:
    return erase_lines(folder, is_erased=is_marys, is_in_text=is_marys)


def append(writer: SegmentWriter, *lines: bytes) -> None:
    for line in lines:
        writer.append(line, lambda _committed: None)
    writer.flush()


async def test_lines_are_overwritten_while_the_segment_is_written(tmp_path: Path) -> None:
    reader = SegmentReader(tmp_path, tmp_path / "cursor.json")
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as writer:
        append(writer, *LINES)
        assert len(await reader.read(1)) == 1
        assert erase(tmp_path) == 2
        append(writer, b"bob 3")
        assert [entry.line for entry in await reader.read(10)] == [b"bob 1", b"      ", b"bob 2", b"bob 3"]
    assert [line for line in read_journal_lines(tmp_path) if line.strip()] == [b"bob 1", b"bob 2", b"bob 3"]
    assert (reader.damaged_bytes, erase(tmp_path)) == (0, 0)


@pytest.mark.parametrize("torn_bytes", [0, 30])
async def test_damage_and_torn_lines_are_overwritten(tmp_path: Path, torn_bytes: int) -> None:
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as writer:
        append(writer, *LINES, b"mary 3")
    (segment,) = list_segments(tmp_path / "edge-0")
    data = bytearray(segment.path.read_bytes())
    data[data.index(b"mary 1") + 5] ^= 1  # the frame is no longer sound
    segment.path.write_bytes(
        data + (b"" if not torn_bytes else segment.frame_format.encode([b"mary 4" * 9])[:torn_bytes])
    )
    os.utime(segment.path, (1, 1))
    assert erase(tmp_path) == 2
    assert b"mary" not in segment.path.read_bytes()
    assert [line for line in read_journal_lines(tmp_path) if line.strip()] == [b"bob 1", b"bob 2"]
    assert segment.path.stat().st_mtime == 1


def test_segment_of_version_1_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "edge-0" / "0000000001.segment"
    path.parent.mkdir()
    path.write_bytes(FrameFormat1.segment_header + FrameFormat1().encode(LINES))
    assert erase(tmp_path) == 2
    (segment,) = list_segments(path.parent)
    lines = [entry.line for entry in read_segment(segment, SegmentPosition(), limit=9).entries]
    assert lines == [b"      ", b"bob 1", b"      ", b"bob 2"]


def test_missing_journal_holds_nothing(tmp_path: Path) -> None:
    assert erase(tmp_path / "journal") == 0


async def test_entries_that_were_read_are_overwritten(tmp_path: Path) -> None:
    reader = SegmentReader(tmp_path, tmp_path / "cursor.json")
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as writer:
        append(writer, *LINES)
        entries = await reader.read(10)
        await reader.erase([entry for entry in entries if is_marys(entry.line)])
        await reader.erase(entries[:1])
        append(writer, b"bob 3")
    assert read_journal_lines(tmp_path) == [b"      ", b"bob 1", b"      ", b"bob 2", b"bob 3"]
