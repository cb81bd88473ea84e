"""Serve the console inside the engine's event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from importlib.resources import files

import uvicorn

from clicktrail.judge import rules
from clicktrail.server.console.app import create_app
from clicktrail.server.ports import Analytics

__all__ = ["serve_console"]

_GRACE_S = 5
"""How long answers that are under way may take once the console is to stop."""


async def serve_console(listening: socket.socket, analytics: Analytics, *, stopping: asyncio.Event) -> None:
    """Answer on a listening socket until told to stop."""
    config = uvicorn.Config(
        create_app(analytics, signals=_descriptions()),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[listening]))
        await stopping.wait()
        server.should_exit = True


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _descriptions() -> dict[str, str]:
    """What each signal means, in words, by its name."""
    text = (files("clicktrail.judge") / "data" / "rules.toml").read_text("utf-8")
    return {rule.name: rule.description for rule in rules.parse(text).rules}
