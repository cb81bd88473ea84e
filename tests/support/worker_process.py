"""Worker processes, started as the supervisor starts them."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from clicktrail.server.child import READY_LINE


@contextlib.asynccontextmanager
async def running_worker(
    component: str, folder: Path, sockets: Sequence[socket.socket], *, max_files: tuple[int, int] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a worker with ``folder`` as its current folder, wait until it is ready, and stop it at the end.

    ``max_files`` are its soft and hard limit of open files.
    """
    descriptors = tuple(listener.fileno() for listener in sockets)
    options = [option for descriptor in descriptors for option in ("--socket", str(descriptor))]
    limits = ("prlimit", f"--nofile={max_files[0]}:{max_files[1]}") if max_files else ()
    process = await asyncio.create_subprocess_exec(
        *limits,
        sys.executable,
        "-m",
        "clicktrail",
        "worker",
        component,
        *options,
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=descriptors,
    )
    assert process.stdout
    try:
        assert await process.stdout.readline() == READY_LINE
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
