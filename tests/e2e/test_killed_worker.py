import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from clicktrail.tokens import KeyRing, SealedLink, seal_token
from tests.support.serving import running_server, wait_for_report

CLICKS = 3_000
CLIENTS = 32
CAMPAIGN = "torture"


def tracking_paths(ring: KeyRing) -> dict[str, str]:
    """As many tracking URLs as clicks, each of its own message and with its own destination."""
    return {
        f"https://example.com/{number}": "/"
        + seal_token(
            ring,
            SealedLink(
                destination=f"https://example.com/{number}",
                message_id=f"m{number}",
                recipient=f"r{number}@example.net",
                campaign=CAMPAIGN,
                position=0,
                link_count=1,
                sent_at=datetime(2026, 11, 23, tzinfo=UTC),
            ),
        )
        for number in range(CLICKS)
    }


@pytest.mark.without_coverage
async def test_every_answered_click_is_in_the_report_once(tmp_path: Path, summarize: Callable[[str], None]) -> None:
    answered: set[str] = set()
    half = asyncio.Event()
    async with running_server(tmp_path) as running:
        waiting = list(tracking_paths(running.ring).items())

        async def reader() -> None:
            async with httpx2.AsyncClient(base_url=running.edge, timeout=20) as client:
                while waiting:
                    destination, path = waiting.pop()
                    try:
                        response = await client.get(path, headers={"User-Agent": "Mozilla/5.0"})
                    except httpx2.TransportError:
                        continue  # unanswered: the reader's browser would say so
                    if response.headers.get("location") == destination:
                        answered.add(destination)
                    if len(answered) == CLICKS // 2:
                        half.set()

        async with asyncio.TaskGroup() as load:
            for _ in range(CLIENTS):
                load.create_task(reader())
            await half.wait()
            os.kill(running.find_child_pid("edge-0"), signal.SIGKILL)
        report = await wait_for_report(running, CAMPAIGN, clicks=len(answered))

    counted = {link["url"]: link["clicks"]["total"] for link in report["links"]}
    summarize(f"{len(answered)} answered, {len(counted)} in the report")
    assert len(answered) > CLICKS // 2
    assert answered <= counted.keys()
    assert {1} == set(counted.values())
