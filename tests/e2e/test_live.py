import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from clicktrail.tokens import Sealed, seal
from tests.e2e.serving import serving
from tests.streams import events


async def test_a_click_is_told_of_as_soon_as_it_has_its_verdict(tmp_path: Path) -> None:
    """From the edge through journal, judge and analytics to whoever listens; nobody has to ask again."""
    sealed = Sealed(
        destination="https://shop.example/boots",
        message_id="m1",
        recipient="ann@example.org",
        campaign="spring",
        position=3,
        links=8,
        sent_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    async with serving(tmp_path) as running:
        stream = events(f"{running.console}/api/live")
        await anext(stream)
        async with httpx2.AsyncClient() as client:
            await client.get(f"{running.edge}/{seal(running.ring, sealed)}", headers={"User-Agent": "curl/8.14.1"})
        async with asyncio.timeout(10):
            name, told = await anext(stream)
    # It was let go when the engine ended, by the end of what it listens to and not by a broken connection.
    assert [] == [event async for event in stream]
    assert ("click", "spring", "m1", 3, "bot") == (
        name,
        *(told[key] for key in ("campaign", "message_id", "link", "verdict")),
    )
