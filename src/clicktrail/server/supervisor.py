"""Run edge, relay and engine as child processes, and restart them when they die.

The supervisor binds every port itself and passes the listening sockets to its children. So a worker that dies does not
close its port: new connections wait in the socket's queue for the next worker.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import structlog

from clicktrail import keyring_file
from clicktrail.atomic_file import write_atomically
from clicktrail.errors import SettingsError
from clicktrail.server.child import ChildProcess
from clicktrail.server.private_files import remove_access_of_others
from clicktrail.server.service_locks import Component, RunningService, announce_service, get_lock_path, hold_lock
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.wiring.config import build_tracker
from clicktrail.server.wiring.process import create_stop_event, raise_file_limit

_LOG = structlog.get_logger(component="supervisor")
_LISTEN_BACKLOG = 4096
"""Connections that may wait while every worker is busy or restarting; the kernel's own limit may be lower."""


async def serve(
    settings: Settings, *, config_path: Path | None, components: Sequence[Component], stop_on_stdin_eof: bool = False
) -> None:
    """Run components until SIGTERM or SIGINT, then let them finish the requests in progress.

    Args:
        settings: as loaded from ``config_path``.
        config_path: the settings file, which the children load again.
        components: what to run.
        stop_on_stdin_eof: whether the end of standard input stops the components too.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        SettingsError: an address is not available, or a file that the settings name cannot be used.
        StorageError: another process serves from this data folder.
    """
    raise_file_limit()
    _check_configuration(settings, components)
    stopping = create_stop_event(signal.SIGTERM, signal.SIGINT, stop_on_stdin_eof=stop_on_stdin_eof)
    command = (sys.executable, "-m", "clicktrail", "worker", *(("--config", str(config_path)) if config_path else ()))
    with ExitStack() as stack:
        lock_files = [
            stack.enter_context(hold_lock(get_lock_path(settings.data_path, component))) for component in components
        ]
        workers: list[ChildProcess] = []
        engine: ChildProcess | None = None
        addresses: dict[str, str] = {}
        if Component.EDGE in components:
            edge_socket = stack.enter_context(_open_listening_socket("edge.listen", settings.edge.listen))
            addresses["edge"] = f"http://{_get_bound_address(edge_socket)}"
            workers = [
                ChildProcess(f"edge-{index}", command=(*command, "edge", "--index", str(index)), sockets=[edge_socket])
                for index in range(settings.edge.workers or os.cpu_count() or 1)
            ]
        if Component.RELAY in components:
            relay_socket = stack.enter_context(_open_listening_socket("relay.listen", settings.relay.listen))
            addresses["relay"] = str(_get_bound_address(relay_socket))
            workers += [
                ChildProcess(
                    f"relay-{index}", command=(*command, "relay", "--index", str(index)), sockets=[relay_socket]
                )
                for index in range(settings.relay.workers)
            ]
        if Component.ENGINE in components:
            console_socket = stack.enter_context(_open_listening_socket("console.listen", settings.console.listen))
            addresses["console"] = f"http://{_get_bound_address(console_socket)}"
            engine = ChildProcess("engine", command=(*command, "engine"), sockets=[console_socket])
            stack.callback(settings.run_file_path.unlink, missing_ok=True)
        metrics_socket = stack.enter_context(_open_listening_socket("metrics.listen", settings.metrics.listen))
        addresses["metrics"] = f"http://{_get_bound_address(metrics_socket)}"
        announce_service(lock_files, RunningService(pid=os.getpid(), metrics=addresses["metrics"]))
        children = [*workers, engine] if engine else workers
        run_file = settings.run_file_path if engine else None
        announcement = _announce_when_ready(children, addresses, run_file=run_file)
        await _run_children(workers, engine, stopping, metrics_socket=metrics_socket, announcement=announcement)


def _check_configuration(settings: Settings, components: Sequence[Component]) -> None:
    """Report here, once, what would stop each child."""
    if changed := remove_access_of_others(settings.data_path, except_file=settings.keyring_path):
        _LOG.warning("files were open to other users: access removed", folder=str(settings.data_path), files=changed)
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=settings.sealed_data_paths)
    if Component.RELAY in components:
        build_tracker(settings)


async def _run_children(
    workers: Sequence[ChildProcess],
    engine: ChildProcess | None,
    stopping: asyncio.Event,
    *,
    metrics_socket: socket.socket,
    announcement: Coroutine[Any, Any, None],
) -> None:
    """Run the children until stopped. The engine stops last, so that it processes what the workers wrote."""
    workers_stopped = asyncio.Event()
    children = [*workers, engine] if engine else workers
    async with asyncio.TaskGroup() as tasks:
        announcing = tasks.create_task(announcement)
        async with asyncio.TaskGroup() as worker_tasks:
            for worker in workers:
                worker_tasks.create_task(worker.keep_running(stopping))
            if engine:
                tasks.create_task(engine.keep_running(workers_stopped))
            await asyncio.sleep(0)  # the children start now: they do not wait for the imports of /metrics
            tasks.create_task(_serve_metrics(children, metrics_socket, stopping=workers_stopped))
            await stopping.wait()
        announcing.cancel()  # stopped before all children were ready
        workers_stopped.set()


async def _serve_metrics(
    children: Sequence[ChildProcess], metrics_socket: socket.socket, *, stopping: asyncio.Event
) -> None:
    from clicktrail.server.asgi import serve_app
    from clicktrail.server.monitoring.app import create_app

    await serve_app(create_app(lambda: [child.health for child in children]), metrics_socket, stopping=stopping)


async def _announce_when_ready(
    children: Sequence[ChildProcess], addresses: Mapping[str, str], *, run_file: Path | None
) -> None:
    """Once every child is ready, log the addresses in use and write them to the run file."""
    for child in children:
        await child.ready.wait()
    if run_file:
        text = json.dumps({"pid": os.getpid(), **addresses}) + "\n"
        write_atomically(run_file, text.encode())
    _LOG.info("serving", **addresses)


def _open_listening_socket(setting: str, address_text: str) -> socket.socket:
    address = HostPort.parse(address_text)
    try:
        family = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0][0]
        is_dual_stack = address.host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(
            (address.host, address.port), family=family, backlog=_LISTEN_BACKLOG, dualstack_ipv6=is_dual_stack
        )
    except OSError as error:
        raise SettingsError(
            f"{setting}: cannot listen on {address_text}: {error.strerror}",
            hint="choose another port, or 0 for any that is free",
        ) from error


def _get_bound_address(listening_socket: socket.socket) -> HostPort:
    host, port = listening_socket.getsockname()[:2]
    return HostPort(host, port)
