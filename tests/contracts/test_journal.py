"""Contract of every journal: durability, order and reading on from a cursor."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.ports import Journal, JournalReader


@dataclass(frozen=True, slots=True)
class SegmentJournal:
    """Journal of segment files on the local disk."""

    folder: Path

    def writer(self, name: str) -> SegmentWriter:
        return SegmentWriter(
            self.folder / name, asyncio.get_running_loop(), create_segment=partial(Segment, capacity=200)
        )

    def reader(self) -> JournalReader:
        return SegmentReader(self.folder, self.folder / "cursor")


@pytest.fixture
def journal(tmp_path: Path) -> SegmentJournal:
    return SegmentJournal(tmp_path / "journal")


async def write(writer: Journal, lines: list[bytes]) -> list[bool]:
    """Append lines at once, and return whether each was committed."""
    loop = asyncio.get_running_loop()
    outcomes: list[asyncio.Future[bool]] = [loop.create_future() for _ in lines]
    for line, outcome in zip(lines, outcomes, strict=True):
        writer.append(line, outcome.set_result)
    return await asyncio.gather(*outcomes)


async def read(reader: JournalReader, limit: int = 100) -> list[bytes]:
    return [entry.line for entry in await reader.read(limit)]


async def test_committed_lines_are_read(journal: SegmentJournal) -> None:
    lines = [b'{"type":"click"}', b"", b"\x00" * 20, "Ünïcode\n".encode(), b"x" * 3_000]
    with journal.writer("edge-0") as writer:
        assert await write(writer, lines) == [True] * 5
        reader = journal.reader()
        assert await read(reader) == lines
        assert await read(reader) == []


async def test_lines_of_every_writer_are_read_in_order(journal: SegmentJournal) -> None:
    names = ["edge-0", "edge-1", "engine"]
    for name in names:
        with journal.writer(name) as writer:
            await write(writer, [f"{name} {number}".encode() for number in range(5)])
    lines = await read(journal.reader())
    assert len(lines) == 15
    for name in names:
        expected = [f"{name} {number}".encode() for number in range(5)]
        assert [line for line in lines if line.startswith(name.encode())] == expected


async def test_limit_applies_to_all_writers_together(journal: SegmentJournal) -> None:
    for name in ("edge-0", "edge-1"):
        with journal.writer(name) as writer:
            await write(writer, [f"{name} {number}".encode() for number in range(10)])
    reader = journal.reader()
    batches = [await read(reader, 7) for _ in range(4)]
    assert [len(batch) for batch in batches] == [7, 7, 6, 0]
    assert len({line for batch in batches for line in batch}) == 20


async def test_new_reader_resumes_at_the_committed_position(journal: SegmentJournal) -> None:
    with journal.writer("edge-0") as writer:
        await write(writer, [b"1", b"2", b"3"])
        reader = journal.reader()
        assert await read(reader, 2) == [b"1", b"2"]
        await reader.commit()
        assert await read(reader) == [b"3"]
        await write(writer, [b"4"])
        assert await read(journal.reader()) == [b"3", b"4"]


async def test_earlier_position_can_be_committed(journal: SegmentJournal) -> None:
    with journal.writer("edge-0") as writer:
        await write(writer, [b"1", b"2", b"3"])
        reader = journal.reader()
        assert await read(reader, 1) == [b"1"]
        position = reader.position
        assert await read(reader, 1) == [b"2"]
        await reader.commit(position)
        assert await read(journal.reader()) == [b"2", b"3"]
        await reader.commit()
        assert await read(journal.reader()) == [b"3"]


async def test_new_writer_continues_after_the_old_one(journal: SegmentJournal) -> None:
    reader = journal.reader()
    for number in range(3):
        with journal.writer("edge-0") as writer:
            await write(writer, [f"writer {number}".encode()])
        assert await read(reader) == [f"writer {number}".encode()]


async def test_closed_writer_commits_nothing(journal: SegmentJournal) -> None:
    writer = journal.writer("edge-0")
    writer.close()
    assert await write(writer, [b"late"]) == [False]
    assert await read(journal.reader()) == []
