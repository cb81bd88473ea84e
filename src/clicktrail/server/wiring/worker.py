"""What every worker process does, whatever its part: stop when told, and say when it serves."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import uvloop

from clicktrail.server.child import READY

__all__ = ["run", "say_ready", "stop_signal"]


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a worker to its end. Ctrl-C reaches every process of a terminal; the supervisor stops us in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def stop_signal() -> asyncio.Event:
    """An event set by SIGTERM, or by the end of standard input: the supervisor is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)

    def gone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    loop.add_reader(sys.stdin.fileno(), gone)
    return stopping


def say_ready() -> None:
    """Tell the supervisor that we serve."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
