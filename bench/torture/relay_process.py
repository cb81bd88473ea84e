"""A relay process without a supervisor."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec

from bench.programs import BenchError, list_child_pids
from clicktrail import keyring_file
from clicktrail.server.child import READY_LINE
from clicktrail.server.monitoring.heartbeat import Heartbeat


class RelayProcess:
    """A relay process whose listening socket stays open between restarts, so connections wait.

    Attributes:
        port: port of the relay.
    """

    def __init__(self, folder: Path, settings: str, *, listener: socket.socket | None = None, index: int = 0) -> None:
        """Write the settings file and the key ring. Processes of one folder share a listening socket."""
        self._index = index
        self._config = folder / "clicktrail.toml"
        self._config.write_text(settings, "utf-8")
        self._log = folder / f"log-{index}"
        keyring_file.load_or_create(folder / "data" / keyring_file.FILE_NAME, earlier_data_paths=[])
        self._listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Id of the process; 0 before it is started."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the process, and wait until it is ready.

        Raises:
            BenchError: it did not start.
        """
        command = [sys.executable, "-m", "clicktrail", "worker", "relay", "--index", str(self._index)]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*command, "--config", str(self._config), "--socket", str(self._listener.fileno())),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[self._listener.fileno()],
            )
        output = self._process.stdout
        if output is None or await output.readline() != READY_LINE:
            raise BenchError("the relay did not start")

    async def kill_and_restart(self, number: int) -> None:
        """Kill the relay, or in every second case one of its rewriting processes."""
        if self._process is None:
            return
        if number % 2:
            for child in list_child_pids(self._process.pid)[:1]:
                os.kill(child, signal.SIGKILL)
            return
        self._process.kill()
        await self._process.communicate()
        await self.start()

    async def stop(self) -> Heartbeat:
        """Terminate the process, close the listening socket, and return the last heartbeat."""
        output = b""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            output, _ = await self._process.communicate()
        self._listener.close()
        lines = output.splitlines()
        return msgspec.json.decode(lines[-1], type=Heartbeat) if lines else Heartbeat()
