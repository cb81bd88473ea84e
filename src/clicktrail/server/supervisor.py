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
from clicktrail.server.child import ChildProcess
from clicktrail.server.monitoring.app import create_app
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.wiring.config import build_tracker, read_domains
from clicktrail.server.wiring.worker import create_stop_event

__all__ = ["RUN_FILE_NAME", "Component", "serve"]

RUN_FILE_NAME = "run.json"
"""In the data folder while the engine runs: its supervisor's pid and the addresses in use."""

_LOG = structlog.get_logger(component="supervisor")
_LISTEN_BACKLOG = 4096
"""Connections that may wait while every worker is busy or restarting; the kernel's own limit may be lower."""


class Component(StrEnum):
    """What ``serve --only`` can choose."""

    EDGE = "edge"
    ENGINE = "engine"


async def serve(
    settings: Settings, *, config_path: Path | None, components: Sequence[Component], stop_on_stdin_eof: bool = False
) -> None:
    """Run the parts until SIGTERM or SIGINT, then let them finish what they have in hand.

    Args:
        settings: as read from config.
        config_path: the settings file, for the children to read.
        components: what to run.
        stop_on_stdin_eof: whether the end of standard input stops it too.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        SettingsError: an address cannot be listened on, or a file that the settings name not be used.
        StorageError: another process serves from this data folder.
    """
    data = settings.data_path
    traces = [settings.journal_path, settings.registry_path, settings.analytics_path, data / overrides_file.FILE_NAME]
    keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=traces)
    if Component.ENGINE in components:
        build_tracker(settings)  # what the engine would stumble over is said here, once
    if Component.EDGE in components:
        read_domains(settings)  # and what the edge would
    stopping = create_stop_event(signal.SIGTERM, signal.SIGINT, stop_on_stdin_eof=stop_on_stdin_eof)
    command = (sys.executable, "-m", "clicktrail", "worker", *(("--config", str(config_path)) if config_path else ()))
    with contextlib.ExitStack() as held:
        for part in components:
            held.enter_context(_hold_lock(data / f"{part}.lock"))
        workers: list[ChildProcess] = []
        engine: ChildProcess | None = None
        addresses: dict[str, str] = {}
        if Component.EDGE in components:
            edge = held.enter_context(_open_listening_socket("edge.listen", settings.edge.listen))
            addresses["edge"] = f"http://{_get_bound_address(edge)}"
            workers = [
                ChildProcess(f"edge-{index}", command=(*command, "edge", "--index", str(index)), sockets=(edge,))
                for index in range(settings.edge.workers or os.cpu_count() or 1)
            ]
        if Component.ENGINE in components:
            relay = held.enter_context(_open_listening_socket("relay.listen", settings.relay.listen))
            console = held.enter_context(_open_listening_socket("console.listen", settings.console.listen))
            addresses |= {"relay": str(_get_bound_address(relay)), "console": f"http://{_get_bound_address(console)}"}
            engine = ChildProcess("engine", command=(*command, "engine"), sockets=(relay, console))
            held.callback((data / RUN_FILE_NAME).unlink, missing_ok=True)
        private = held.enter_context(_open_listening_socket("metrics.listen", settings.metrics.listen))
        addresses["metrics"] = f"http://{_get_bound_address(private)}"
        run_file = data / RUN_FILE_NAME if engine else None
        await _run_children(
            workers, engine, stopping, metrics_socket=private, run_file_and_addresses=(run_file, addresses)
        )


async def _run_children(
    workers: Sequence[ChildProcess],
    engine: ChildProcess | None,
    stopping: asyncio.Event,
    *,
    metrics_socket: socket.socket,
    run_file_and_addresses: tuple[Path | None, dict[str, str]],
) -> None:
    """Keep the children; say where they listen once all are ready; stop the engine last, so that it sees it all."""
    edge_stopped = asyncio.Event()
    children = [*workers, engine] if engine else workers
    app = create_app(lambda: [child.health for child in children])
    async with asyncio.TaskGroup() as everything:
        everything.create_task(serve_app(app, metrics_socket, stopping=edge_stopped))
        announcing = everything.create_task(_announce_when_ready(*run_file_and_addresses, children=children))
        if engine:
            everything.create_task(engine.keep_running(edge_stopped))
        async with asyncio.TaskGroup() as edge:
            for worker in workers:
                edge.create_task(worker.keep_running(stopping))
            edge.create_task(_wait_until_stopped(stopping))
        announcing.cancel()  # a stop may come before all are ready
        edge_stopped.set()


async def _wait_until_stopped(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def _announce_when_ready(
    run_file: Path | None, addresses: dict[str, str], *, children: Sequence[ChildProcess]
) -> None:
    for child in children:
        await child.ready.wait()
    if run_file:
        draft = run_file.with_suffix(".tmp")
        draft.write_text(json.dumps({"pid": os.getpid(), **addresses}) + "\n", "utf-8")
        draft.replace(run_file)
    _LOG.info("serving", **addresses)


def _open_listening_socket(setting: str, address_text: str) -> socket.socket:
    """A listening socket at what a setting says.

    Raises:
        SettingsError: the address is taken or not ours.
    """
    address = HostPort.parse(address_text)
    try:
        family = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0][0]
        both = address.host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(
            (address.host, address.port), family=family, backlog=_LISTEN_BACKLOG, dualstack_ipv6=both
        )
    except OSError as error:
        raise SettingsError(
            f"{setting}: cannot listen on {address_text}: {error.strerror}",
            hint="choose another port, or 0 for any that is free",
        ) from error


def _get_bound_address(listening_socket: socket.socket) -> HostPort:
    host, port = listening_socket.getsockname()[:2]
    return HostPort(host, port)


@contextlib.contextmanager
def _hold_lock(lock_path: Path) -> Iterator[None]:
    """Hold a lock file.

    Raises:
        StorageError: another process holds it.
    """
    with lock_path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(
                f"another clicktrail serves from {lock_path.parent}", hint="stop it first, or choose another data_dir"
            ) from error
        yield
