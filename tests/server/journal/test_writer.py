"""One writer's end of the journal."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.segments import numbers, path_of
from clicktrail.server.journal.writer import SegmentWriter

Outcome = tuple[bytes, bool]


def writer_on(folder: Path, *, segment_bytes: int = 1_000_000) -> SegmentWriter:
    """A writer on the running loop."""
    return SegmentWriter(folder, asyncio.get_running_loop(), segment_bytes=segment_bytes)


async def committed(writer: SegmentWriter, line: bytes) -> bool:
    """Append a line and wait for what becomes of it."""
    outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    writer.append(line, outcome.set_result)
    return await outcome


def lines_in(journal: Path) -> list[bytes]:
    """Everything a new reader finds."""
    return [entry.line for entry in SegmentReader(journal, journal / "cursor").read(1_000_000)]


async def test_a_line_is_on_disk_when_it_is_confirmed(tmp_path: Path) -> None:
    """Nobody needs to close or flush anything first."""
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"a click")
        assert [b"a click"] == lines_in(tmp_path)


async def test_lines_that_arrive_together_share_a_batch(tmp_path: Path) -> None:
    """None is confirmed before the loop has turned, all are at once, in order."""
    told: list[bool] = []
    with writer_on(tmp_path / "edge-0") as writer:
        for number in range(50):
            writer.append(b"%d" % number, told.append)
        assert [] == told
        assert await committed(writer, b"last")
        assert [True] * 50 == told
    assert [*(b"%d" % number for number in range(50)), b"last"] == lines_in(tmp_path)


async def test_flush_commits_at_once(tmp_path: Path) -> None:
    """Without a turn of the loop."""
    told: list[bool] = []
    with writer_on(tmp_path / "edge-0") as writer:
        writer.append(b"a click", told.append)
        writer.flush()
        assert [True] == told


async def test_close_commits_and_then_takes_no_more(tmp_path: Path) -> None:
    """A line that comes too late is refused at once, and counted."""
    told: list[bool] = []
    writer = writer_on(tmp_path / "edge-0")
    writer.append(b"in time", told.append)
    writer.close()
    writer.append(b"too late", told.append)
    assert [True, False] == told
    assert writer.failed == 1
    assert [b"in time"] == lines_in(tmp_path)


async def test_a_callback_may_append(tmp_path: Path) -> None:
    """What it appends goes into the next batch."""
    with writer_on(tmp_path / "edge-0") as writer:
        second: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        writer.append(b"first", lambda _: writer.append(b"second", second.set_result))
        assert await second
    assert [b"first", b"second"] == lines_in(tmp_path)


async def test_segments_roll_by_size(tmp_path: Path) -> None:
    """A batch that would overfill a segment goes into the next one; a larger one than any gets one for itself."""
    sizes = [40, 40, 40, 500, 40]
    with writer_on(tmp_path / "edge-0", segment_bytes=130) as writer:
        for size in sizes:
            assert await committed(writer, b"x" * size)
    assert [1, 2, 3, 4] == numbers(tmp_path / "edge-0")
    assert sizes == [len(line) for line in lines_in(tmp_path)]


async def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """Until the first one has left."""
    with writer_on(tmp_path / "edge-0"):
        with pytest.raises(StorageError, match="another process"):
            writer_on(tmp_path / "edge-0")
        writer_on(tmp_path / "edge-1").close()
    writer_on(tmp_path / "edge-0").close()
    assert [] == numbers(tmp_path / "edge-0")


async def test_a_torn_tail_is_cut_off_at_the_start_and_never_written_behind(tmp_path: Path) -> None:
    """The new writer's lines are in a segment of their own."""
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"before")
    whole = path_of(tmp_path / "edge-0", 1).read_bytes()
    path_of(tmp_path / "edge-0", 1).write_bytes(whole + b"\x07\x00\x00\x00torn")
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"after")
    assert whole == path_of(tmp_path / "edge-0", 1).read_bytes()
    assert [1, 2] == numbers(tmp_path / "edge-0")
    assert [b"before", b"after"] == lines_in(tmp_path)


async def test_a_journal_that_cannot_be_written_says_so_at_once_and_recovers(tmp_path: Path) -> None:
    """Here a file stands in the folder's place until somebody takes it away."""
    folder = tmp_path / "edge-0"
    folder.touch()
    with writer_on(folder) as writer:
        assert isinstance(writer.last_error, OSError)
        assert not await committed(writer, b"first")
        assert not await committed(writer, b"second")
        assert writer.failed == 2
        folder.unlink()
        assert await committed(writer, b"third")
        assert writer.failed == 2
        assert writer.last_error is None
    assert [b"third"] == lines_in(tmp_path)


async def test_a_folder_that_is_removed_is_made_again(tmp_path: Path) -> None:
    """A line that would have gone into the deleted segment is refused, and the lock is taken anew."""
    folder = tmp_path / "edge-0"
    with writer_on(folder) as writer:
        assert await committed(writer, b"first")
        shutil.rmtree(folder)
        assert not await committed(writer, b"second")
        assert await committed(writer, b"third")
        assert [2] == numbers(folder)
        with pytest.raises(StorageError):
            writer_on(folder)
    assert [b"third"] == lines_in(tmp_path)


DISK_FULL = """
import asyncio, resource, sys
from pathlib import Path
from clicktrail.server.journal.writer import SegmentWriter

async def main():
    loop = asyncio.get_running_loop()
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    with SegmentWriter(Path(sys.argv[1]), loop) as writer:
        for number in range(8):
            outcome = loop.create_future()
            writer.append(b"%d" % number + bytes(100_000), outcome.set_result)
            print(number, await outcome, writer.failed)

asyncio.run(main())
"""


def test_a_write_that_ends_half_way_is_refused_and_the_next_one_goes_elsewhere(tmp_path: Path) -> None:
    """A limit on the size of files stops the third line of each segment in the middle."""
    run = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path / "edge-0")], capture_output=True, text=True, check=True
    )
    expected = "0 True 0\n1 True 0\n2 False 1\n3 True 1\n4 True 1\n5 False 2\n6 True 2\n7 True 2\n"
    assert expected == run.stdout
    assert [b"0", b"1", b"3", b"4", b"6", b"7"] == [line[:1] for line in lines_in(tmp_path)]
