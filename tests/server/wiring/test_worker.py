import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator

from clicktrail.server.child import READY

WORKER = """
from clicktrail.server.wiring.worker import run, say_ready, stop_signal

async def work():
    stopping = stop_signal()
    say_ready()
    await stopping.wait()
    print("stopped in order", flush=True)

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


async def test_a_worker_stops_at_sigterm() -> None:
    """Told to stop, it ends its work and exits with status 0."""
    async with working() as process:
        process.send_signal(signal.SIGTERM)
        output, _ = await process.communicate()

    assert (0, b"stopped in order\n") == (process.returncode, output)


async def test_a_worker_stops_when_its_supervisor_is_gone() -> None:
    """The end of standard input is the supervisor's end; an interrupt from the terminal is left to the supervisor."""
    async with working() as process:
        process.send_signal(signal.SIGINT)
        output, _ = await process.communicate(b"")  # closes standard input

    assert (0, b"stopped in order\n") == (process.returncode, output)
