"""Serve an ASGI application inside an event loop that has other work as well."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

__all__ = ["serve_app"]

_SHUTDOWN_TIMEOUT_S = 5
"""How long answers that are under way may take once the application is to stop."""


async def serve_app(app: Callable[..., Any], listening_socket: socket.socket, *, stopping: asyncio.Event) -> None:
    """Answer on a listening socket until told to stop."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
    )
    server = _ServerWithoutSignals(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listening_socket]))
        await stopping.wait()
        server.should_exit = True


class _ServerWithoutSignals(uvicorn.Server):
    """A server that leaves signals to the process it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
