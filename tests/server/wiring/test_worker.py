import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator

from clicktrail.server.child import READY

WORKER = """
import gc
from clicktrail.server.monitoring.pulse import Pulse
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
        assert READY == await process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def unique(output: bytes) -> list[bytes]:
    """The lines of an output, each once: a pulse comes every second."""
    return list(dict.fromkeys(output.splitlines()))


async def test_a_worker_stops_at_sigterm() -> None:
    """Told to stop, it ends its work and exits with status 0."""
    async with working() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert 0 == process.returncode
    assert [b"{}", b"stopped in order"] == unique(output)[:2]


async def test_a_worker_stops_when_its_supervisor_is_gone() -> None:
    """The end of standard input is the supervisor's end; an interrupt from the terminal is left to the supervisor."""
    async with working() as process:
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate(b"")  # closes standard input

    assert 0 == process.returncode
    assert [b"{}", b"stopped in order"] == unique(output)[:2]


async def test_the_collector_does_not_go_through_what_the_start_has_made() -> None:
    """It would take 40 ms, in which no reader is answered."""
    async with working() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert b"the collector saw nothing" == unique(output)[-1]
