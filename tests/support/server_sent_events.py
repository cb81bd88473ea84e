"""Read server-sent events."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx2

from tests.support.waiting import TIMEOUT_S

StreamEvent = tuple[str, Any]


async def stream_events(url: str) -> AsyncGenerator[StreamEvent, None]:
    """Yield the name and data of each event, and ``(text, None)`` for each comment, such as "listening"."""
    async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client, client.stream("GET", url) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if not field and value:
                yield value, None
            elif field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)
