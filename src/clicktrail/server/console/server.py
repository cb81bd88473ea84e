"""Serve the console inside the engine's event loop."""

import asyncio
import socket
from importlib.resources import files

from clicktrail.judge import rules
from clicktrail.server.asgi import serve_app
from clicktrail.server.console.app import create_app
from clicktrail.server.console.given import Rejudge
from clicktrail.server.ports import Analytics, Clock

__all__ = ["serve_console"]


async def serve_console(
    listening: socket.socket, analytics: Analytics, *, clock: Clock, rejudge: Rejudge, stopping: asyncio.Event
) -> None:
    """Answer on a listening socket until told to stop."""
    text = (files("clicktrail.judge") / "data" / "rules.toml").read_text("utf-8")
    app = create_app(analytics, rules=rules.parse(text), clock=clock, rejudge=rejudge)
    await serve_app(app, listening, stopping=stopping)
