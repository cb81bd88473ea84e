"""What every journal promises to those who write to it and read from it."""

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
class Segments:
    """The journal on the machine's own disk."""

    folder: Path

    def writer(self, name: str) -> SegmentWriter:
        """One writer's end."""
        return SegmentWriter(
            self.folder / name, asyncio.get_running_loop(), create_segment=partial(Segment, capacity=200)
        )

    def reader(self) -> JournalReader:
        """The other end."""
        return SegmentReader(self.folder, self.folder / "cursor")


@pytest.fixture
def journal(tmp_path: Path) -> Segments:
    """The implementation under test; the second one will make this a parameter."""
    return Segments(tmp_path / "journal")


async def write(writer: Journal, lines: list[bytes]) -> list[bool]:
    """Append lines together and wait for what becomes of each."""
    loop = asyncio.get_running_loop()
    outcomes: list[asyncio.Future[bool]] = [loop.create_future() for _ in lines]
    for line, outcome in zip(lines, outcomes, strict=True):
        writer.append(line, outcome.set_result)
    return await asyncio.gather(*outcomes)


async def read(reader: JournalReader, limit: int = 100) -> list[bytes]:
    """The next lines."""
    return [entry.line for entry in await reader.read(limit)]


async def test_each_line_is_confirmed_and_found(journal: Segments) -> None:
    lines = [b'{"type":"click"}', b"", b"\x00" * 20, "Ünïcode\n".encode(), b"x" * 3_000]
    with journal.writer("edge-0") as writer:
        assert await write(writer, lines) == [True] * 5
        reader = journal.reader()
        assert lines == await read(reader)
        assert await read(reader) == []


async def test_every_writer_is_read(journal: Segments) -> None:
    names = ["edge-0", "edge-1", "engine"]
    for name in names:
        with journal.writer(name) as writer:
            await write(writer, [f"{name} {number}".encode() for number in range(5)])
    found = await read(journal.reader())
    assert len(found) == 15
    for name in names:
        expected = [f"{name} {number}".encode() for number in range(5)]
        assert expected == [line for line in found if line.startswith(name.encode())]


async def test_the_limit_is_kept_over_all_writers(journal: Segments) -> None:
    for name in ("edge-0", "edge-1"):
        with journal.writer(name) as writer:
            await write(writer, [f"{name} {number}".encode() for number in range(10)])
    reader = journal.reader()
    batches = [await read(reader, 7) for _ in range(4)]
    assert [len(batch) for batch in batches] == [7, 7, 6, 0]
    assert len({line for batch in batches for line in batch}) == 20


async def test_reading_resumes_where_it_was_committed(journal: Segments) -> None:
    with journal.writer("edge-0") as writer:
        await write(writer, [b"1", b"2", b"3"])
        reader = journal.reader()
        assert await read(reader, 2) == [b"1", b"2"]
        await reader.commit()
        assert await read(reader) == [b"3"]
        await write(writer, [b"4"])
        assert await read(journal.reader()) == [b"3", b"4"]


async def test_a_new_writer_goes_on_behind_the_old_one(journal: Segments) -> None:
    reader = journal.reader()
    for life in range(3):
        with journal.writer("edge-0") as writer:
            await write(writer, [f"life {life}".encode()])
        assert [f"life {life}".encode()] == await read(reader)


async def test_a_writer_that_left_refuses(journal: Segments) -> None:
    writer = journal.writer("edge-0")
    writer.close()
    assert await write(writer, [b"late"]) == [False]
    assert await read(journal.reader()) == []
