"""A writer that is killed while it writes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from clicktrail.server.journal.reader import SegmentReader

WRITER = """
import asyncio, functools, os, sys
from pathlib import Path
from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.writer import SegmentWriter

def confirmed(line, committed):
    if committed:
        os.write(1, line + b"\\n")

async def main(folder, name):
    writer = SegmentWriter(folder, asyncio.get_running_loop(), begin=functools.partial(Segment, capacity=20_000))
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


def killed_after(folder: Path, *, name: str, confirmed: int) -> list[bytes]:
    """Run a writer, kill it once so many lines are confirmed, and return all that it confirmed until it was dead."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(confirmed)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.removesuffix(b"\n") for line in lines if line.endswith(b"\n")]


def test_every_confirmed_line_is_found_once_however_often_the_writer_is_killed(tmp_path: Path) -> None:
    """Each writer finds the folder as the last one's death left it; a line in the middle of its commit may be there."""
    confirmed: list[bytes] = []
    for life in range(5):
        confirmed += killed_after(tmp_path / "edge-0", name=f"life {life}", confirmed=200 + 150 * life)
    found = [entry.line for entry in SegmentReader(tmp_path, tmp_path / "cursor").read(1_000_000)]
    assert [] == [line for line in confirmed if line not in set(found)]
    assert len(found) == len(set(found))
    assert len(confirmed) >= 5 * 200
