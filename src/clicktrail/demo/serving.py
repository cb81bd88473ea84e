"""Run ``clicktrail serve`` as a child process with the demo's settings."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clicktrail.errors import ClicktrailError
from clicktrail.server.settings import get_environment

_SETTINGS: Final = """\
# Written by clicktrail demo.
data_dir = "data"

[tracking]
domain = "http://{edge}"

[utm]
source = "email"
medium = "newsletter"
campaign = "{{campaign}}"
own_hosts = ["127.0.0.1"]

[edge]
listen = "{edge}"
workers = 2
trusted_proxies = ["127.0.0.1/32"] # the demo's clients send X-Forwarded-For

[relay]
listen = "127.0.0.1:0"
next_hop = "{next_hop}"

[console]
listen = "127.0.0.1:0"

[metrics]
listen = "127.0.0.1:0"
"""
_START_TIMEOUT_S: Final = 60
_STOP_TIMEOUT_S: Final = 30
_POLL_INTERVAL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses of a running clicktrail: origins of edge and console, and the relay's ``host:port``."""

    edge: str
    relay: str
    console: str


@contextlib.asynccontextmanager
async def running_server(folder: Path, *, next_hop: str) -> AsyncIterator[Endpoints]:
    """Run clicktrail with its settings, data and log in ``folder`` while the context is open.

    Raises:
        ClicktrailError: clicktrail did not start.
    """
    config, log = folder / "clicktrail.toml", folder / "serve.log"
    config.write_text(_SETTINGS.format(edge=f"127.0.0.1:{_find_free_port()}", next_hop=next_hop), "utf-8")
    # Environment variables override the file; the user's could name a real next hop.
    environ = {name: value for name, value in get_environment().items() if not name.startswith("CLICKTRAIL_")}
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "clicktrail", "serve", "--with-input", "--config", str(config)),
            env=environ,
            stdin=subprocess.PIPE,  # closes when this process ends, even by SIGKILL, which stops clicktrail
            stdout=subprocess.DEVNULL,
            stderr=errors,
            process_group=0,  # Ctrl-C is handled by this process alone
        )
    try:
        yield await _wait_until_ready(process, folder / "data" / "run.json", log)
    finally:
        await _stop_process(process)


async def _wait_until_ready(process: asyncio.subprocess.Process, run_file: Path, log: Path) -> Endpoints:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            while process.returncode is None:
                endpoints = _read_endpoints(run_file)
                if endpoints:
                    return endpoints
                await asyncio.sleep(_POLL_INTERVAL_S)
    except TimeoutError as error:
        raise ClicktrailError(
            f"clicktrail serve was not ready after {_START_TIMEOUT_S} s", hint=_read_last_line(log)
        ) from error
    raise ClicktrailError("clicktrail serve exited during start-up", hint=_read_last_line(log))


def _read_endpoints(run_file: Path) -> Endpoints | None:
    try:
        run = json.loads(run_file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Endpoints(edge=run["edge"], relay=run["relay"], console=run["console"])


async def _stop_process(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _read_last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "its log is empty"


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
