"""The population's HTTP."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clicktrail.demo.clients import RequestSender
from clicktrail.demo.landing import LandingSite
from clicktrail.demo.population.plan import PlannedRequest


class Redirecting:
    """A server that redirects everything, and remembers what it was sent."""

    def __init__(self, destination: str) -> None:
        """Redirect to a destination."""
        self.destination = destination
        self.heads: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(
            b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n"
            + f"Location: {self.destination}\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[LandingSite]:
    """Give an open site."""
    async with LandingSite() as site:
        yield site


@pytest.fixture
async def edge(site: LandingSite) -> AsyncIterator[Redirecting]:
    """Give a server that redirects to the site."""
    redirecting = Redirecting(f"{site.origin}/garlic")
    async with await asyncio.start_server(redirecting.answer, "127.0.0.1", 0) as server:
        redirecting.port = server.sockets[0].getsockname()[1]
        yield redirecting


def request(edge: Redirecting, *, visits: bool = False, method: str = "GET") -> PlannedRequest:
    """Give a request to the edge."""
    return PlannedRequest(
        delay_s=0,
        url=f"http://127.0.0.1:{edge.port}/token",
        ip="86.128.0.1",
        headers={"user-agent": "Some/1.0"},
        loads_page=visits,
        method=method,
    )


async def test_nothing_is_sent_but_what_the_client_sends(edge: Redirecting) -> None:
    async with RequestSender() as clients:
        assert 302 == await clients.send(request(edge))
    lines = edge.heads[0].rstrip().split("\r\n")
    assert "GET /token HTTP/1.1" == lines[0]
    assert {
        f"host: 127.0.0.1:{edge.port}",
        "user-agent: some/1.0",
        "x-forwarded-for: 86.128.0.1",
        "x-forwarded-proto: https",
    } == {line.lower() for line in lines[1:]}


async def test_a_visitor_loads_the_page_and_a_scanner_does_not(edge: Redirecting, site: LandingSite) -> None:
    async with RequestSender() as clients:
        assert 302 == await clients.send(request(edge))
        assert [] == site.request_targets
        assert 302 == await clients.send(request(edge, visits=True))
        assert ["/garlic"] == site.request_targets


async def test_head_is_asked_for_as_head(edge: Redirecting) -> None:
    async with RequestSender() as clients:
        assert 302 == await clients.send(request(edge, method="HEAD"))
    assert edge.heads[0].startswith("HEAD ")


async def test_nobody_there_is_no_answer() -> None:
    async with RequestSender() as clients, LandingSite() as gone:
        pass
    async with RequestSender() as clients:
        nowhere = PlannedRequest(delay_s=0, url=f"{gone.origin}/", ip="86.128.0.1", headers={})
        assert 0 == await clients.send(nowhere)
