"""A process of ours that is started again when it dies, and ended when it no longer answers.

A child says ``ready`` on its standard output once it serves, and from then on gives a sign of life every second, a
``Heartbeat``. It stops when it is told by SIGTERM or when its standard input ends, which is how it learns that its
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

from clicktrail.server.monitoring.heartbeat import Health, Heartbeat, ProcessStatus

__all__ = ["HEARTBEAT_INTERVAL_S", "READY_LINE", "ChildProcess", "compute_backoff_s"]

READY_LINE = b"ready\n"
HEARTBEAT_INTERVAL_S = 1.0
"""How often a child gives a sign of life."""

_LOG = structlog.get_logger(component="supervisor")
_MIN_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 60.0
_STABLE_AFTER_S = 60
"""A child that ran this long has recovered: its next death counts as its first."""
_STOP_TIMEOUT_S = 30
"""A child that has not stopped by then is killed. What it answered is on disk all the same."""
_HEARTBEAT_TIMEOUT_S = 30.0
"""A child that gave no sign for so long hangs. Longer than a disk keeps a healthy one waiting."""
_START_TIMEOUT_S = 300.0
"""A child may take so long to its first sign: the engine may have tables to bring up to date."""
_CHECKS_PER_TIMEOUT = 10
"""Silence is counted in looks of our own, so that a machine that slept is not taken for a child that hangs."""


class ChildProcess:
    """One process.

    Args:
        name: what the log calls it.
        command: program and arguments; ``--socket NUMBER`` is added for each socket.
        sockets: what it inherits.
        heartbeat_timeout_s: how long it may be silent once it serves.

    Attributes:
        ready: set when it has served for the first time.
    """

    def __init__(
        self,
        name: str,
        *,
        command: Sequence[str],
        sockets: Sequence[socket.socket] = (),
        heartbeat_timeout_s: float = _HEARTBEAT_TIMEOUT_S,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self._sockets = tuple(listening.fileno() for listening in sockets)
        self._command = (*command, *(word for number in self._sockets for word in ("--socket", str(number))))
        self._heartbeat_timeout_s = heartbeat_timeout_s
        self._status = ProcessStatus.DOWN
        self._pid: int | None = None
        self._heartbeat = Heartbeat()
        self._restarts = 0

    @property
    def health(self) -> Health:
        """How it is."""
        return Health(
            name=self.name, status=self._status, pid=self._pid, restarts=self._restarts, heartbeat=self._heartbeat
        )

    async def keep_running(self, stopping: asyncio.Event) -> None:
        """Keep the process running until told to stop; then let it finish."""
        deaths = 0
        while not stopping.is_set():
            began = asyncio.get_running_loop().time()
            process = await self._start()
            await _run_until_first_done(self._watch_until_exit(process), stopping.wait())
            if stopping.is_set():
                await self._stop(process)
                return
            self._reset_process_state()
            self._restarts += 1
            deaths = 1 if asyncio.get_running_loop().time() - began > _STABLE_AFTER_S else deaths + 1
            wait = compute_backoff_s(deaths)
            _LOG.error("child died", child=self.name, status=process.returncode, restart_in_s=wait)
            await _run_until_first_done(asyncio.sleep(wait), stopping.wait())

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=self._sockets,
        )
        self._status, self._pid = ProcessStatus.STARTING, process.pid
        return process

    async def _watch_until_exit(self, process: asyncio.subprocess.Process) -> None:
        """Hear what the process says until it ends; end it where it says nothing for too long."""
        silent = 0  # looks in a row
        while silent < _CHECKS_PER_TIMEOUT:
            longest = _START_TIMEOUT_S if self._status is ProcessStatus.STARTING else self._heartbeat_timeout_s
            try:
                async with asyncio.timeout(longest / _CHECKS_PER_TIMEOUT):
                    line = await process.stdout.readline() if process.stdout else b""
            except TimeoutError:
                silent += 1
                self._status = ProcessStatus.UNRESPONSIVE if self._status is ProcessStatus.SERVING else self._status
                continue
            if not line:
                await self._wait_or_kill(process, timeout_s=_STOP_TIMEOUT_S)
                return
            silent = 0
            self._status = ProcessStatus.SERVING if self._status is ProcessStatus.UNRESPONSIVE else self._status
            self._handle_line(line)
        _LOG.error("child does not answer", child=self.name, pid=process.pid)
        await self._wait_or_kill(process, timeout_s=0)

    def _handle_line(self, line: bytes) -> None:
        """Take a line for what it is: the first word, a pulse, or what a library of the child's had to say."""
        if line == READY_LINE:
            _LOG.info("child ready", child=self.name, pid=self._pid)
            self._status = ProcessStatus.SERVING
            self.ready.set()
        else:
            with contextlib.suppress(msgspec.DecodeError):
                self._handle_heartbeat(msgspec.json.decode(line, type=Heartbeat))

    def _handle_heartbeat(self, pulse: Heartbeat) -> None:
        """Keep what it says, and say in the log what has become another trouble, or none."""
        before, now = ([trouble.code for trouble in said.problems] for said in (self._heartbeat, pulse))
        self._heartbeat = pulse
        if now and now != before:
            hints = [trouble.hint for trouble in pulse.problems]
            _LOG.warning("child has troubles", child=self.name, troubles=now, hints=hints)
        elif before and not now:
            _LOG.info("child is well again", child=self.name)

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await self._wait_or_kill(process, timeout_s=_STOP_TIMEOUT_S)

    async def _wait_or_kill(self, process: asyncio.subprocess.Process, *, timeout_s: float) -> None:
        """Wait for the process's end; bring it about if it does not come."""
        try:
            async with asyncio.timeout(timeout_s):
                await process.wait()
        except TimeoutError:
            _LOG.error("child does not end and is killed", child=self.name, pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _reset_process_state(self) -> None:
        """Forget the process that was."""
        self._status, self._pid, self._heartbeat = ProcessStatus.DOWN, None, Heartbeat()


def compute_backoff_s(crash_count: int) -> float:
    """How long to wait before the restart after so many deaths in a row: none at first, then ever longer."""
    return 0.0 if crash_count <= 1 else min(_MIN_BACKOFF_S * 2.0 ** min(crash_count - 2, 10), _MAX_BACKOFF_S)


async def _run_until_first_done(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Run coroutines until one of them ends, and cancel the others."""
    tasks = [asyncio.get_running_loop().create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
