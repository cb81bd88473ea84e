"""What every worker process does: stop on a signal, and send a heartbeat every second."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec
import structlog
import uvloop

from clicktrail.errors import ClicktrailError
from clicktrail.server.child import HEARTBEAT_INTERVAL_S, READY_LINE
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem
from clicktrail.server.monitoring.metrics import (
    JOURNAL_BATCH_EVENTS,
    JOURNAL_BUFFERED_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    JOURNAL_SYNC_SECONDS,
    Metric,
)
from clicktrail.server.ports import Journal
from clicktrail.server.wiring.journals import MeasuredJournal
from clicktrail.server.wiring.process import raise_file_limit

_LOG = structlog.get_logger()
_JOURNAL_PROBLEM = Problem(
    code="journal-not-writable",
    hint="events wait in memory: check space, permissions and health of the disk that holds data_dir",
)


def run_worker(main: Coroutine[Any, Any, None]) -> None:
    """Run a worker process until its main coroutine ends.

    SIGINT is ignored: Ctrl-C reaches every process of a terminal, and the supervisor stops the workers in order.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    except ClicktrailError as error:
        _LOG.critical("worker stops", error=error)
        sys.exit(1)


@contextlib.asynccontextmanager
async def send_heartbeats(build_heartbeat: Callable[[], Heartbeat]) -> AsyncIterator[None]:
    """Report to the supervisor that the process is ready, then send a heartbeat every second while the block runs.

    Objects that exist by now are excluded from garbage collection: to scan them took 40 ms, during which no request was
    answered, and a burst of requests triggers a scan.
    """
    gc.collect()
    gc.freeze()
    os.set_blocking(sys.stdout.fileno(), False)  # a supervisor that does not read must not block requests
    _write_line(READY_LINE)
    async with asyncio.TaskGroup() as tasks:
        heartbeats = tasks.create_task(_run_heartbeats(build_heartbeat))
        try:
            yield
        finally:
            heartbeats.cancel()


def collect_journal_metrics(journal: MeasuredJournal) -> dict[Metric, MetricValue]:
    """Metrics of a worker's journal."""
    return {
        JOURNAL_BATCH_EVENTS: journal.batch_lines,
        JOURNAL_SYNC_SECONDS: journal.sync_seconds,
        JOURNAL_BUFFERED_EVENTS: journal.buffered_count,
        JOURNAL_EVENTS_DROPPED: journal.dropped_count,
    }


def collect_journal_problems(journal: Journal) -> tuple[Problem, ...]:
    """The problem of a worker's journal, if the disk cannot be written."""
    return (_JOURNAL_PROBLEM,) if journal.is_degraded else ()


async def _run_heartbeats(build_heartbeat: Callable[[], Heartbeat]) -> None:
    while True:
        _write_line(msgspec.json.encode(build_heartbeat()) + b"\n")
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)


def _write_line(line: bytes) -> None:
    with contextlib.suppress(BlockingIOError, BrokenPipeError):  # the supervisor does not read: the next one will do
        os.write(sys.stdout.fileno(), line)
