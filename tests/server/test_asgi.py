import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from clicktrail.server.asgi import serve_app


async def hello(_scope: object, _receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """An ASGI application with one response."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_application_is_served_until_stopped() -> None:
    stopping = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_app(hello, listening, stopping=stopping))
            async with httpx2.AsyncClient() as client:
                response = await client.get("http://{}:{}/".format(*listening.getsockname()))
            stopping.set()

    assert (response.status_code, response.text) == (200, "hello")
    assert "server" not in response.headers
