"""Read server-sent events."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx2

__all__ = ["StreamEvent", "stream_events"]

StreamEvent = tuple[str, Any]


async def stream_events(url: str) -> AsyncGenerator[StreamEvent, None]:
    """The events of a stream, a name and what is told; first of all ``("listening", None)``."""
    async with httpx2.AsyncClient() as client, client.stream("GET", url) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        name = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if not field and value:
                yield value, None
            elif field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)
