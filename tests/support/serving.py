"""``clicktrail serve`` as a process, on free ports of 127.0.0.1."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from clicktrail import keyring_file
from clicktrail.tokens import KeyRing
from tests.support.waiting import TIMEOUT_S, wait_until

_SETTINGS = """\
data_dir = "data"
[tracking]
domain = "http://{edge}"
[utm]
source = "email"
medium = "newsletter"
campaign = "{{campaign}}"
own_hosts = {own_hosts}
[edge]
listen = "{edge}"
workers = {workers}
[relay]
listen = "127.0.0.1:0"
next_hop = "{next_hop}"
[console]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[log]
level = "{log_level}"
"""


@dataclass(kw_only=True)
class RunningServer:
    """A running clicktrail.

    Attributes:
        process: the supervisor.
        data_folder: its data folder.
        edge: base URL of the edge.
        relay: host and port of the relay.
        console: base URL of the console.
        metrics: base URL of the metrics port.
        log: lines of standard error so far.
    """

    process: asyncio.subprocess.Process
    data_folder: Path
    edge: str
    relay: tuple[str, int]
    console: str
    metrics: str
    log: list[str]

    @property
    def ring(self) -> KeyRing:
        """Its key ring."""
        return keyring_file.load(self.data_folder / keyring_file.FILE_NAME)

    def find_child_pid(self, child: str) -> int:
        """Process id of the most recent child of this name."""
        events = [json.loads(line) for line in self.log]
        ready = [event for event in events if ("child ready", child) == (event["event"], event.get("child"))]
        return int(ready[-1]["pid"])


@contextlib.asynccontextmanager
async def running_server(
    folder: Path,
    *,
    next_hop: str = "127.0.0.1:1",
    own_hosts: tuple[str, ...] = (),
    workers: int = 2,
    log_level: str = "info",
) -> AsyncIterator[RunningServer]:
    """Run ``clicktrail serve`` with a data folder below ``folder``; SIGTERM must stop it with exit status 0."""
    config = folder / "clicktrail.toml"
    config.write_text(
        _SETTINGS.format(
            edge=f"127.0.0.1:{_find_free_port()}",
            workers=workers,
            next_hop=next_hop,
            own_hosts=json.dumps(own_hosts),
            log_level=log_level,
        ),
        "utf-8",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clicktrail", "serve", "--config", str(config), stderr=asyncio.subprocess.PIPE
    )
    log: list[str] = []
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_read_log(process, log, ready))
        await ready.wait()
        assert process.returncode is None, "\n".join(log)
        run_file = json.loads((folder / "data" / "run.json").read_text("utf-8"))
        host, _, port = run_file["relay"].rpartition(":")
        try:
            yield RunningServer(
                process=process,
                data_folder=folder / "data",
                edge=run_file["edge"],
                relay=(host, int(port)),
                console=run_file["console"],
                metrics=run_file["metrics"],
                log=log,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            status = await process.wait()
    assert status == 0, "\n".join(log)


async def wait_for_report(server: RunningServer, campaign: str, *, clicks: int) -> dict[str, Any]:
    """Return the report of a campaign as soon as it has this many clicks."""
    async with httpx2.AsyncClient(base_url=server.console, timeout=TIMEOUT_S) as client:

        async def fetch_report() -> dict[str, Any]:
            response = await client.get("/api/campaign", params={"name": campaign})
            report: dict[str, Any] = response.json() if response.is_success else {}
            return report

        return await wait_until(fetch_report, lambda report: report.get("clicks", {}).get("total", -1) >= clicks)


async def _read_log(process: asyncio.subprocess.Process, log: list[str], ready: asyncio.Event) -> None:
    # Also sets `ready` when the process ends, so that a failed start is noticed.
    assert process.stderr
    async for line in process.stderr:
        log.append(line.decode("utf-8", "replace").rstrip())
        if '"event": "serving"' in log[-1]:
            ready.set()
    ready.set()


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
