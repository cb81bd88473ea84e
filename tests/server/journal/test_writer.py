"""Write to the journal: batches, acknowledgement, and a disk that fails, hangs or is full."""

import asyncio
import contextlib
import errno
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import Segment, list_segments
from clicktrail.server.journal.writer import Backlog, Durability, SegmentWriter
from tests.support.recorded_journal import list_segment_numbers, read_journal_lines

NOBODY = 65_534


def open_writer(folder: Path, *, capacity: int = 1_000_000) -> SegmentWriter:
    return SegmentWriter(folder, asyncio.get_running_loop(), create_segment=partial(Segment, capacity=capacity))


async def append_and_wait(writer: SegmentWriter, line: bytes) -> bool:
    outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    writer.append(line, outcome.set_result)
    return await outcome


async def test_acknowledged_line_is_on_disk(tmp_path: Path) -> None:
    with open_writer(tmp_path / "edge-0") as writer:
        assert await append_and_wait(writer, b"a click")
        assert [b"a click"] == read_journal_lines(tmp_path)


async def test_simultaneous_lines_share_a_batch(tmp_path: Path) -> None:
    results: list[bool] = []
    with open_writer(tmp_path / "edge-0") as writer:
        for number in range(50):
            writer.append(b"%d" % number, results.append)
        assert [] == results
        assert await append_and_wait(writer, b"last")
        assert [True] * 50 == results
    assert [*(b"%d" % number for number in range(50)), b"last"] == read_journal_lines(tmp_path)


async def test_line_of_the_next_loop_iteration_joins_the_batch(tmp_path: Path) -> None:
    results: list[str] = []
    with open_writer(tmp_path / "edge-0") as writer, contextlib.ExitStack() as sockets:
        sender, receiver = (sockets.enter_context(end) for end in socket.socketpair())
        loop = asyncio.get_running_loop()
        second = asyncio.Event()

        def read() -> None:
            loop.remove_reader(receiver)
            results.append("read")
            writer.append(b"second", lambda _committed: second.set())

        writer.append(b"first", lambda _committed: results.append("committed"))
        loop.add_reader(receiver, read)
        sender.send(b"!")
        await second.wait()
    assert ["read", "committed"] == results


async def test_flush_commits_immediately(tmp_path: Path) -> None:
    results: list[bool] = []
    with open_writer(tmp_path / "edge-0") as writer:
        writer.append(b"a click", results.append)
        writer.flush()
        assert [True] == results


async def test_closed_writer_drops_lines(tmp_path: Path) -> None:
    results: list[bool] = []
    writer = open_writer(tmp_path / "edge-0")
    writer.append(b"in time", results.append)
    writer.close()
    writer.append(b"too late", results.append)
    assert [True, False] == results
    assert writer.failed_count == 1
    assert [b"in time"] == read_journal_lines(tmp_path)


async def test_callback_may_append(tmp_path: Path) -> None:
    with open_writer(tmp_path / "edge-0") as writer:
        second: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        writer.append(b"first", lambda _: writer.append(b"second", second.set_result))
        assert await second
    assert [b"first", b"second"] == read_journal_lines(tmp_path)


async def test_segments_roll_by_size(tmp_path: Path) -> None:
    sizes = [40, 40, 40, 500, 40]
    with open_writer(tmp_path / "edge-0", capacity=160) as writer:
        for size in sizes:
            assert await append_and_wait(writer, b"x" * size)
    assert [1, 2, 3, 4] == list_segment_numbers(tmp_path / "edge-0")
    assert sizes == [len(line) for line in read_journal_lines(tmp_path)]


@pytest.mark.parametrize("durability", Durability)
async def test_segments_roll_by_age(tmp_path: Path, durability: Durability) -> None:
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=durability) as writer:
        assert await append_and_wait(writer, b"first")
        writer._roll()
        writer._roll()
        assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")
        assert await append_and_wait(writer, b"second")
    assert [b"first", b"second"] == read_journal_lines(tmp_path)
    assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")


async def test_failed_roll_degrades_the_writer(tmp_path: Path) -> None:
    disk, loop = Disk(), asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=Durability.ASYNC, create_segment=disk.begin) as writer:
        assert await append_and_wait(writer, b"first")
        disk.fails = True
        writer._roll()
        assert (True, 1) == (writer.is_degraded, writer.buffered_count)
        writer._roll()
        disk.fails = False
        await wait_until_written(writer)
    assert [b"first"] == read_journal_lines(tmp_path)


