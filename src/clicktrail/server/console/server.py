"""Serve the console inside the engine's event loop."""

import asyncio
import socket
from importlib.resources import files

from clicktrail.judge import rules
from clicktrail.server.asgi import serve_app
from clicktrail.server.console.app import create_app
from clicktrail.server.console.given import Rejudge
from clicktrail.server.ports import Analytics

__all__ = ["serve_console"]


async def serve_console(
    listening: socket.socket, analytics: Analytics, *, rejudge: Rejudge, stopping: asyncio.Event
) -> None:
    """Answer on a listening socket until told to stop."""
    await serve_app(create_app(analytics, signals=_descriptions(), rejudge=rejudge), listening, stopping=stopping)


def _descriptions() -> dict[str, str]:
    """What each signal means, in words, by its name."""
    text = (files("clicktrail.judge") / "data" / "rules.toml").read_text("utf-8")
    return {rule.name: rule.description for rule in rules.parse(text).rules}
