"""A process of ours that is started again when it dies, and ended when it no longer answers.

A child says ``ready`` on its standard output once it serves, and from then on gives a sign of life every second, a
``Pulse``. It stops when it is told by SIGTERM or when its standard input ends, which is how it learns that its
supervisor is gone.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec
import structlog

from clicktrail.server.monitoring.heartbeat import Health, Pulse, Status

__all__ = ["PULSE_S", "READY", "Child", "back_off_s"]

READY = b"ready\n"
PULSE_S = 1.0
"""How often a child gives a sign of life."""

_LOG = structlog.get_logger(part="supervisor")
_FIRST_BACK_OFF_S = 0.5
_LONGEST_BACK_OFF_S = 60.0
_STEADY_S = 60
"""A child that ran this long has recovered: its next death counts as its first."""
_STOP_S = 30
"""A child that has not stopped by then is killed. What it answered is on disk all the same."""
_PATIENCE_S = 30.0
"""A child that gave no sign for so long hangs. Longer than a disk keeps a healthy one waiting."""
_START_S = 300.0
"""A child may take so long to its first sign: the engine may have tables to bring up to date."""
_LOOKS = 10
"""Silence is counted in looks of our own, so that a machine that slept is not taken for a child that hangs."""


class Child:
    """One process.

    Args:
        name: what the log calls it.
        command: program and arguments; ``--socket NUMBER`` is added for each socket.
        sockets: what it inherits.
        patience_s: how long it may be silent once it serves.

    Attributes:
        ready: set when it has served for the first time.
    """

    def __init__(
        self,
        name: str,
        *,
        command: Sequence[str],
        sockets: Sequence[socket.socket] = (),
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self._sockets = tuple(listening.fileno() for listening in sockets)
        self._command = (*command, *(word for number in self._sockets for word in ("--socket", str(number))))
        self._patience_s = patience_s
        self._status = Status.DOWN
        self._pid: int | None = None
        self._pulse = Pulse()
        self._restarts = 0

    @property
    def health(self) -> Health:
        """How it is."""
        return Health(name=self.name, status=self._status, pid=self._pid, restarts=self._restarts, pulse=self._pulse)

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
            self._buried()
            self._restarts += 1
            deaths = 1 if asyncio.get_running_loop().time() - began > _STEADY_S else deaths + 1
            wait = back_off_s(deaths)
            _LOG.error("child died", child=self.name, status=process.returncode, restart_in_s=wait)
            await _first(asyncio.sleep(wait), stopping.wait())

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._sockets,
        )
        self._status, self._pid = Status.STARTING, process.pid
        return process

    async def _until_death(self, process: asyncio.subprocess.Process) -> None:
        """Hear what the process says until it ends; end it where it says nothing for too long."""
        silent = 0  # looks in a row
        while silent < _LOOKS:
            longest = _START_S if self._status is Status.STARTING else self._patience_s
            try:
                async with asyncio.timeout(longest / _LOOKS):
                    line = await process.stdout.readline() if process.stdout else b""
            except TimeoutError:
                silent += 1
                self._status = Status.SILENT if self._status is Status.SERVING else self._status
                continue
            if not line:
                await self._end(process, within_s=_STOP_S)
                return
            silent = 0
            self._status = Status.SERVING if self._status is Status.SILENT else self._status
            self._hear(line)
        _LOG.error("child does not answer", child=self.name, pid=process.pid)
        await self._end(process, within_s=0)

    def _hear(self, line: bytes) -> None:
        """Take a line for what it is: the first word, a pulse, or what a library of the child's had to say."""
        if line == READY:
            _LOG.info("child ready", child=self.name, pid=self._pid)
            self._status = Status.SERVING
            self.ready.set()
        else:
            with contextlib.suppress(msgspec.DecodeError):
                self._listen(msgspec.json.decode(line, type=Pulse))

    def _listen(self, pulse: Pulse) -> None:
        """Keep what it says, and say in the log what has become another trouble, or none."""
        before, now = ([trouble.code for trouble in said.troubles] for said in (self._pulse, pulse))
        self._pulse = pulse
        if now and now != before:
            hints = [trouble.hint for trouble in pulse.troubles]
            _LOG.warning("child has troubles", child=self.name, troubles=now, hints=hints)
        elif before and not now:
            _LOG.info("child is well again", child=self.name)

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await self._end(process, within_s=_STOP_S)

    async def _end(self, process: asyncio.subprocess.Process, *, within_s: float) -> None:
        """Wait for the process's end; bring it about if it does not come."""
        try:
            async with asyncio.timeout(within_s):
                await process.wait()
        except TimeoutError:
            _LOG.error("child does not end and is killed", child=self.name, pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _buried(self) -> None:
        """Forget the process that was."""
        self._status, self._pid, self._pulse = Status.DOWN, None, Pulse()


def back_off_s(deaths: int) -> float:
    """How long to wait before the restart after so many deaths in a row: none at first, then ever longer."""
    return 0.0 if deaths <= 1 else min(_FIRST_BACK_OFF_S * 2.0 ** min(deaths - 2, 10), _LONGEST_BACK_OFF_S)


async def _first(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Run coroutines until one of them ends, and cancel the others."""
    tasks = [asyncio.get_running_loop().create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
