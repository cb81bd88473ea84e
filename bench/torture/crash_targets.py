"""The processes of a clicktrail without a supervisor, which would wait before it starts again what dies often."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from bench.programs import BenchError
from clicktrail import keyring_file
from clicktrail.server.child import READY_LINE
from clicktrail.tokens import KeyRing

__all__ = ["DATA_FOLDER", "CrashTargets", "running_targets"]

DATA_FOLDER: Final = "data"
"""The data folder, below the one that is given."""

_SETTINGS: Final = 'data_dir = "{data}"\n[journal]\ndurability = "{durability}"\n'
_START_TIMEOUT_S: Final = 60.0


class CrashTargets:
    """Edge workers and an engine on ports of loopback, which outlive them: connections wait for the next process.

    Attributes:
        ring: the key ring.
        edge_port: the workers' port.
        console_port: the engine's.
    """

    def __init__(self, folder: Path, *, workers: int, durability: str, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._config = folder / "clicktrail.toml"
        self._config.write_text(_SETTINGS.format(data=DATA_FOLDER, durability=durability), "utf-8")
        self._log = folder / "log"
        self.ring: KeyRing = keyring_file.load_or_create(
            folder / DATA_FOLDER / keyring_file.FILE_NAME, earlier_data_paths=[]
        )
        self._edge_socket, self._relay_socket, self._console_socket = (
            socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(3)
        )
        self.edge_port: int = self._edge_socket.getsockname()[1]
        self.console_port: int = self._console_socket.getsockname()[1]
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.process_names = [*(f"edge-{index}" for index in range(workers)), "engine"]

    def pid(self, name: str) -> int:
        """Of one that runs."""
        return self._processes[name].pid

    def kill(self, names: Iterable[str]) -> None:
        """End some of them by SIGKILL."""
        for name in names:
            self._processes[name].kill()

    async def start(self, names: Iterable[str]) -> None:
        """Start some of them, all at a time, once those of the same names are dead; return when they serve.

        Raises:
            BenchError: one did not.
        """
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(self._start(name))

    async def stop(self) -> None:
        """Ask all that run to end, the engine last, so that it has read all that was written."""
        for name in self.process_names:
            if (process := self._processes.get(name)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                await process.wait()

    def close(self) -> None:
        """Let go of the ports."""
        for listening in (self._edge_socket, self._relay_socket, self._console_socket):
            listening.close()

    async def _start(self, name: str) -> None:
        if name in self._processes:
            await self._processes[name].wait()
        sockets = [self._relay_socket, self._console_socket] if name == "engine" else [self._edge_socket]
        part, _, index = name.partition("-")
        command = [sys.executable, "-m", "clicktrail", "worker", part, "--config", str(self._config)]
        command += ["--index", index or "0"]
        command += [word for each in sockets for word in ("--socket", str(each.fileno()))]
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[each.fileno() for each in sockets],
            )
        self._processes[name] = process
        said = b""
        if process.stdout:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_TIMEOUT_S):
                    said = await process.stdout.readline()
            self._tasks.create_task(_drain_output(process.stdout))
        if said != READY_LINE:
            last = self._log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BenchError(f"{name} did not start: {last or 'it said nothing'}")


@contextlib.asynccontextmanager
async def running_targets(folder: Path, *, workers: int, durability: str) -> AsyncIterator[CrashTargets]:
    """Run them with their data in a folder; stop those that live at the end.

    Raises:
        BenchError: one did not start.
    """
    async with asyncio.TaskGroup() as tasks:
        running = CrashTargets(folder, workers=workers, durability=durability, tasks=tasks)
        try:
            await running.start(running.process_names)
            yield running
        finally:
            await running.stop()
            running.close()


async def _drain_output(output: asyncio.StreamReader) -> None:
    """Take what a process says until it is dead: nobody would hear of its death behind words that wait."""
    while await output.readline():
        pass
