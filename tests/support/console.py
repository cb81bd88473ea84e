"""Consoles to ask, with and without a socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.testing import AsyncTestClient

from clicktrail.errors import StorageError
from clicktrail.judge import rules
from clicktrail.report import CampaignReport
from clicktrail.server.asgi import serve_app
from clicktrail.server.console import create_app
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.pipeline.rejudge import RejudgeRequest, RejudgeResult
from clicktrail.server.system import SystemClock
from tests.support.memory_analytics import MemoryAnalytics

RULES_TOML = """
version = 2026-11-23

[min_scores]
bot = 5
suspected = 3

[[rules]]
name = "burst"
points = 5
description = "Links followed faster than a hand can."
source = "somewhere"
date = 2026-11-23

[[rules]]
name = "engaged"
points = -8
description = "Somebody pressed a key."
source = "somewhere"
date = 2026-11-23
"""
"""Some of what the judge goes by."""

ConsoleClient = AsyncTestClient[Litestar]

ROUTES = (
    "/",
    "/campaign?name=spring",
    "/clicks?campaign=spring",
    "/api/campaigns",
    "/api/campaign?name=spring",
    "/api/clicks?campaign=spring",
    "/static/console.css",
    "/static/live.js",
    "/healthz",
)


async def rejudge_nothing(request: RejudgeRequest) -> list[RejudgeResult]:
    """A result that has every field of the request."""
    result = RejudgeResult(
        report=CampaignReport(campaign=request.campaign or ""),
        judged_count=int(request.since.timestamp()) if request.since else 0,
        skipped_count=int(request.apply),
    )
    return [result]


def create_console_client(analytics: MemoryAnalytics) -> ConsoleClient:
    """A client of a console of these analytics."""
    return AsyncTestClient(
        _app(analytics, ClickFeed()), base_url="http://127.0.0.1:8081", raise_server_exceptions=False
    )


@asynccontextmanager
async def serve_console(analytics: MemoryAnalytics, feed: ClickFeed | None = None) -> AsyncIterator[str]:
    """A console on a socket, until the context ends; its address."""
    feed = feed or ClickFeed()
    stopping = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_app(_app(analytics, feed), listening, stopping=stopping))
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            feed.close()
            stopping.set()


def _app(analytics: MemoryAnalytics, feed: ClickFeed) -> Litestar:
    return create_app(
        analytics, feed=feed, rules=rules.parse_rules(RULES_TOML), clock=SystemClock(), rejudge=rejudge_nothing
    )


class UnreadableAnalytics(MemoryAnalytics):
    """Analytics that cannot be read."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail; whatever else makes reports goes by this."""
        raise StorageError("cannot read")