async def test_second_writer_is_refused(tmp_path: Path) -> None:
    with open_writer(tmp_path / "edge-0"):
        with pytest.raises(StorageError, match="another process"):
            open_writer(tmp_path / "edge-0")
        open_writer(tmp_path / "edge-1").close()
    open_writer(tmp_path / "edge-0").close()
    assert [] == list_segment_numbers(tmp_path / "edge-0")


@pytest.mark.parametrize("durability", Durability)
async def test_roll_in_a_folder_moved_away_loses_nothing(tmp_path: Path, durability: Durability) -> None:
    folder = tmp_path / "edge-0"
    loop = asyncio.get_running_loop()
    with SegmentWriter(folder, loop, durability=durability) as writer:
        assert await append_and_wait(writer, b"first")
        folder.rename(tmp_path / "away")
        writer._roll()
        assert (False, 0) == (writer.is_degraded, writer.buffered_count)
        assert await append_and_wait(writer, b"second")
    expected = [b"first", b"second"] if durability is Durability.ASYNC else [b"second"]
    assert expected == read_journal_lines(tmp_path)[-len(expected) :]


async def test_async_lines_in_a_folder_moved_away_are_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "journal" / "edge-0"
    loop = asyncio.get_running_loop()
    with SegmentWriter(folder, loop, durability=Durability.ASYNC) as writer:
        assert await append_and_wait(writer, b"first")
        folder.rename(tmp_path / "away")
        await wait_until(folder.exists)
        assert (False, 0) == (writer.is_degraded, writer.failed_count)
    assert [b"first"] == read_journal_lines(tmp_path / "journal")


async def test_new_writer_leaves_the_old_segment_unchanged(tmp_path: Path) -> None:
    with open_writer(tmp_path / "edge-0") as writer:
        assert await append_and_wait(writer, b"before")
    (segment,) = list_segments(tmp_path / "edge-0")
    segment.path.write_bytes(content := segment.path.read_bytes() + segment.id + b"\x07\x00\x00\x00torn")
    with open_writer(tmp_path / "edge-0") as writer:
        assert await append_and_wait(writer, b"after")
    assert segment.path.read_bytes() == content
    assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")
    assert [b"before", b"after"] == read_journal_lines(tmp_path)


async def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def wait_until_written(writer: SegmentWriter) -> None:
    await wait_until(lambda: not writer.buffered_count)


async def test_lines_wait_until_the_folder_is_writable(tmp_path: Path) -> None:
    folder = tmp_path / "edge-0"
    folder.touch()
    with open_writer(folder) as writer:
        assert isinstance(writer.last_error, OSError)
        assert not await append_and_wait(writer, b"first")
        results: list[bool] = []
        writer.append(b"second", results.append)
        assert [False] == results
        assert (2, 2, 0) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        folder.unlink()
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"third")
        assert (2, 0, 0) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        assert writer.last_error is None
    assert [b"first", b"second", b"third"] == read_journal_lines(tmp_path)


async def test_deleted_folder_is_recreated(tmp_path: Path) -> None:
    folder = tmp_path / "edge-0"
    with open_writer(folder) as writer:
        assert await append_and_wait(writer, b"first")
        shutil.rmtree(folder)
        assert await append_and_wait(writer, b"second")
        assert (0, None) == (writer.failed_count, writer.last_error)
        assert await append_and_wait(writer, b"third")
        assert [2] == list_segment_numbers(folder)
        with pytest.raises(StorageError):
            open_writer(folder)
    assert [b"second", b"third"] == read_journal_lines(tmp_path)


async def test_folder_moved_away_is_recreated(tmp_path: Path) -> None:
    folder, away = tmp_path / "journal" / "edge-0", tmp_path / "away"
    with open_writer(folder) as writer:
        assert await append_and_wait(writer, b"first")
        folder.rename(away)
        assert await append_and_wait(writer, b"second")
        assert (0, None) == (writer.failed_count, writer.last_error)
        assert await append_and_wait(writer, b"third")
    assert [b"second", b"third"] == read_journal_lines(tmp_path / "journal")
    for segment in list_segments(away):
        segment.path.rename(folder / segment.path.name)
    assert {b"first", b"second", b"third"} == set(read_journal_lines(tmp_path / "journal"))


