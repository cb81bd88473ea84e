import asyncio
from pathlib import Path

import httpx2

from tests.support.edge import token_path
from tests.support.server_sent_events import stream_events
from tests.support.serving import running_server


async def test_a_click_is_told_of_as_soon_as_it_has_its_verdict(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        stream = stream_events(f"{running.console}/api/live")
        await anext(stream)
        async with httpx2.AsyncClient(base_url=running.edge, headers={"User-Agent": "curl/8.14.1"}) as client:
            await client.get(token_path(position=3, ring=running.ring))
        async with asyncio.timeout(10):
            name, told = await anext(stream)
    # It was let go when the engine ended, by the end of what it listens to and not by a broken connection.
    assert [event async for event in stream] == []
    assert (
        name,
        *(told[key] for key in ("campaign", "message_id", "link", "verdict")),
    ) == ("click", "spring", "m1", 3, "bot")
