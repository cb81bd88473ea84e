"""Redirects by web frameworks, which open the token and record nothing: what the edge is measured against."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from flask import Flask, redirect
from werkzeug.wrappers import Response

from clicktrail import keyring_file
from clicktrail.errors import TokenError
from clicktrail.server.settings import environment
from clicktrail.tokens import KeyRing, open_token

__all__ = ["KEYS", "asgi", "wsgi"]

KEYS: Final = "BENCH_KEYS"
"""The environment variable that names the key ring's file."""


def _ring() -> KeyRing:
    return keyring_file.load(Path(environment()[KEYS]))


def asgi() -> Callable[..., Awaitable[None]]:
    """For uvicorn, without any framework."""
    ring = _ring()

    async def app(scope: dict[str, Any], _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        fields, status = [(b"content-length", b"0")], 302
        try:
            fields.append((b"location", open_token(ring, scope["path"][1:]).destination.encode()))
        except TokenError:
            status = 404
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body"})

    return app


def wsgi() -> Flask:
    """For gunicorn."""
    ring, app = _ring(), Flask(__name__)

    def follow(token: str) -> Response | tuple[str, int]:
        try:
            return redirect(open_token(ring, token).destination)
        except TokenError:
            return "", 404

    app.add_url_rule("/<token>", view_func=follow)
    return app