@contextlib.contextmanager
def without_permissions(folder: Path) -> Iterator[None]:
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        yield
        os.seteuid(0)
    else:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)


async def test_lines_wait_until_permissions_return(tmp_path: Path) -> None:
    with open_writer(tmp_path / "edge-0", capacity=50) as writer:
        assert await append_and_wait(writer, b"first")
        with without_permissions(tmp_path / "edge-0"):
            assert not await append_and_wait(writer, b"second" * 9)
            assert isinstance(writer.last_error, PermissionError)
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"third")
    assert [b"first", b"second" * 9, b"third"] == read_journal_lines(tmp_path)


async def test_lines_beyond_the_buffer_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "edge-0").touch()
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop(), buffer_bytes=3 * 100) as writer:
        for number in range(5):
            assert not await append_and_wait(writer, b"%d" % number + bytes(99))
        assert (5, 3, 2) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        (tmp_path / "edge-0").unlink()
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"5")
    assert [b"0", b"1", b"2", b"5"] == [line[:1] for line in read_journal_lines(tmp_path)]


async def test_close_retries_the_backlog(tmp_path: Path) -> None:
    for name, recovers in (("edge-0", True), ("edge-1", False)):
        folder = tmp_path / name
        folder.touch()
        writer = open_writer(folder)
        assert not await append_and_wait(writer, name.encode())
        if recovers:
            folder.unlink()
        writer.close()
        assert (0, 0 if recovers else 1) == (writer.buffered_count, writer.dropped_count)
    (tmp_path / "edge-1").unlink()
    assert [b"edge-0"] == read_journal_lines(tmp_path)


class Disk:
    def __init__(self) -> None:
        self.fails = False
        self.is_responsive = threading.Event()
        self.is_responsive.set()

    def begin(self, folder: Path, number: int) -> Segment:
        return self.Segment(folder, number, disk=self)

    class Segment(Segment):
        def __init__(self, folder: Path, number: int, *, disk: "Disk") -> None:
            self._disk = disk
            super().__init__(folder, number)

        def sync(self) -> None:
            if self._disk.fails:
                raise OSError(errno.EIO, "the disk says no")
            self._disk.is_responsive.wait()
            super().sync()


@pytest.mark.parametrize("durability", Durability)
async def test_lines_of_a_failed_sync_are_written_again(tmp_path: Path, durability: Durability) -> None:
    disk = Disk()
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=durability, create_segment=disk.begin) as writer:
        assert await append_and_wait(writer, b"first")
        await asyncio.sleep(0.05)  # let the sync that follows later happen, too
        disk.fails = True
        await append_and_wait(writer, b"second")
        await wait_until(lambda: writer.failed_count > 0)
        assert not await append_and_wait(writer, b"third")
        assert (2, 2) == (writer.failed_count, writer.buffered_count)
        disk.fails = False
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"fourth")
    assert [b"first", b"second", b"third", b"fourth"] == read_journal_lines(tmp_path)


