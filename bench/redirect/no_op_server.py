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
from tests.support.edge import RING, build_routes
from tests.support.memory_registry import MemoryRegistry

_DESTINATION = "https://shop.example.com/collections/autumn?utm_source=email"


class _FixedRedirector(Redirector):
    def decide(self, _request: Request, *, now: datetime, click_id: str) -> Redirect:
        return Redirect(location=_DESTINATION, event=Click(id=click_id, at=now, url=_DESTINATION))


class _NullJournal:
    is_degraded = False
    failed_count = buffered_count = dropped_count = 0

    def append(self, _line: bytes, on_commit: Callable[[bool], None]) -> None:
        on_commit(not self.is_degraded)


async def main(port: int) -> None:
    routes = build_routes(_NullJournal())
    routes.redirector = _FixedRedirector(RING, links=MemoryRegistry().create_link_resolver())
    await serve_edge(
        socket.create_server(("127.0.0.1", port), backlog=2048),
        routes,
        stopping=asyncio.Event(),
        connections=OpenConnections(),
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
