import asyncio
import contextlib
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from clicktrail import keyring_file
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
from tests.support.worker_process import running_worker

WORKER = """
import gc
from clicktrail.server.monitoring.heartbeat import Heartbeat
from clicktrail.server.wiring.process import create_stop_event
from clicktrail.server.wiring.worker import run_worker, send_heartbeats

async def main():
    stopping = create_stop_event()
    early_object = []
    async with send_heartbeats(Heartbeat):
        is_scanned = any(scanned is early_object for scanned in gc.get_objects())
        await stopping.wait()
    print("stopped", flush=True)
    print("early object scanned" if is_scanned else "early object not scanned", flush=True)

run_worker(main())
"""


@contextlib.asynccontextmanager
async def running_idle_worker() -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that only waits to be stopped."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        assert await process.stdout.readline() == READY_LINE
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def unique_lines(output: bytes) -> list[bytes]:
    """The lines of an output, each once: a heartbeat comes every second."""
    return list(dict.fromkeys(output.splitlines()))


async def test_worker_stops_on_sigterm() -> None:
    async with running_idle_worker() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert process.returncode == 0
    assert unique_lines(output)[:2] == [b"{}", b"stopped"]


async def test_worker_ignores_sigint_and_stops_at_the_end_of_its_input() -> None:
    async with running_idle_worker() as process:
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate(b"")  # closes standard input

    assert process.returncode == 0
    assert unique_lines(output)[:2] == [b"{}", b"stopped"]


async def test_objects_of_the_start_are_not_garbage_collected() -> None:
    async with running_idle_worker() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert unique_lines(output)[-1] == b"early object not scanned"


def fail_to_create_segment(_folder: Path, _number: int) -> Segment:
    """Fail like a full disk."""
    raise OSError


def count_and_sum(metric: MetricValue) -> tuple[int, float]:
    """Number and sum of the values of a histogram."""
    assert isinstance(metric, Histogram)
    return sum(metric.counts), metric.total


async def append(writer: SegmentWriter, lines: int) -> None:
    """Append lines at once, and wait for the callback of the last one."""
    last: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    for number in range(lines):
        writer.append(b"{}", last.set_result if number == lines - 1 else lambda _committed: None)
    await last


async def test_journal_metrics_count_batches(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path, asyncio.get_running_loop()) as writer:
        await append(writer, 3)
        metrics, problems = collect_journal_metrics(writer), collect_journal_problems(writer)

    assert count_and_sum(metrics[JOURNAL_BATCH_EVENTS]) == (1, 3)
    assert count_and_sum(metrics[JOURNAL_SYNC_SECONDS])[0] == 1
    assert (metrics[JOURNAL_BUFFERED_EVENTS], metrics[JOURNAL_EVENTS_DROPPED], problems) == (0, 0, ())


async def test_journal_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    with SegmentWriter(tmp_path, asyncio.get_running_loop(), create_segment=fail_to_create_segment) as writer:
        await append(writer, 2)
        metrics, (problem,) = collect_journal_metrics(writer), collect_journal_problems(writer)

    assert (metrics[JOURNAL_BUFFERED_EVENTS], metrics[JOURNAL_EVENTS_DROPPED]) == (2, 0)
    assert (problem.code, "data_dir" in problem.hint) == ("journal-not-writable", True)


async def test_worker_raises_its_limit_of_open_files(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with running_worker("edge", tmp_path, [listener], max_files=(128, 256)) as process:
            limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    assert limits == (256, 256)
