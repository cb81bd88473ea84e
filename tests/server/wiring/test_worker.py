import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from clicktrail.server.child import READY_LINE
from clicktrail.server.journal.segments import Segment
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.heartbeat import MetricValue
from clicktrail.server.monitoring.metrics import (
    JOURNAL_BATCH_EVENTS,
    JOURNAL_BUFFERED_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    JOURNAL_SYNC_SECONDS,
    Histogram,
)
from clicktrail.server.wiring.worker import collect_journal_metrics, collect_journal_problems

WORKER = """
import gc
from clicktrail.server.monitoring.heartbeat import Pulse
from clicktrail.server.wiring.worker import pulsing, run, stop_signal

async def work():
    stopping = stop_signal()
    made = []
    async with pulsing(Pulse):
        seen = any(found is made for found in gc.get_objects())
        await stopping.wait()
    print("stopped in order", flush=True)
    print("the collector saw what the start had made" if seen else "the collector saw nothing", flush=True)

run(work())
"""


@contextlib.asynccontextmanager
async def working() -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that has nothing to do but to stop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        assert READY_LINE == await process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def unique(output: bytes) -> list[bytes]:
    """The lines of an output, each once: a pulse comes every second."""
    return list(dict.fromkeys(output.splitlines()))


async def test_a_worker_stops_at_sigterm() -> None:
    async with working() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert 0 == process.returncode
    assert [b"{}", b"stopped in order"] == unique(output)[:2]


async def test_a_worker_stops_when_its_supervisor_is_gone() -> None:
    async with working() as process:
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate(b"")  # closes standard input

    assert 0 == process.returncode
    assert [b"{}", b"stopped in order"] == unique(output)[:2]


async def test_the_collector_does_not_go_through_what_the_start_has_made() -> None:
    async with working() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert b"the collector saw nothing" == unique(output)[-1]


def no_segment(_folder: Path, _number: int) -> Segment:
    """A disk that takes nothing."""
    raise OSError


def seen(figure: MetricValue) -> tuple[int, float]:
    """How many values a histogram has, and their sum."""
    assert isinstance(figure, Histogram)
    return sum(figure.counts), figure.total


async def append(writer: SegmentWriter, lines: int) -> None:
    """Append lines at once, and wait until the last one's fate is known."""
    last: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    for number in range(lines):
        writer.append(b"{}", last.set_result if number == lines - 1 else lambda _committed: None)
    await last


async def test_a_journal_tells_of_its_batches(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path, asyncio.get_running_loop()) as writer:
        await append(writer, 3)
        figures, troubles = collect_journal_metrics(writer), collect_journal_problems(writer)

    assert (1, 3) == seen(figures[JOURNAL_BATCH_EVENTS])
    assert 1 == seen(figures[JOURNAL_SYNC_SECONDS])[0]
    assert (0, 0, ()) == (figures[JOURNAL_BUFFERED_EVENTS], figures[JOURNAL_EVENTS_DROPPED], troubles)


async def test_a_journal_whose_disk_takes_nothing_is_in_trouble(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path, asyncio.get_running_loop(), create_segment=no_segment) as writer:
        await append(writer, 2)
        figures, (trouble,) = collect_journal_metrics(writer), collect_journal_problems(writer)

    assert (2, 0) == (figures[JOURNAL_BUFFERED_EVENTS], figures[JOURNAL_EVENTS_DROPPED])
    assert ("journal-not-writable", True) == (trouble.code, "data_dir" in trouble.hint)
