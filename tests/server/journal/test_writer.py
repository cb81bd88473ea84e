"""One writer's end of the journal."""

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
from clicktrail.server.journal.segments import Segment, list_segment_numbers, segment_path
from clicktrail.server.journal.writer import Backlog, Durability, SegmentWriter
from tests.support.recorded_journal import read_journal_lines

NOBODY = 65_534


def writer_on(folder: Path, *, capacity: int = 1_000_000) -> SegmentWriter:
    """A writer on the running loop."""
    return SegmentWriter(folder, asyncio.get_running_loop(), create_segment=partial(Segment, capacity=capacity))


async def committed(writer: SegmentWriter, line: bytes) -> bool:
    """Append a line and wait for what becomes of it."""
    outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    writer.append(line, outcome.set_result)
    return await outcome


async def test_a_line_is_on_disk_when_it_is_confirmed(tmp_path: Path) -> None:
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"a click")
        assert [b"a click"] == read_journal_lines(tmp_path)


async def test_lines_that_arrive_together_share_a_batch(tmp_path: Path) -> None:
    told: list[bool] = []
    with writer_on(tmp_path / "edge-0") as writer:
        for number in range(50):
            writer.append(b"%d" % number, told.append)
        assert [] == told
        assert await committed(writer, b"last")
        assert [True] * 50 == told
    assert [*(b"%d" % number for number in range(50)), b"last"] == read_journal_lines(tmp_path)


async def test_a_line_of_the_next_turn_joins_the_batch(tmp_path: Path) -> None:
    told: list[str] = []
    with writer_on(tmp_path / "edge-0") as writer, contextlib.ExitStack() as sockets:
        sender, receiver = (sockets.enter_context(end) for end in socket.socketpair())
        loop = asyncio.get_running_loop()
        second = asyncio.Event()

        def read() -> None:
            loop.remove_reader(receiver)
            told.append("read")
            writer.append(b"second", lambda _committed: second.set())

        writer.append(b"first", lambda _committed: told.append("committed"))
        loop.add_reader(receiver, read)
        sender.send(b"!")
        await second.wait()
    assert ["read", "committed"] == told


async def test_flush_commits_at_once(tmp_path: Path) -> None:
    told: list[bool] = []
    with writer_on(tmp_path / "edge-0") as writer:
        writer.append(b"a click", told.append)
        writer.flush()
        assert [True] == told


async def test_close_commits_and_then_takes_no_more(tmp_path: Path) -> None:
    told: list[bool] = []
    writer = writer_on(tmp_path / "edge-0")
    writer.append(b"in time", told.append)
    writer.close()
    writer.append(b"too late", told.append)
    assert [True, False] == told
    assert writer.failed_count == 1
    assert [b"in time"] == read_journal_lines(tmp_path)


async def test_a_callback_may_append(tmp_path: Path) -> None:
    with writer_on(tmp_path / "edge-0") as writer:
        second: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        writer.append(b"first", lambda _: writer.append(b"second", second.set_result))
        assert await second
    assert [b"first", b"second"] == read_journal_lines(tmp_path)


async def test_segments_roll_by_size(tmp_path: Path) -> None:
    sizes = [40, 40, 40, 500, 40]
    with writer_on(tmp_path / "edge-0", capacity=130) as writer:
        for size in sizes:
            assert await committed(writer, b"x" * size)
    assert [1, 2, 3, 4] == list_segment_numbers(tmp_path / "edge-0")
    assert sizes == [len(line) for line in read_journal_lines(tmp_path)]


@pytest.mark.parametrize("durability", Durability)
async def test_segments_roll_by_age(tmp_path: Path, durability: Durability) -> None:
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=durability) as writer:
        assert await committed(writer, b"first")
        writer._roll()
        writer._roll()
        assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")
        assert await committed(writer, b"second")
    assert [b"first", b"second"] == read_journal_lines(tmp_path)
    assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")


async def test_a_segment_that_cannot_be_ended_is_trouble(tmp_path: Path) -> None:
    disk, loop = Disk(), asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=Durability.ASYNC, create_segment=disk.begin) as writer:
        assert await committed(writer, b"first")
        disk.fails = True
        writer._roll()
        assert (True, 1) == (writer.is_degraded, writer.buffered_count)
        writer._roll()
        disk.fails = False
        await until_written(writer)
    assert [b"first"] == read_journal_lines(tmp_path)


async def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with writer_on(tmp_path / "edge-0"):
        with pytest.raises(StorageError, match="another process"):
            writer_on(tmp_path / "edge-0")
        writer_on(tmp_path / "edge-1").close()
    writer_on(tmp_path / "edge-0").close()
    assert [] == list_segment_numbers(tmp_path / "edge-0")


