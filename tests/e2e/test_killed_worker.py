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
from tests.support.waiting import TIMEOUT_S

CLICK_COUNT = 3_000
CLIENT_COUNT = 32
CAMPAIGN = "torture"


def build_tracking_paths(ring: KeyRing) -> dict[str, str]:
    """Paths of tracking URLs by destination, each of another message."""
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
        for number in range(CLICK_COUNT)
    }


@pytest.mark.without_coverage
async def test_every_answered_click_is_in_the_report_once(tmp_path: Path, summarize: Callable[[str], None]) -> None:
    answered: set[str] = set()
    half_answered = asyncio.Event()
    async with running_server(tmp_path) as server:
        remaining = list(build_tracking_paths(server.ring).items())

        async def follow_links() -> None:
            async with httpx2.AsyncClient(base_url=server.edge, timeout=TIMEOUT_S) as client:
                while remaining:
                    destination, path = remaining.pop()
                    try:
                        response = await client.get(path, headers={"User-Agent": "Mozilla/5.0"})
                    except httpx2.TransportError:
                        continue  # the worker was killed; this click was not answered
                    if response.headers.get("location") == destination:
                        answered.add(destination)
                    if len(answered) == CLICK_COUNT // 2:
                        half_answered.set()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CLIENT_COUNT):
                tasks.create_task(follow_links())
            await half_answered.wait()
            os.kill(server.find_child_pid("edge-0"), signal.SIGKILL)
        report = await wait_for_report(server, CAMPAIGN, clicks=len(answered))

    counted = {link["url"]: link["clicks"]["total"] for link in report["links"]}
    summarize(f"{len(answered)} answered, {len(counted)} in the report")
    assert len(answered) > CLICK_COUNT // 2
    assert answered <= counted.keys()
    assert set(counted.values()) == {1}
