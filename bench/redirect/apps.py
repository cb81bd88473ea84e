"""Redirects by web frameworks that open the token and record nothing."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from flask import Flask, redirect
from werkzeug.wrappers import Response

from clicktrail import keyring_file
from clicktrail.errors import TokenError
from clicktrail.server.settings import get_environment
from clicktrail.tokens import KeyRing, open_token

KEYS_VARIABLE: Final = "BENCH_KEYS"
"""Environment variable with the path of the key ring."""


def _load_ring() -> KeyRing:
    return keyring_file.load(Path(get_environment()[KEYS_VARIABLE]))


def create_asgi_app() -> Callable[..., Awaitable[None]]:
    """ASGI application for uvicorn, without a framework."""
    ring = _load_ring()

    async def app(scope: dict[str, Any], _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            return
        headers, status = [(b"content-length", b"0")], 302
        try:
            headers.append((b"location", open_token(ring, scope["path"][1:]).destination.encode()))
        except TokenError:
            status = 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body"})

    return app


def create_wsgi_app() -> Flask:
    """Flask application for gunicorn."""
    ring, app = _load_ring(), Flask(__name__)

    def redirect_token(token: str) -> Response | tuple[str, int]:
        try:
            return redirect(open_token(ring, token).destination)
        except TokenError:
            return "", 404

    app.add_url_rule("/<token>", view_func=redirect_token)
    return app