async def test_a_torn_tail_is_cut_off_at_the_start_and_never_written_behind(tmp_path: Path) -> None:
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"before")
    whole = segment_path(tmp_path / "edge-0", 1).read_bytes()
    segment_path(tmp_path / "edge-0", 1).write_bytes(whole + b"\x07\x00\x00\x00torn")
    with writer_on(tmp_path / "edge-0") as writer:
        assert await committed(writer, b"after")
    assert whole == segment_path(tmp_path / "edge-0", 1).read_bytes()
    assert [1, 2] == list_segment_numbers(tmp_path / "edge-0")
    assert [b"before", b"after"] == read_journal_lines(tmp_path)


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop turn until something has happened, ten seconds at most."""
    for _ in range(1_000):
        if happened():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def until_written(writer: SegmentWriter) -> None:
    """Wait until nothing waits for the disk."""
    await until(lambda: not writer.buffered_count)


async def test_a_journal_that_cannot_be_written_keeps_lines_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "edge-0"
    folder.touch()
    with writer_on(folder) as writer:
        assert isinstance(writer.last_error, OSError)
        assert not await committed(writer, b"first")
        told: list[bool] = []
        writer.append(b"second", told.append)
        assert [False] == told
        assert (2, 2, 0) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        folder.unlink()
        await until_written(writer)
        assert await committed(writer, b"third")
        assert (2, 0, 0) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        assert writer.last_error is None
    assert [b"first", b"second", b"third"] == read_journal_lines(tmp_path)


async def test_a_folder_that_is_removed_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "edge-0"
    with writer_on(folder) as writer:
        assert await committed(writer, b"first")
        shutil.rmtree(folder)
        assert not await committed(writer, b"second")
        await until_written(writer)
        assert await committed(writer, b"third")
        assert [2] == list_segment_numbers(folder)
        with pytest.raises(StorageError):
            writer_on(folder)
    assert [b"second", b"third"] == read_journal_lines(tmp_path)


@contextlib.contextmanager
def permissions_gone(folder: Path) -> Iterator[None]:
    """Nobody may make a file in the folder; root, who always may, is somebody else meanwhile."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        yield
        os.seteuid(0)
    else:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)


async def test_permissions_that_are_gone_are_waited_for(tmp_path: Path) -> None:
    with writer_on(tmp_path / "edge-0", capacity=50) as writer:
        assert await committed(writer, b"first")
        with permissions_gone(tmp_path / "edge-0"):
            assert not await committed(writer, b"second" * 9)
            assert isinstance(writer.last_error, PermissionError)
        await until_written(writer)
        assert await committed(writer, b"third")
    assert [b"first", b"second" * 9, b"third"] == read_journal_lines(tmp_path)


async def test_what_does_not_fit_into_memory_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "edge-0").touch()
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop(), buffer_bytes=3 * 108) as writer:
        for number in range(5):
            assert not await committed(writer, b"%d" % number + bytes(99))
        assert (5, 3, 2) == (writer.failed_count, writer.buffered_count, writer.dropped_count)
        (tmp_path / "edge-0").unlink()
        await until_written(writer)
        assert await committed(writer, b"5")
    assert [b"0", b"1", b"2", b"5"] == [line[:1] for line in read_journal_lines(tmp_path)]


async def test_close_tries_once_more(tmp_path: Path) -> None:
    for name, recovers in (("edge-0", True), ("edge-1", False)):
        folder = tmp_path / name
        folder.touch()
        writer = writer_on(folder)
        assert not await committed(writer, name.encode())
        if recovers:
            folder.unlink()
        writer.close()
        assert (0, 0 if recovers else 1) == (writer.buffered_count, writer.dropped_count)
    (tmp_path / "edge-1").unlink()
    assert [b"edge-0"] == read_journal_lines(tmp_path)


class Disk:
    """Makes segments whose syncs fail, or hang, for as long as the test says so."""

    def __init__(self) -> None:
        self.fails = False
        self.lets_go = threading.Event()
        self.lets_go.set()

    def begin(self, folder: Path, number: int) -> Segment:
        """Begin a segment on this disk."""
        return self.Segment(folder, number, disk=self)

    class Segment(Segment):
        """A real file; its disk decides on its syncs."""

        def __init__(self, folder: Path, number: int, *, disk: "Disk") -> None:
            self._disk = disk
            super().__init__(folder, number)

        def sync(self) -> None:
            """Fail, hang, or do it."""
            if self._disk.fails:
                raise OSError(errno.EIO, "the disk says no")
            self._disk.lets_go.wait()
            super().sync()


@pytest.mark.parametrize("durability", Durability)
async def test_what_a_failed_sync_leaves_in_doubt_is_written_again(tmp_path: Path, durability: Durability) -> None:
    disk = Disk()
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=durability, create_segment=disk.begin) as writer:
        assert await committed(writer, b"first")
        await asyncio.sleep(0.05)  # until a sync that came later has happened too
        disk.fails = True
        await committed(writer, b"second")
        await until(lambda: writer.failed_count > 0)
        assert not await committed(writer, b"third")
        assert (2, 2) == (writer.failed_count, writer.buffered_count)
        disk.fails = False
        await until_written(writer)
        assert await committed(writer, b"fourth")
    assert [b"first", b"second", b"third", b"fourth"] == read_journal_lines(tmp_path)


