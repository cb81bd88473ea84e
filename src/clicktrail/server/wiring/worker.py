"""What every worker process does: stop on a signal, and send a heartbeat every second."""

import asyncio
import contextlib
import gc
import os
import resource
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


def raise_file_limit() -> int:
    """Raise the process's limit of open files as far as the system allows, and return it; -1 if there is none.

    The usual soft limit of 1,024 is for programs that use select(2). Child processes inherit the limit.
    """
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # the system may have a lower limit still, such as macOS
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
        return hard_limit
    return soft_limit


def create_stop_event(*signals: signal.Signals, stop_on_stdin_eof: bool = True) -> asyncio.Event:
    """Create an event that a signal sets.

    Args:
        signals: the signals; SIGTERM by default.
        stop_on_stdin_eof: whether the end of standard input sets the event too: the parent process is gone then.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in signals or (signal.SIGTERM,):
        loop.add_signal_handler(signal_number, stopping.set)

    def handle_eof() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    if stop_on_stdin_eof:
        loop.add_reader(sys.stdin.fileno(), handle_eof)
    return stopping


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
