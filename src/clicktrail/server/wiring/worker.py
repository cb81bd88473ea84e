"""What every worker process does, whatever its part: stop when told, and say every second how it is."""

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
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem
from clicktrail.server.monitoring.metrics import (
    JOURNAL_BATCH_EVENTS,
    JOURNAL_BUFFERED_EVENTS,
    JOURNAL_EVENTS_DROPPED,
    JOURNAL_SYNC_SECONDS,
    Metric,
)

__all__ = ["collect_journal_metrics", "collect_journal_problems", "create_stop_event", "run_worker", "send_heartbeats"]

_LOG = structlog.get_logger()


def run_worker(main: Coroutine[Any, Any, None]) -> None:
    """Run a worker to its end. Ctrl-C reaches every process of a terminal; the supervisor stops us in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    except ClicktrailError as error:
        _LOG.critical("cannot go on", error=error)
        sys.exit(1)


def create_stop_event(*signals: signal.Signals, stop_on_stdin_eof: bool = True) -> asyncio.Event:
    """An event set by a signal, SIGTERM or others that are named, or by the end of standard input.

    Args:
        signals: those that stop; SIGTERM if none is named.
        stop_on_stdin_eof: whether the end of standard input stops too: whoever held its other end is gone.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals or (signal.SIGTERM,):
        loop.add_signal_handler(number, stopping.set)

    def gone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    if stop_on_stdin_eof:
        loop.add_reader(sys.stdin.fileno(), gone)
    return stopping


@contextlib.asynccontextmanager
async def send_heartbeats(build_heartbeat: Callable[[], Heartbeat]) -> AsyncIterator[None]:
    """Tell the supervisor that we serve, and every second how it goes, as long as the block runs.

    What the start has made stays, and the garbage collector does not see it any more: to go through it again takes
    40 ms, in which no reader is answered, and it did so when many came at once.
    """
    gc.collect()
    gc.freeze()
    os.set_blocking(sys.stdout.fileno(), False)  # a supervisor that does not listen must not hold up readers
    _write_line(READY_LINE)
    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_run_heartbeats(build_heartbeat))
        try:
            yield
        finally:
            telling.cancel()


async def _run_heartbeats(build_heartbeat: Callable[[], Heartbeat]) -> None:
    while True:
        _write_line(msgspec.json.encode(build_heartbeat()) + b"\n")
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)


def _write_line(line: bytes) -> None:
    with contextlib.suppress(BlockingIOError, BrokenPipeError):  # nobody listens: the next line is as good
        os.write(sys.stdout.fileno(), line)


# FOLDED pulses.py: How a worker's writing end of the journal does, for its pulse.

_JOURNAL_PROBLEM = Problem(
    code="journal-not-writable",
    hint="events wait in memory: look at room, permissions and health of the disk that holds data_dir",
)


def collect_journal_metrics(journal: SegmentWriter) -> dict[Metric, MetricValue]:
    """What it has written, and what waits."""
    return {
        JOURNAL_BATCH_EVENTS: journal.batch_lines,
        JOURNAL_SYNC_SECONDS: journal.sync_seconds,
        JOURNAL_BUFFERED_EVENTS: journal.buffered_count,
        JOURNAL_EVENTS_DROPPED: journal.dropped_count,
    }


def collect_journal_problems(journal: SegmentWriter) -> tuple[Problem, ...]:
    """Whether the disk takes what it is given."""
    return (_JOURNAL_PROBLEM,) if journal.is_degraded else ()