async def test_nobody_waits_for_a_disk_that_hangs_but_the_first(tmp_path: Path) -> None:
    disk = Disk()
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop(), create_segment=disk.begin) as writer:
        assert await committed(writer, b"first")
        disk.lets_go.clear()
        threading.Timer(2.1, disk.lets_go.set).start()
        assert await committed(writer, b"slow")
        disk.lets_go.clear()
        assert not await committed(writer, b"third")
        await asyncio.sleep(0.5)  # the thread hangs by now, and the loop turns
        assert not await committed(writer, b"fourth")
        assert 2 == writer.buffered_count
        disk.lets_go.set()
        await until_written(writer)
        assert await committed(writer, b"fifth")
    assert [b"first", b"slow", b"third", b"fourth", b"fifth"] == read_journal_lines(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["/bin/umount", "-l", str(place)], check=True)


def remount(place: Path, option: str) -> None:
    """Change a mounted file system."""
    subprocess.run(["/bin/mount", "-o", f"remount,{option}", str(place)], check=True)


async def test_a_full_disk_gets_what_waited_once_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(700_000))
    with writer_on(small_disk / "edge-0") as writer:
        told = [await committed(writer, b"%d" % number + bytes(50_000)) for number in range(10)]
        assert (True, False) == (told[0], told[-1])
        assert told.count(False) == writer.failed_count == writer.buffered_count
        ballast.unlink()
        await until_written(writer)
        assert await committed(writer, b"last")
        assert 0 == writer.dropped_count
    assert [*(b"%d" % number for number in range(10)), b"l"] == [line[:1] for line in read_journal_lines(small_disk)]


async def test_a_disk_that_is_read_only_for_a_while(small_disk: Path) -> None:
    remount(small_disk, "ro")
    with writer_on(small_disk / "edge-0") as writer:
        assert not await committed(writer, b"first")
        assert isinstance(writer.last_error, OSError)
        assert errno.EROFS == writer.last_error.errno
        remount(small_disk, "rw")
        await until_written(writer)
        assert await committed(writer, b"second")
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
            committed = await outcome
            print(number, committed, writer.failed_count)
            while writer.buffered_count:
                await asyncio.sleep(0.01)

asyncio.run(main())
"""


def test_a_write_that_ends_half_way_goes_elsewhere(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(tmp_path / "edge-0")], capture_output=True, text=True, check=True
    )
    expected = "0 True 0\n1 True 0\n2 False 1\n3 True 1\n4 False 2\n5 True 2\n6 False 3\n7 True 3\n"
    assert expected == run.stdout
    assert [b"%d" % number for number in range(8)] == [line[:1] for line in read_journal_lines(tmp_path)]


async def test_async_lines_are_confirmed_before_their_sync_and_synced_soon(tmp_path: Path) -> None:
    disk = Disk()
    loop = asyncio.get_running_loop()
    with SegmentWriter(tmp_path / "edge-0", loop, durability=Durability.ASYNC, create_segment=disk.begin) as writer:
        assert await committed(writer, b"first")
        disk.fails = True
        assert await committed(writer, b"second")
        assert [b"first", b"second"] == read_journal_lines(tmp_path)
        began = loop.time()
        await until(lambda: writer.last_error is not None)
        assert loop.time() - began < 1.0
        disk.fails = False
    assert [b"first", b"second"] == read_journal_lines(tmp_path)


Frames = st.lists(st.binary(min_size=1, max_size=20))


def backlog_of(frames: list[bytes], *, limit: int = 10_000) -> Backlog:
    """A backlog to which these were added."""
    backlog = Backlog(limit)
    for frame in frames:
        backlog.add(frame)
    return backlog


@given(Frames, st.integers(0, 60))
def test_frames_leave_in_the_order_in_which_they_came(frames: list[bytes], limit: int) -> None:
    backlog = backlog_of(frames)
    left: list[bytes] = []
    while portion := backlog.peek(limit):
        assert len(portion) == 1 or sum(map(len, portion)) <= limit
        backlog.remove_oldest(len(portion))
        left += portion
    assert frames == left
    assert (0, 0, 0) == (len(backlog), backlog.size, backlog.dropped)


@given(Frames, st.integers(0, 100))
def test_it_never_holds_more_than_its_limit(frames: list[bytes], limit: int) -> None:
    backlog = backlog_of(frames, limit=limit)
    kept = backlog.peek(backlog.size) if backlog else []
    assert backlog.size == sum(map(len, kept)) <= limit
    assert len(frames) == len(backlog) + backlog.dropped


def test_the_newest_is_let_go() -> None:
    backlog = backlog_of([b"first", b"second", b"third"], limit=11)
    assert ([b"first", b"second"], 1) == (backlog.peek(100), backlog.dropped)


def test_giving_up_lets_go_what_waits_and_what_is_still_to_come() -> None:
    backlog = backlog_of([b"first", b"second"])
    backlog.drop_all()
    backlog.add(b"third")
    assert (0, 0, 3) == (len(backlog), backlog.size, backlog.dropped)
