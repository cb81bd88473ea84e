"""ASGI application of the private port: ``/metrics`` for Prometheus, ``/healthz`` for monitors."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from clicktrail.server.monitoring.heartbeat import Health, summarize_health
from clicktrail.server.monitoring.prometheus import CONTENT_TYPE, render_metrics

_AsgiMessage = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[_AsgiMessage]], Callable[[_AsgiMessage], Awaitable[None]]],
    Awaitable[None],
]
"""An ASGI application: https://asgi.readthedocs.io/en/latest/specs/main.html."""


def create_app(get_processes: Callable[[], Sequence[Health]]) -> AsgiApp:
    """Create the application, without a framework so that the supervisor stays small."""

    async def app(
        scope: MutableMapping[str, Any],
        _receive: Callable[[], Awaitable[_AsgiMessage]],
        send: Callable[[_AsgiMessage], Awaitable[None]],
    ) -> None:
        status, content_type, body = _route(scope["path"], get_processes())
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _route(path: str, processes: Sequence[Health]) -> tuple[int, str, bytes]:
    if path == "/metrics":
        return 200, CONTENT_TYPE, render_metrics(processes)
    if path == "/healthz":
        health = summarize_health(processes)
        return 503 if health["status"] == "down" else 200, "application/json", msgspec.json.encode(health) + b"\n"
    return 404, "text/plain; charset=utf-8", b"Not found. Try /metrics or /healthz.\n"
