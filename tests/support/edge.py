"""Run an edge on 127.0.0.1 during a test, and send requests to it."""

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
from clicktrail.server.edge.connection import OpenConnections, serve_edge
from clicktrail.server.edge.pages import Pages
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import BeaconEndpoint, Routes, Sites
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients
from clicktrail.server.pipeline.redirect import ActiveEdits, Redirector
from clicktrail.server.ports import Journal
from clicktrail.tokens import SECRET_BYTES, EdgeProof, Key, KeyRing, SealedLink, seal_token
from tests.support.memory_registry import MemoryRegistry

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])


class FixedClock:
    def now(self) -> datetime:
        return NOW


class SequentialIds:
    def __init__(self) -> None:
        self._counter = itertools.count()

    def new(self) -> str:
        return f"click{next(self._counter)}"


@dataclass(slots=True)
class RunningEdge:
    port: int
    routes: Routes
    host: str = "127.0.0.1"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def exchange(self, data: bytes) -> bytes:
        """Send bytes on a new connection, and return everything received until it is closed."""
        reader, writer = await self.connect()
        writer.write(data)
        response = await reader.read()
        writer.close()
        await writer.wait_closed()
        return response


def build_routes(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    create_task: Callable[[Coroutine[Any, Any, None]], object] = asyncio.run,
) -> Routes:
    """Routes that trust proxies on loopback. By default each lookup runs to its end at once."""
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
        proof=EdgeProof(RING),
        anonymizer=Anonymizer(judge=build_shipped_judge(), ids=SequentialIds()),
        create_task=create_task,
    )


@asynccontextmanager
async def running_edge(
    journal: Journal,
    *,
    registry: MemoryRegistry | None = None,
    drain_timeout_s: float = 10.0,
    host: str = "127.0.0.1",
    connections: OpenConnections | None = None,
) -> AsyncIterator[RunningEdge]:
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)

    async def serve() -> None:
        await serve_edge(
            listener,
            edge.routes,
            stopping=edge.stopping,
            connections=OpenConnections() if connections is None else connections,
            drain_timeout_s=drain_timeout_s,
        )
        edge.stopped.set()

    async with asyncio.TaskGroup() as tasks:
        edge = RunningEdge(
            port=listener.getsockname()[1],
            host=host,
            routes=build_routes(journal, registry=registry, create_task=tasks.create_task),
        )
        tasks.create_task(serve())
        try:
            yield edge
        finally:
            edge.stopping.set()


def find_pages(routes: Routes) -> Pages:
    site = routes.sites.find("click.example")
    assert site is not None
    return site.pages


def token_path(destination: str = "https://shop.example/?a=b", *, position: int = 0, ring: KeyRing = RING) -> str:
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
    # One character is changed. If it were dropped, the rest would be valid base64url only by chance.
    path = token_path()
    return path[:20] + ("b" if path[20] == "a" else "a") + path[21:]


def build_request(path: str, *, method: str = "GET", headers: str = "", close: bool = False) -> bytes:
    """Encode a request; each line of ``headers`` ends with CRLF."""
    connection = "Connection: close\r\n" if close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: click.example\r\n{headers}{connection}\r\n".encode()
