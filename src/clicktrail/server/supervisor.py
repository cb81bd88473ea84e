"""Keep edge workers and engine running.

The supervisor binds every port itself and hands the listening sockets to its children. So a worker that dies takes
no port with it: connections that come meanwhile wait in the socket's queue for the next one.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import structlog

from clicktrail import keyring_file
from clicktrail.errors import SettingsError, StorageError
from clicktrail.server import overrides_file
from clicktrail.server.asgi import serve_app
from clicktrail.server.child import Child
from clicktrail.server.monitoring.app import create_app
from clicktrail.server.settings import Address, Settings
from clicktrail.server.wiring.config import build_tracker, read_domains
from clicktrail.server.wiring.worker import stop_signal

__all__ = ["RUN_FILE", "Part", "serve"]

RUN_FILE = "run.json"
"""In the data folder while the engine runs: its supervisor's pid and the addresses in use."""

_LOG = structlog.get_logger(part="supervisor")
_BACKLOG = 4096
"""Connections that may wait while every worker is busy or restarting; the kernel's own limit may be lower."""


class Part(StrEnum):
    """What ``serve --only`` can choose."""

    EDGE = "edge"
    ENGINE = "engine"


async def serve(settings: Settings, *, config: Path | None, parts: Sequence[Part], with_input: bool = False) -> None:
    """Run the parts until SIGTERM or SIGINT, then let them finish what they have in hand.

    Args:
        settings: as read from config.
        config: the settings file, for the children to read.
        parts: what to run.
        with_input: whether the end of standard input stops it too.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        SettingsError: an address cannot be listened on, or a file that the settings name not be used.
        StorageError: another process serves from this data folder.
    """
    data = settings.data
    traces = [settings.journal, settings.registry_file, settings.analytics, data / overrides_file.NAME]
    keyring_file.load_or_create(data / keyring_file.NAME, traces=traces)
    if Part.ENGINE in parts:
        build_tracker(settings)  # what the engine would stumble over is said here, once
    if Part.EDGE in parts:
        read_domains(settings)  # and what the edge would
    stopping = stop_signal(signal.SIGTERM, signal.SIGINT, with_input=with_input)
    command = (sys.executable, "-m", "clicktrail", "worker", *(("--config", str(config)) if config else ()))
    with contextlib.ExitStack() as held:
        for part in parts:
            held.enter_context(_alone(data / f"{part}.lock"))
        workers: list[Child] = []
        engine: Child | None = None
        addresses: dict[str, str] = {}
        if Part.EDGE in parts:
            edge = held.enter_context(_listen("edge.listen", settings.edge.listen))
            addresses["edge"] = f"http://{_address(edge)}"
            workers = [
                Child(f"edge-{index}", command=(*command, "edge", "--index", str(index)), sockets=(edge,))
                for index in range(settings.edge.workers or os.cpu_count() or 1)
            ]
        if Part.ENGINE in parts:
            relay = held.enter_context(_listen("relay.listen", settings.relay.listen))
            console = held.enter_context(_listen("console.listen", settings.console.listen))
            addresses |= {"relay": str(_address(relay)), "console": f"http://{_address(console)}"}
            engine = Child("engine", command=(*command, "engine"), sockets=(relay, console))
            held.callback((data / RUN_FILE).unlink, missing_ok=True)
        private = held.enter_context(_listen("metrics.listen", settings.metrics.listen))
        addresses["metrics"] = f"http://{_address(private)}"
        run_file = data / RUN_FILE if engine else None
        await _run(workers, engine, stopping, private=private, announcement=(run_file, addresses))


async def _run(
    workers: Sequence[Child],
    engine: Child | None,
    stopping: asyncio.Event,
    *,
    private: socket.socket,
    announcement: tuple[Path | None, dict[str, str]],
) -> None:
    """Keep the children; say where they listen once all are ready; stop the engine last, so that it sees it all."""
    edge_stopped = asyncio.Event()
    children = [*workers, engine] if engine else workers
    app = create_app(lambda: [child.health for child in children])
    async with asyncio.TaskGroup() as everything:
        everything.create_task(serve_app(app, private, stopping=edge_stopped))
        announcing = everything.create_task(_announce(*announcement, children=children))
        if engine:
            everything.create_task(engine.keep(edge_stopped))
        async with asyncio.TaskGroup() as edge:
            for worker in workers:
                edge.create_task(worker.keep(stopping))
            edge.create_task(_wait(stopping))
        announcing.cancel()  # a stop may come before all are ready
        edge_stopped.set()


async def _wait(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def _announce(run_file: Path | None, addresses: dict[str, str], *, children: Sequence[Child]) -> None:
    for child in children:
        await child.ready.wait()
    if run_file:
        draft = run_file.with_suffix(".tmp")
        draft.write_text(json.dumps({"pid": os.getpid(), **addresses}) + "\n", "utf-8")
        draft.replace(run_file)
    _LOG.info("serving", **addresses)


def _listen(setting: str, text: str) -> socket.socket:
    """A listening socket at what a setting says.

    Raises:
        SettingsError: the address is taken or not ours.
    """
    address = Address.parse(text)
    try:
        family = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0][0]
        both = address.host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server((address.host, address.port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise SettingsError(
            f"{setting}: cannot listen on {text}: {error.strerror}",
            hint="choose another port, or 0 for any that is free",
        ) from error


def _address(listening: socket.socket) -> Address:
    host, port = listening.getsockname()[:2]
    return Address(host, port)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file.

    Raises:
        StorageError: another process holds it.
    """
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(
                f"another clicktrail serves from {lock.parent}", hint="stop it first, or choose another data_dir"
            ) from error
        yield
