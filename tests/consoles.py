"""Consoles to ask, without a socket."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.testing import AsyncTestClient

from clicktrail.errors import StorageError
from clicktrail.report import CampaignReport
from clicktrail.server.console.app import create_app
from clicktrail.server.pipeline.rejudge import Wanted
from tests.server.memory_analytics import MemoryAnalytics

Client = AsyncTestClient[Litestar]

EVERY_ROUTE = (
    "/",
    "/campaign?name=spring",
    "/api/campaigns",
    "/api/campaign?name=spring",
    "/static/console.css",
    "/healthz",
)


async def echo(wanted: Wanted) -> list[dict[str, Any]]:
    """Judge nothing again, and give back what was asked for."""
    return [msgspec.to_builtins(wanted)]


def console_of(analytics: MemoryAnalytics) -> Client:
    """A client of a console of these analytics."""
    signals = {"burst": "Links followed faster than a hand can."}
    app = create_app(analytics, signals=signals, rejudge=echo)
    return AsyncTestClient(app, base_url="http://127.0.0.1:8081", raise_server_exceptions=False)


class UnreadableAnalytics(MemoryAnalytics):
    """Analytics that cannot be read."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail."""
        raise StorageError("cannot read")
