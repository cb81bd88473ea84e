"""A process of ours that is started again when it dies.

A child says ``ready`` on its standard output once it serves, and stops when it is told by SIGTERM or when its
standard input ends, which is how it learns that its supervisor is gone.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

__all__ = ["READY", "Child"]

READY = b"ready\n"

_LOG = structlog.get_logger(part="supervisor")
_BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before the first, second … restart in a row."""
_STEADY_S = 60
"""A child that ran this long has recovered: its next death counts as its first."""
_STOP_S = 30
"""A child that has not stopped by then is killed. What it answered is on disk all the same."""


class Child:
    """One process.

    Args:
        name: what the log calls it.
        command: program and arguments; ``--socket NUMBER`` is added for each socket.
        sockets: what it inherits.
    """

    def __init__(self, name: str, *, command: Sequence[str], sockets: Sequence[socket.socket] = ()) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self._sockets = tuple(listening.fileno() for listening in sockets)
        self._command = (*command, *(word for number in self._sockets for word in ("--socket", str(number))))

    async def keep(self, stopping: asyncio.Event) -> None:
        """Keep the process running until told to stop; then let it finish."""
        deaths = 0
        while not stopping.is_set():
            began = asyncio.get_running_loop().time()
            process = await self._start()
            await _first(self._until_death(process), stopping.wait())
            if stopping.is_set():
                await self._stop(process)
                return
            lived = asyncio.get_running_loop().time() - began
            deaths = 0 if lived > _STEADY_S else deaths
            wait = _BACK_OFF_S[min(deaths, len(_BACK_OFF_S) - 1)]
            deaths += 1
            _LOG.error("child died", child=self.name, status=process.returncode, restart_in_s=wait)
            await _first(asyncio.sleep(wait), stopping.wait())

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._sockets,
        )

    async def _until_death(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout and await process.stdout.readline() == READY:
            _LOG.info("child ready", child=self.name, pid=process.pid)
            self.ready.set()
        await process.wait()

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_S):
                await process.wait()
        except TimeoutError:
            _LOG.error("child did not stop and is killed", child=self.name)
            process.kill()
            await process.wait()


async def _first(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Run coroutines until one of them ends, and cancel the others."""
    tasks = [asyncio.get_running_loop().create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
