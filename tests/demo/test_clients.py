import asyncio
from collections.abc import AsyncIterator

import pytest

from clicktrail.demo.clients import RequestSender
from clicktrail.demo.landing import LandingSite
from clicktrail.demo.population.plan import PlannedRequest


class RedirectServer:
    """Redirects every request and records its head."""

    def __init__(self, destination: str) -> None:
        self.destination = destination
        self.heads: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(
            b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n"
            + f"Location: {self.destination}\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[LandingSite]:
    async with LandingSite() as site:
        yield site


@pytest.fixture
async def edge(site: LandingSite) -> AsyncIterator[RedirectServer]:
    redirect_server = RedirectServer(f"{site.origin}/garlic")
    async with await asyncio.start_server(redirect_server.answer, "127.0.0.1", 0) as server:
        redirect_server.port = server.sockets[0].getsockname()[1]
        yield redirect_server


def build_request(edge: RedirectServer, *, loads_page: bool = False, method: str = "GET") -> PlannedRequest:
    return PlannedRequest(
        delay_s=0,
        url=f"http://127.0.0.1:{edge.port}/token",
        ip="86.128.0.1",
        headers={"user-agent": "Some/1.0"},
        loads_page=loads_page,
        method=method,
    )


async def test_only_the_planned_headers_are_sent(edge: RedirectServer) -> None:
    async with RequestSender() as sender:
        assert await sender.send(build_request(edge)) == 302
    lines = edge.heads[0].rstrip().split("\r\n")
    assert lines[0] == "GET /token HTTP/1.1"
    assert {
        f"host: 127.0.0.1:{edge.port}",
        "user-agent: some/1.0",
        "x-forwarded-for: 86.128.0.1",
        "x-forwarded-proto: https",
    } == {line.lower() for line in lines[1:]}


async def test_redirect_is_followed_only_to_load_the_page(edge: RedirectServer, site: LandingSite) -> None:
    async with RequestSender() as sender:
        assert await sender.send(build_request(edge)) == 302
        assert site.request_targets == []
        assert await sender.send(build_request(edge, loads_page=True)) == 302
        assert site.request_targets == ["/garlic"]


async def test_head_request_is_sent_as_head(edge: RedirectServer) -> None:
    async with RequestSender() as sender:
        assert await sender.send(build_request(edge, method="HEAD")) == 302
    assert edge.heads[0].startswith("HEAD ")


async def test_refused_connection_has_status_0() -> None:
    async with LandingSite() as closed_site:
        pass
    request = PlannedRequest(delay_s=0, url=f"{closed_site.origin}/", ip="86.128.0.1", headers={})
    async with RequestSender() as sender:
        assert await sender.send(request) == 0
