import asyncio
import threading
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.threaded import ThreadedWriter
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.recorded_journal import read_journal_lines


async def test_slow_disk_does_not_block_the_caller(tmp_path: Path) -> None:
    disk_answers = threading.Event()

    class SlowSegment(Segment):
        def sync(self) -> None:
            disk_answers.wait()
            super().sync()

    disk_answers.set()  # the segment itself is created at once
    loop = asyncio.get_running_loop()
    committed: asyncio.Future[bool] = loop.create_future()
    with ThreadedWriter(
        lambda writer_loop: SegmentWriter(tmp_path / "relay-0", writer_loop, create_segment=SlowSegment), loop
    ) as writer:
        first: asyncio.Future[bool] = loop.create_future()
        writer.append(b"{}", first.set_result)
        assert await first
        disk_answers.clear()
        writer.append(b'{"second": 1}', committed.set_result)
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert not committed.done()
        disk_answers.set()
        assert await committed

    assert read_journal_lines(tmp_path) == [b"{}", b'{"second": 1}']


async def test_folder_of_another_writer_is_an_error(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    with (
        SegmentWriter(tmp_path / "relay-0", loop),
        pytest.raises(StorageError, match="another process writes"),
    ):
        ThreadedWriter(lambda writer_loop: SegmentWriter(tmp_path / "relay-0", writer_loop), loop)
