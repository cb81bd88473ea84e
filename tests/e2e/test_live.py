import asyncio
from pathlib import Path

import httpx2

from tests.support.edge import token_path
from tests.support.server_sent_events import stream_events
from tests.support.serving import running_server
from tests.support.waiting import TIMEOUT_S


async def test_live_stream_has_judged_clicks_and_ends_with_the_server(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        stream = stream_events(f"{server.console}/api/live")
        await anext(stream)
        async with httpx2.AsyncClient(base_url=server.edge, timeout=TIMEOUT_S) as client:
            path = token_path(position=3, ring=server.ring)
            await client.get(path, headers={"User-Agent": "curl/8.14.1"})
        async with asyncio.timeout(TIMEOUT_S):
            name, click = await anext(stream)
    assert [event async for event in stream] == []  # a broken connection would raise
    assert name == "click"
    assert [click[key] for key in ("campaign", "message_id", "link", "verdict")] == ["spring", "m1", 3, "bot"]
