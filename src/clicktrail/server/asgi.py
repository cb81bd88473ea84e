"""Serve an ASGI application in an event loop that runs other tasks, too."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

_SHUTDOWN_TIMEOUT_S = 5
"""Time for requests in progress once the application is stopping."""


async def serve_app(app: Callable[..., Any], listening_socket: socket.socket, *, stopping: asyncio.Event) -> None:
    """Serve on a listening socket until stopped."""
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
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