async def test_hanging_disk_delays_only_the_first_line(tmp_path: Path) -> None:
    disk = Disk()
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop(), create_segment=disk.begin) as writer:
        assert await append_and_wait(writer, b"first")
        disk.is_responsive.clear()
        threading.Timer(2.1, disk.is_responsive.set).start()
        assert await append_and_wait(writer, b"slow")
        disk.is_responsive.clear()
        assert not await append_and_wait(writer, b"third")
        await asyncio.sleep(0.5)  # the thread hangs by now, and the loop turns
        assert not await append_and_wait(writer, b"fourth")
        assert 2 == writer.buffered_count
        disk.is_responsive.set()
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"fifth")
    assert [b"first", b"slow", b"third", b"fourth", b"fifth"] == read_journal_lines(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, in memory."""
    mount_point = tmp_path / "disk"
    mount_point.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount_point)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield mount_point
    subprocess.run(["/bin/umount", "-l", str(mount_point)], check=True)


def remount(mount_point: Path, option: str) -> None:
    subprocess.run(["/bin/mount", "-o", f"remount,{option}", str(mount_point)], check=True)


async def test_full_disk_gets_the_backlog_once_it_has_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(700_000))
    with open_writer(small_disk / "edge-0") as writer:
        results = [await append_and_wait(writer, b"%d" % number + bytes(50_000)) for number in range(10)]
        assert (True, False) == (results[0], results[-1])
        assert results.count(False) == writer.failed_count == writer.buffered_count
        ballast.unlink()
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"last")
        assert 0 == writer.dropped_count
    assert [*(b"%d" % number for number in range(10)), b"l"] == [line[:1] for line in read_journal_lines(small_disk)]


async def test_read_only_disk_gets_the_backlog_once_writable(small_disk: Path) -> None:
    remount(small_disk, "ro")
    with open_writer(small_disk / "edge-0") as writer:
        assert not await append_and_wait(writer, b"first")
        assert isinstance(writer.last_error, OSError)
        assert errno.EROFS == writer.last_error.errno
        remount(small_disk, "rw")
        await wait_until_written(writer)
        assert await append_and_wait(writer, b"second")
    assert [b"first", b"second"] == read_journal_lines(small_disk)


DISK_FULL = """
import asyncio, resource, sys
from pathlib import Path
from clicktrail.server.journal.writer import Durability, SegmentWriter

async def main():
    loop = asyncio.get_running_loop()
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    with SegmentWriter(Path(sys.argv[1]), loop) as writer:
        for number in range(8):
            outcome = loop.create_future()
            writer.append(b"%d" % number + bytes(100_000), outcome.set_result)
            append_and_wait = await outcome
            print(number, append_and_wait, writer.failed_count)
            while writer.buffered_count:
                await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_partial_write_is_repeated_in_a_new_segment(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path / "edge-0")], capture_output=True, text=True, check=True
    )
    expected = "".join(f"{number} True 0\n" for number in range(8))
    assert expected == run.stdout
    assert [b"%d" % number for number in range(8)] == [line[:1] for line in read_journal_lines(tmp_path)]


async def test_async_lines_are_acknowledged_before_their_sync(tmp_path: Path) -> None:
    disk = Disk()
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=Durability.ASYNC, create_segment=disk.begin) as writer:
        assert await append_and_wait(writer, b"first")
        disk.fails = True
        assert await append_and_wait(writer, b"second")
        assert [b"first", b"second"] == read_journal_lines(tmp_path)
        began = loop.time()
        await wait_until(lambda: writer.last_error is not None)
        assert loop.time() - began < 1.0
        disk.fails = False
    assert [b"first", b"second"] == read_journal_lines(tmp_path)


Lines = st.lists(st.binary(min_size=1, max_size=20))


def create_backlog(lines: list[bytes], *, limit: int = 10_000) -> Backlog:
    backlog = Backlog(limit)
    for line in lines:
        backlog.add(line)
    return backlog


@given(Lines, st.integers(0, 60))
def test_backlog_is_first_in_first_out(lines: list[bytes], limit: int) -> None:
    backlog = create_backlog(lines)
    removed: list[bytes] = []
    while portion := backlog.peek(limit):
        assert len(portion) == 1 or sum(map(len, portion)) <= limit
        backlog.remove_oldest(len(portion))
        removed += portion
    assert lines == removed
    assert (0, 0, 0) == (len(backlog), backlog.size, backlog.dropped)


@given(Lines, st.integers(0, 100))
def test_backlog_never_exceeds_its_limit(lines: list[bytes], limit: int) -> None:
    backlog = create_backlog(lines, limit=limit)
    lines_kept = backlog.peek(backlog.size) if backlog else []
    assert backlog.size == sum(map(len, lines_kept)) <= limit
    assert len(lines) == len(backlog) + backlog.dropped


def test_full_backlog_drops_the_newest() -> None:
    backlog = create_backlog([b"first", b"second", b"third"], limit=11)
    assert ([b"first", b"second"], 1) == (backlog.peek(100), backlog.dropped)


def test_closed_backlog_drops_waiting_and_later_lines() -> None:
    backlog = create_backlog([b"first", b"second"])
    backlog.close()
    backlog.add(b"third")
    assert (0, 0, 3) == (len(backlog), backlog.size, backlog.dropped)
