"""Consoles to ask, without a socket."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.testing import AsyncTestClient

from clicktrail.errors import StorageError
from clicktrail.report import CampaignReport
from clicktrail.server.console.app import create_app
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


def console_of(analytics: MemoryAnalytics) -> Client:
    """A client of a console of these analytics."""
    app = create_app(analytics, signals={"burst": "Links followed faster than a hand can."})
    return AsyncTestClient(app, base_url="http://127.0.0.1:8081", raise_server_exceptions=False)


class UnreadableAnalytics(MemoryAnalytics):
    """Analytics that cannot be read."""

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Fail."""
        raise StorageError("cannot read")
