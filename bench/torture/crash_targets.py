"""clicktrail's processes without a supervisor, which would delay the restart of processes that die often."""

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

DATA_FOLDER: Final = "data"
"""Name of the data folder."""

_SETTINGS: Final = 'data_dir = "{data}"\n[journal]\ndurability = "{durability}"\n'
_START_TIMEOUT_S: Final = 120.0


class CrashTargets:
    """Edge workers and an engine whose listening sockets stay open between restarts, so connections wait.

    Attributes:
        ring: the key ring.
        journal: folder of the journal.
        edge_port: port of the workers.
        console_port: port of the engine.
        process_names: names of the processes, the engine last.
    """

    def __init__(self, folder: Path, *, workers: int, durability: str, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self.journal: Path = folder / DATA_FOLDER / "journal"
        self._config = folder / "clicktrail.toml"
        self._config.write_text(_SETTINGS.format(data=DATA_FOLDER, durability=durability), "utf-8")
        self._log = folder / "log"
        self.ring: KeyRing = keyring_file.load_or_create(
            folder / DATA_FOLDER / keyring_file.FILE_NAME, earlier_data_paths=[]
        )
        self._edge_socket, self._console_socket = (
            socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2)
        )
        self.edge_port: int = self._edge_socket.getsockname()[1]
        self.console_port: int = self._console_socket.getsockname()[1]
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.process_names = [*(f"edge-{index}" for index in range(workers)), "engine"]

    def pid(self, name: str) -> int:
        """Return the id of a running process."""
        return self._processes[name].pid

    def kill(self, names: Iterable[str]) -> None:
        """Kill processes by SIGKILL."""
        for name in names:
            self._processes[name].kill()

    async def kill_and_wait(self, names: Iterable[str]) -> None:
        """Kill processes by SIGKILL, and wait until they have ended."""
        names = tuple(names)
        self.kill(names)
        for name in names:
            await self._processes[name].wait()

    async def start(self, names: Iterable[str]) -> None:
        """Start processes at the same time, after earlier ones of the same names have ended, and wait until ready.

        Raises:
            BenchError: a process did not start.
        """
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(self._start(name))

    async def stop(self) -> None:
        """Terminate all processes, the engine last, so that it processes the whole journal."""
        for name in self.process_names:
            if (process := self._processes.get(name)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                await process.wait()

    def close(self) -> None:
        """Close the listening sockets."""
        for listener in (self._edge_socket, self._console_socket):
            listener.close()

    async def _start(self, name: str) -> None:
        if name in self._processes:
            await self._processes[name].wait()
        listener = self._console_socket if name == "engine" else self._edge_socket
        component, _, index = name.partition("-")
        command = [sys.executable, "-m", "clicktrail", "worker", component, "--config", str(self._config)]
        command += ["--index", index or "0"]
        command += ["--socket", str(listener.fileno())]
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[listener.fileno()],
            )
        self._processes[name] = process
        line = b""
        if process.stdout:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_START_TIMEOUT_S):
                    line = await process.stdout.readline()
            self._tasks.create_task(_drain_output(process.stdout))
        if line != READY_LINE:
            last_line = self._log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BenchError(f"{name} did not start: {last_line or 'its log is empty'}")


@contextlib.asynccontextmanager
async def running_targets(folder: Path, *, workers: int, durability: str) -> AsyncIterator[CrashTargets]:
    """Run the processes with their data in ``folder`` while the context is open.

    Raises:
        BenchError: a process did not start.
    """
    async with asyncio.TaskGroup() as tasks:
        targets = CrashTargets(folder, workers=workers, durability=durability, tasks=tasks)
        try:
            await targets.start(targets.process_names)
            yield targets
        finally:
            await targets.stop()
            targets.close()


async def _drain_output(output: asyncio.StreamReader) -> None:
    # asyncio reports the end of a process only after its output was read.
    while await output.readline():
        pass
