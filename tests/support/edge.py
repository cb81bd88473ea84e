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

from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.server.edge.connection import serve_edge
from clicktrail.server.edge.pages import Pages, Sites
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import BeaconEndpoint, Routes
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.overrides import ActiveEdits
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.ports import Journal
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, SealedLink, seal_token
from tests.support.memory_registry import MemoryRegistry

__all__ = [
    "NOW",
    "RING",
    "FixedClock",
    "RunningEdge",
    "SequentialIds",
    "build_request",
    "build_routes",
    "find_pages",
    "running_edge",
    "tampered_path",
    "token_path",
]

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


class FixedClock:
    """It is always ``NOW``."""

    def now(self) -> datetime:
        """The same instant every time."""
        return NOW


class SequentialIds:
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
        stopped: set once the edge has returned.
    """

    port: int
    routes: Routes
    host: str = "127.0.0.1"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection(self.host, self.port)

    async def exchange(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own, and return what comes until the edge ends it."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def build_routes(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    start: Callable[[Coroutine[Any, Any, None]], object] = asyncio.run,
) -> Routes:
    """What an edge answers with. Loopback is trusted as proxy; unless started, lookups are over at once."""
    links = (registry or MemoryRegistry()).create_link_resolver()
    return Routes(
        redirector=Redirector(RING, links=links, trusted_proxies=LOOPBACK),
        journal=journal,
        clock=FixedClock(),
        ids=SequentialIds(),
        responses=Responses(),
        sites=Sites(),
        overrides=ActiveEdits(),
        erased=HashedRecipients(RING),
        denied=HashedRecipients(RING),
        beacon=BeaconEndpoint(EngagementTracker(RING), journal=journal, clock=FixedClock()),
        anonymizer=Anonymizer(judge=build_shipped_judge(), ids=SequentialIds()),
        create_task=start,
    )


@asynccontextmanager
async def running_edge(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    drain_timeout_s: float = 10.0,
    host: str = "127.0.0.1",
    expect_proxy_header: bool = False,
) -> AsyncIterator[RunningEdge]:
    """Serve until the block ends; if announced, the test is a proxy that speaks the PROXY protocol."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    async def serve() -> None:
        await serve_edge(
            listener,
            edge.routes,
            stopping=edge.stopping,
            proxy_protocol_networks=LOOPBACK if expect_proxy_header else (),
            drain_timeout_s=drain_timeout_s,
        )
        edge.stopped.set()

    async with asyncio.TaskGroup() as group:
        edge = RunningEdge(
            port=listener.getsockname()[1],
            host=host,
            routes=build_routes(journal, registry=registry, start=group.create_task),
        )
        group.create_task(serve())
        try:
            yield edge
        finally:
            edge.stopping.set()


def find_pages(routes: Routes) -> Pages:
    """The pages that a host of any name shows."""
    site = routes.sites.find("click.example")
    assert site is not None
    return site.pages


def token_path(destination: str = "https://shop.example/?a=b", *, position: int = 0, ring: KeyRing = RING) -> str:
    """The path of a tracking URL that a ring sealed."""
    sealed = SealedLink(
        destination=destination,
        message_id="m1",
        recipient="ann@example.org",
        campaign="spring",
        position=position,
        link_count=12,
        sent_at=NOW,
    )
    return "/" + seal_token(ring, sealed)


def tampered_path() -> str:
    """A path with one character changed, and so of a token's shape: one dropped is base64url by chance alone."""
    path = token_path()
    return path[:20] + ("b" if path[20] == "a" else "a") + path[21:]


def build_request(path: str, *, method: str = "GET", headers: str = "", close: bool = False) -> bytes:
    """The bytes of a request; ``headers`` are whole lines, each with its CRLF."""
    end = "Connection: close\r\n" if close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: click.example\r\n{headers}{end}\r\n".encode()
