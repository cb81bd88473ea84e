"""An edge that serves on 127.0.0.1 for the length of a test, and clients for it."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from clicktrail.judge.shipped import shipped_judge
from clicktrail.server.edge.connection import serve_edge
from clicktrail.server.edge.pages import Pages, Sites
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import Beacon, Routes
from clicktrail.server.pipeline.engagement import Engagements
from clicktrail.server.pipeline.overrides import Overrides
from clicktrail.server.pipeline.privacy import Discretion, Marked
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.ports import Journal
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, Sealed, seal
from tests.support.memory_registry import MemoryRegistry

__all__ = [
    "NOW",
    "RING",
    "CountedIds",
    "RunningEdge",
    "StoppedClock",
    "damaged_path",
    "pages_of",
    "request",
    "routes_for",
    "running_edge",
    "token_path",
]

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


class StoppedClock:
    """It is always ``NOW``."""

    def now(self) -> datetime:
        """The same instant every time."""
        return NOW


class CountedIds:
    """``click0``, ``click1`` and so on."""

    def __init__(self) -> None:
        self._counter = itertools.count()

    def new(self) -> str:
        """The next one."""
        return f"click{next(self._counter)}"


@dataclass(slots=True)
class RunningEdge:
    """An edge at work.

    Attributes:
        port: where it listens.
        routes: what it answers with.
        stopping: set it to let the edge drain.
        host: the address that clients connect to.
        served: set once the edge has returned.
    """

    port: int
    routes: Routes
    host: str = "127.0.0.1"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    served: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection(self.host, self.port)

    async def ask(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own, and return what comes until the edge ends it."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def routes_for(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    start: Callable[[Coroutine[Any, Any, None]], object] = asyncio.run,
) -> Routes:
    """What an edge answers with. Loopback is trusted as proxy; unless started, lookups are over at once."""
    links = (registry or MemoryRegistry()).links()
    return Routes(
        redirector=Redirector(RING, links=links, trusted_proxies=LOOPBACK),
        journal=journal,
        clock=StoppedClock(),
        ids=CountedIds(),
        responses=Responses(),
        sites=Sites(),
        overrides=Overrides(),
        erased=Marked(RING),
        denied=Marked(RING),
        beacon=Beacon(Engagements(RING), journal=journal, clock=StoppedClock()),
        discretion=Discretion(judge=shipped_judge(), ids=CountedIds()),
        start=start,
    )


@asynccontextmanager
async def running_edge(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    drain_seconds: float = 10.0,
    host: str = "127.0.0.1",
    announced: bool = False,
) -> AsyncIterator[RunningEdge]:
    """Serve until the block ends; if announced, the test is a proxy that speaks the PROXY protocol."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    async def serve() -> None:
        await serve_edge(
            listener,
            edge.routes,
            stopping=edge.stopping,
            announced_by=LOOPBACK if announced else (),
            drain_seconds=drain_seconds,
        )
        edge.served.set()

    async with asyncio.TaskGroup() as group:
        edge = RunningEdge(
            port=listener.getsockname()[1],
            host=host,
            routes=routes_for(journal, registry=registry, start=group.create_task),
        )
        group.create_task(serve())
        try:
            yield edge
        finally:
            edge.stopping.set()


def pages_of(routes: Routes) -> Pages:
    """The pages that a host of any name shows."""
    site = routes.sites.find("click.example")
    assert site is not None
    return site.pages


def token_path(destination: str = "https://shop.example/?a=b", *, position: int = 0, ring: KeyRing = RING) -> str:
    """The path of a tracking URL that a ring sealed."""
    sealed = Sealed(
        destination=destination,
        message_id="m1",
        recipient="ann@example.org",
        campaign="spring",
        position=position,
        links=12,
        sent_at=NOW,
    )
    return "/" + seal(ring, sealed)


def damaged_path() -> str:
    """A path with one character changed, and so of a token's shape: one dropped is base64url by chance alone."""
    path = token_path()
    return path[:20] + ("b" if path[20] == "a" else "a") + path[21:]


def request(path: str, *, method: str = "GET", headers: str = "", close: bool = False) -> bytes:
    """The bytes of a request; ``headers`` are whole lines, each with its CRLF."""
    end = "Connection: close\r\n" if close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: click.example\r\n{headers}{end}\r\n".encode()
