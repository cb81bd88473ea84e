"""A child process that is restarted when it dies, and killed when it does not answer.

A child writes ``ready`` to its standard output once it serves, and from then on a ``Heartbeat`` every second. It stops
on SIGTERM, or at the end of its standard input, which means that its supervisor is gone.
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

READY_LINE = b"ready\n"
HEARTBEAT_INTERVAL_S = 1.0

_LOG = structlog.get_logger(component="supervisor")
_MIN_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 60.0
_STABLE_AFTER_S = 60
"""After a run of this length a crash counts as the first one again."""
_STOP_TIMEOUT_S = 30
"""A child that has not stopped by then is killed. The clicks that it answered are on disk."""
_HEARTBEAT_TIMEOUT_S = 30.0
"""A child without a heartbeat for this long is killed. A slow disk blocks a healthy child for less."""
_START_TIMEOUT_S = 300.0
"""Time until the first heartbeat: the engine may have to migrate tables."""
_CHECKS_PER_TIMEOUT = 10
"""Time-outs are counted in short waits of our own, so that a suspended machine does not look like a hanging child."""


class ChildProcess:
    """One child process.

    Args:
        command: program and arguments; ``--socket NUMBER`` is appended for each socket.
        heartbeat_timeout_s: time without a heartbeat after which a serving child is killed.

    Attributes:
        ready: set when the child is ready for the first time.
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
        self._sockets = tuple(inherited.fileno() for inherited in sockets)
        self._command = (*command, *(word for number in self._sockets for word in ("--socket", str(number))))
        self._heartbeat_timeout_s = heartbeat_timeout_s
        self._status = ProcessStatus.DOWN
        self._pid: int | None = None
        self._heartbeat = Heartbeat()
        self._restarts = 0

    @property
    def health(self) -> Health:
        """Status, restarts and last heartbeat."""
        return Health(
            name=self.name, status=self._status, pid=self._pid, restarts=self._restarts, heartbeat=self._heartbeat
        )

    async def keep_running(self, stopping: asyncio.Event) -> None:
        """Run the process, restarting it after each crash, until stopped; then wait for it to finish."""
        crash_count = 0
        while not stopping.is_set():
            started_at = asyncio.get_running_loop().time()
            process = await self._start()
            await _run_until_first_done(self._watch_until_exit(process), stopping.wait())
            if stopping.is_set():
                await self._stop(process)
                return
            self._reset_process_state()
            self._restarts += 1
            was_stable = asyncio.get_running_loop().time() - started_at > _STABLE_AFTER_S
            crash_count = 1 if was_stable else crash_count + 1
            backoff_s = compute_backoff_s(crash_count)
            _LOG.error("child died", child=self.name, status=process.returncode, restart_in_s=backoff_s)
            await _run_until_first_done(asyncio.sleep(backoff_s), stopping.wait())

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, pass_fds=self._sockets
        )
        self._status, self._pid = ProcessStatus.STARTING, process.pid
        return process

    async def _watch_until_exit(self, process: asyncio.subprocess.Process) -> None:
        """Read the child's output until it exits; kill it after too long without a line."""
        silent_checks = 0
        while silent_checks < _CHECKS_PER_TIMEOUT:
            timeout_s = _START_TIMEOUT_S if self._status is ProcessStatus.STARTING else self._heartbeat_timeout_s
            try:
                async with asyncio.timeout(timeout_s / _CHECKS_PER_TIMEOUT):
                    line = await process.stdout.readline() if process.stdout else b""
            except ValueError:  # a line that is longer than the buffer, which readline has emptied
                continue
            except TimeoutError:
                silent_checks += 1
                if self._status is ProcessStatus.SERVING:
                    self._status = ProcessStatus.UNRESPONSIVE
                continue
            if not line:
                await self._wait_or_kill(process, timeout_s=_STOP_TIMEOUT_S)
                return
            silent_checks = 0
            if self._status is ProcessStatus.UNRESPONSIVE:
                self._status = ProcessStatus.SERVING
            self._handle_line(line)
        _LOG.error("child does not answer", child=self.name, pid=process.pid)
        await self._wait_or_kill(process, timeout_s=0)

    def _handle_line(self, line: bytes) -> None:
        if line == READY_LINE:
            _LOG.info("child ready", child=self.name, pid=self._pid)
            self._status = ProcessStatus.SERVING
            self.ready.set()
        else:
            with contextlib.suppress(msgspec.DecodeError):  # a library may print, too
                self._handle_heartbeat(msgspec.json.decode(line, type=Heartbeat))

    def _handle_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Store the heartbeat, and log when the problems change."""
        previous_codes = [problem.code for problem in self._heartbeat.problems]
        codes = [problem.code for problem in heartbeat.problems]
        self._heartbeat = heartbeat
        if codes and codes != previous_codes:
            hints = [problem.hint for problem in heartbeat.problems]
            _LOG.warning("child has problems", child=self.name, problems=codes, hints=hints)
        elif previous_codes and not codes:
            _LOG.info("child has recovered", child=self.name)

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await self._wait_or_kill(process, timeout_s=_STOP_TIMEOUT_S)

    async def _wait_or_kill(self, process: asyncio.subprocess.Process, *, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await process.communicate()  # unread output would keep `wait` waiting after the end of the process
        except TimeoutError:
            _LOG.error("child does not stop and is killed", child=self.name, pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    def _reset_process_state(self) -> None:
        self._status, self._pid, self._heartbeat = ProcessStatus.DOWN, None, Heartbeat()


def compute_backoff_s(crash_count: int) -> float:
    """Pause before a restart: none after the first crash, then doubling up to a minute."""
    return 0.0 if crash_count <= 1 else min(_MIN_BACKOFF_S * 2.0 ** min(crash_count - 2, 10), _MAX_BACKOFF_S)


async def _run_until_first_done(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Run coroutines until one of them ends, then cancel the rest."""
    tasks = [asyncio.get_running_loop().create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
