"""The private port: ``/metrics`` for Prometheus, ``/healthz`` for monitors."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from clicktrail.server.monitoring.heartbeat import Health, overall
from clicktrail.server.monitoring.prometheus import CONTENT_TYPE, exposition

__all__ = ["App", "create_app"]

_Message = MutableMapping[str, Any]
App = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]
"""An ASGI application: https://asgi.readthedocs.io/en/latest/specs/main.html."""


def create_app(processes: Callable[[], Sequence[Health]]) -> App:
    """Make the application; no framework, since the supervisor is to stay small.

    Args:
        processes: says how they are now.
    """

    async def answer(
        scope: MutableMapping[str, Any],
        _receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        status, kind, body = _answer(scope["path"], processes())
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _answer(path: str, processes: Sequence[Health]) -> tuple[int, str, bytes]:
    """Status, type and body."""
    if path == "/metrics":
        return 200, CONTENT_TYPE, exposition(processes)
    if path == "/healthz":
        health = overall(processes)
        return 503 if health["status"] == "down" else 200, "application/json", msgspec.json.encode(health) + b"\n"
    return 404, "text/plain; charset=utf-8", b"/metrics and /healthz are here\n"
