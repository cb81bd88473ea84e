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
from clicktrail.server.child import PULSE_S, READY
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.heartbeat import Figure, Pulse, Trouble
from clicktrail.server.monitoring.metrics import BATCH_LINES, BUFFERED, LET_GO, SYNC_SECONDS, Metric

__all__ = ["journal_figures", "journal_troubles", "pulsing", "run", "stop_signal"]

_LOG = structlog.get_logger()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a worker to its end. Ctrl-C reaches every process of a terminal; the supervisor stops us in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except ClicktrailError as error:
        _LOG.critical("cannot go on", error=error)
        sys.exit(1)


def stop_signal(*signals: signal.Signals, with_input: bool = True) -> asyncio.Event:
    """An event set by a signal, SIGTERM or others that are named, or by the end of standard input.

    Args:
        signals: those that stop; SIGTERM if none is named.
        with_input: whether the end of standard input stops too: whoever held its other end is gone.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals or (signal.SIGTERM,):
        loop.add_signal_handler(number, stopping.set)

    def gone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    if with_input:
        loop.add_reader(sys.stdin.fileno(), gone)
    return stopping


@contextlib.asynccontextmanager
async def pulsing(pulse: Callable[[], Pulse]) -> AsyncIterator[None]:
    """Tell the supervisor that we serve, and every second how it goes, as long as the block runs.

    What the start has made stays, and the garbage collector does not see it any more: to go through it again takes
    40 ms, in which no reader is answered, and it did so when many came at once.
    """
    gc.collect()
    gc.freeze()
    os.set_blocking(sys.stdout.fileno(), False)  # a supervisor that does not listen must not hold up readers
    _say(READY)
    async with asyncio.TaskGroup() as tasks:
        telling = tasks.create_task(_tell(pulse))
        try:
            yield
        finally:
            telling.cancel()


async def _tell(pulse: Callable[[], Pulse]) -> None:
    while True:
        _say(msgspec.json.encode(pulse()) + b"\n")
        await asyncio.sleep(PULSE_S)


def _say(line: bytes) -> None:
    with contextlib.suppress(BlockingIOError, BrokenPipeError):  # nobody listens: the next line is as good
        os.write(sys.stdout.fileno(), line)


# FOLDED pulses.py: How a worker's writing end of the journal does, for its pulse.

_TROUBLE = Trouble(
    code="journal", hint="events wait in memory: look at room, permissions and health of the disk that holds data_dir"
)


def journal_figures(journal: SegmentWriter) -> dict[Metric, Figure]:
    """What it has written, and what waits."""
    return {
        BATCH_LINES: journal.batch_lines,
        SYNC_SECONDS: journal.sync_seconds,
        BUFFERED: journal.buffered,
        LET_GO: journal.let_go,
    }


def journal_troubles(journal: SegmentWriter) -> tuple[Trouble, ...]:
    """Whether the disk takes what it is given."""
    return (_TROUBLE,) if journal.in_trouble else ()
