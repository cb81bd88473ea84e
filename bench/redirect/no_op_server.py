"""The edge's protocol without tokens and journal: every request gets the same redirect.

python -m bench.redirect.no_op_server PORT
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from datetime import datetime

import uvloop

from clicktrail.model.event import Click
from clicktrail.server.edge.connection import OpenConnections, serve_edge
from clicktrail.server.pipeline.redirect import Redirect, Redirector
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import SealedPayload
from tests.support.edge import RING, build_routes
from tests.support.memory_registry import MemoryRegistry

_LINK = SealedPayload(
    destination="https://shop.example.com/collections/autumn?utm_source=email",
    message_id="m1",
    recipient="",
    campaign="",
    position=0,
    link_count=1,
    sent_at=0,
)


class _FixedRedirector(Redirector):
    """Redirects every request to one destination, in both lanes."""

    def find_link(self, _token: str) -> SealedPayload:
        return _LINK

    def decide(self, _request: Request, *, now: datetime, click_id: str) -> Redirect:
        return Redirect(location=_LINK.destination, event=Click(id=click_id, at=now, url=_LINK.destination))


class NullJournal:
    is_degraded = False
    failed_count = buffered_count = dropped_count = 0

    def append(self, _line: bytes, on_commit: Callable[[bool], None]) -> None:
        on_commit(not self.is_degraded)


async def main(port: int) -> None:
    routes = build_routes(NullJournal())
    routes.redirector = _FixedRedirector(RING, links=MemoryRegistry().create_link_resolver())
    await serve_edge(
        socket.create_server(("127.0.0.1", port), backlog=2048),
        routes,
        stopping=asyncio.Event(),
        connections=OpenConnections(),
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
