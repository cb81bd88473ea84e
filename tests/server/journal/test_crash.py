"""Kill journal writers and readers while they work."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.writer import Durability
from tests.support.recorded_journal import list_segment_numbers

WRITER = """
import asyncio, functools, os, sys
from pathlib import Path
from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.writer import Durability, SegmentWriter

def confirmed(line, committed):
    if committed:
        os.write(1, line + b"\\n")

async def main(folder, name):
    writer = SegmentWriter(
        folder,
        asyncio.get_running_loop(),
        durability=Durability(sys.argv[3]),
        create_segment=functools.partial(Segment, capacity=20_000),
    )
    number = 0
    while True:
        for _ in range(number % 7):
            line = name + b" %d" % number + b"." * (number % 300)
            writer.append(line, functools.partial(confirmed, line))
            number += 1
        number += 1
        await asyncio.sleep(0)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2].encode()))
"""


READER = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from clicktrail.server.journal.reader import SegmentReader

journal, stored = Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

async def main():
    reader = SegmentReader(journal, journal / "cursor")
    while True:
        os.write(1, b"reading\\n")
        for entry in await reader.read(50):
            os.write(stored, entry.line + b"\\n")
        await reader.commit()
        reader.delete_segments(before=datetime.now(UTC))

asyncio.run(main())
"""


def run_writer_until_killed(folder: Path, *, name: str, confirmed: int, durability: Durability) -> list[bytes]:
    command = [sys.executable, "-c", WRITER, str(folder), name, durability]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(confirmed)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.removesuffix(b"\n") for line in lines if line.endswith(b"\n")]


@pytest.mark.parametrize("durability", Durability)
def test_killed_writer_loses_and_duplicates_no_acknowledged_line(tmp_path: Path, durability: Durability) -> None:
    confirmed: list[bytes] = []
    for life in range(5):
        confirmed += run_writer_until_killed(
            tmp_path / "edge-0", name=f"life {life}", confirmed=200 + 150 * life, durability=durability
        )
    lines_read = [entry.line for entry in asyncio.run(SegmentReader(tmp_path, tmp_path / "cursor").read(1_000_000))]
    assert [] == [line for line in confirmed if line not in set(lines_read)]
    assert len(lines_read) == len(set(lines_read))
    assert len(confirmed) >= 5 * 200


def test_killed_reader_skips_no_line(tmp_path: Path) -> None:
    journal, stored = tmp_path / "journal", tmp_path / "stored"
    written: list[bytes] = []
    for life in range(8):
        written += run_writer_until_killed(
            journal / "edge-0", name=f"life {life}", confirmed=300, durability=Durability.ASYNC
        )
        with subprocess.Popen([sys.executable, "-c", READER, journal, stored], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(life + 1):
                process.stdout.readline()
            time.sleep(0.001 * 2**life % 0.03)  # the moment of its death, not something that is waited for
            os.kill(process.pid, signal.SIGKILL)
    last = SegmentReader(journal, journal / "cursor")
    lines_read = [*stored.read_bytes().splitlines(), *(entry.line for entry in asyncio.run(last.read(1_000_000)))]
    assert [] == [line for line in written if line not in set(lines_read)]
    assert 1 not in list_segment_numbers(journal / "edge-0")  # what was read is gone
