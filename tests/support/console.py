"""The console as an in-process client and on a socket."""

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
description = "Links followed faster than a person can."
source = "somewhere"
date = 2026-11-23

[[rules]]
name = "engaged"
points = -8
description = "A key was pressed on the landing page."
source = "somewhere"
date = 2026-11-23
"""

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
    """Return one result with the values of the request."""
    result = RejudgeResult(
        report=CampaignReport(campaign=request.campaign or ""),
        judged_count=int(request.since.timestamp()) if request.since else 0,
        skipped_count=int(request.apply),
    )
    return [result]


def create_console_client(analytics: MemoryAnalytics) -> ConsoleClient:
    return AsyncTestClient(
        _create_app(analytics, ClickFeed()), base_url="http://127.0.0.1:8081", raise_server_exceptions=False
    )


@asynccontextmanager
async def serve_console(analytics: MemoryAnalytics, feed: ClickFeed | None = None) -> AsyncIterator[str]:
    """Run a console on 127.0.0.1 while the context is open; yields its base URL."""
    feed = feed or ClickFeed()
    stopping = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_app(_create_app(analytics, feed), listener, stopping=stopping))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            feed.close()
            stopping.set()


def _create_app(analytics: MemoryAnalytics, feed: ClickFeed) -> Litestar:
    return create_app(
        analytics, feed=feed, rules=rules.parse_rules(RULES_TOML), clock=SystemClock(), rejudge=rejudge_nothing
    )


class UnreadableAnalytics(MemoryAnalytics):
    """Analytics whose reports fail."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        raise StorageError("cannot read")
