"""Connections: timeouts, limits, keep-alive, pipelining and draining, over real sockets."""

import asyncio
import contextlib
import re
import resource
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clicktrail.model.event import AnonymousClick, Click, decode_event
from clicktrail.server.edge.connection import (
    KEEPALIVE_TIMEOUT_S,
    REQUEST_READ_TIMEOUT_S,
    CloseReason,
    Connection,
    OpenConnections,
    compute_connection_limit,
)
from clicktrail.server.edge.http_reader import MAX_REQUEST_HEAD_BYTES
from clicktrail.server.edge.quick_lane import QuickLane
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.edge import (
    LOOPBACK,
    RunningEdge,
    build_request,
    build_routes,
    running_edge,
    tampered_path,
    token_path,
)
from tests.support.manual_journal import ManualJournal
from tests.support.recorded_journal import read_journal_lines


@asynccontextmanager
async def connected(
    journal: ManualJournal,
) -> AsyncIterator[tuple[Connection, asyncio.StreamReader, asyncio.StreamWriter]]:
    connections = OpenConnections()
    routes = build_routes(journal)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(routes, connections, QuickLane(routes)), "127.0.0.1", 0, backlog=2048
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(build_request("/robots.txt", method="HEAD"))
    await reader.readuntil(b"\r\n\r\n")
    (connection,) = connections
    yield connection, reader, writer
    writer.close()
    await writer.wait_closed()
    await connection.closed
    assert len(connections) == 0
    server.close()


SLOW_CLIENTS = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
"""Both ends of a connection are open files of the one process that a test is, and half of those are for the rest."""


async def test_thousands_of_slow_clients_delay_no_other_client(summarize: Callable[[str], None]) -> None:
    journal = ManualJournal()
    async with connected(journal) as (connection, reader, writer):
        address = writer.get_extra_info("peername")
        clients = []
        for number in range(SLOW_CLIENTS):
            clients.append(socket.create_connection(address))
            clients[-1].sendall(b"GET /half-a-requ")
            clients[-1].settimeout(0)
            if (
                number % 500 == 0 or number == SLOW_CLIENTS - 1
            ):  # accepted in turn, so all before it are by its response
                async with asyncio.timeout(10):
                    other, its_writer = await asyncio.open_connection(*address)
                    its_writer.write(build_request("/robots.txt", close=True))
                    await other.read()
                    its_writer.close()
                    await its_writer.wait_closed()
        async with asyncio.timeout(10):
            writer.write(build_request(token_path()))
            await journal.wait_for_lines(1)
            journal.finish_commits(committed=True)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")
        slow = set(connection._connections) - {connection}
        for slow_connection in slow:
            slow_connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        async with asyncio.timeout(30):
            responses = {await asyncio.get_running_loop().sock_recv(client, 12) for client in clients}
            for client in clients:
                client.close()
            await asyncio.gather(*(slow_connection.closed for slow_connection in slow))
    assert {b"HTTP/1.1 408"} == responses
    summarize(f"{SLOW_CLIENTS:,} slow connections at once")


def time_after(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_idle_connection_is_closed() -> None:
    async with connected(ManualJournal()) as (connection, reader, _):
        connection.close_if_expired(time_after(KEEPALIVE_TIMEOUT_S - 5))
        assert not connection.closed.done()
        connection.close_if_expired(time_after(KEEPALIVE_TIMEOUT_S))
        assert b"" == await reader.read()


async def test_incomplete_request_times_out() -> None:
    async with connected(ManualJournal()) as (connection, reader, writer):
        writer.write(build_request("/robots.txt", method="HEAD") + b"GET / HT")
        await reader.readuntil(b"\r\n\r\n")
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S - 5))
        connection.data_received(b"T")
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        assert (await reader.read()).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


async def test_refused_connection_is_closed_after_the_linger_timeout() -> None:
    async with connected(ManualJournal()) as (connection, reader, writer):
        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        assert not connection.closed.done()
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        await connection.closed


async def test_waiting_for_the_journal_is_not_idle() -> None:
    journal = ManualJournal()
    async with connected(journal) as (connection, reader, writer):
        writer.write(build_request(token_path()))
        await journal.wait_for_lines(1)
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        journal.finish_commits(committed=True)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")


async def test_refused_connection_does_not_delay_draining() -> None:
    async with connected(ManualJournal()) as (connection, reader, writer):
        writer.write(b"GET /" + b"x" * 20_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 431")
        connection.drain()
        await connection.closed


async def test_reading_pauses_while_the_client_reads_nothing() -> None:
    async with connected(ManualJournal()) as (connection, reader, writer):
        connection.pause_writing()
        assert not connection._transport.is_reading()
        writer.write(build_request("/robots.txt", method="HEAD"))
        connection.resume_writing()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def read_until_closed(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65_536):
            pass


async def test_client_that_reads_nothing_is_disconnected() -> None:
    async with connected(ManualJournal()) as (connection, reader, _):
        connection.pause_writing()
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S - 5))
        assert not connection.closed.done()
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        await connection.closed
        await read_until_closed(reader)
        assert connection._connections.closed_counts == {CloseReason.UNREAD: 1}


async def test_last_response_is_not_kept_for_a_client_that_reads_nothing() -> None:
    async with connected(ManualJournal()) as (connection, reader, _):
        connection._transport.write(bytes(10_000_000))
        connection.drain()
        assert not connection.closed.done()
        connection.close_if_expired(time_after(REQUEST_READ_TIMEOUT_S))
        await connection.closed
        await read_until_closed(reader)


async def test_idlest_connections_are_closed_above_the_limit() -> None:
    journal, connections = ManualJournal(), OpenConnections(3)
    async with running_edge(journal, connections=connections) as edge:
        waiting, idle, active = [await edge.connect() for _ in range(3)]
        waiting[1].write(build_request(token_path()))
        await journal.wait_for_lines(1)
        for reader, writer in (idle, active):
            writer.write(build_request("/robots.txt", method="HEAD"))
            await reader.readuntil(b"\r\n\r\n")
        newest = [await edge.connect() for _ in range(2)]
        for reader, _ in (idle, active):
            await read_until_closed(reader)
        journal.finish_commits(committed=True)
        assert LOCATION in await waiting[0].readuntil(b"\r\n\r\n")
        assert (len(connections), connections.closed_counts) == (3, {CloseReason.LIMIT: 2})
        for _, writer in (waiting, idle, active, *newest):
            writer.close()


@pytest.mark.parametrize(("max_files", "limit"), [(1024, 960), (-1, 10_000), (1_000_000, 10_000), (10, 1)])
def test_connection_limit_follows_from_the_limit_of_open_files(max_files: int, limit: int) -> None:
    assert compute_connection_limit(max_files) == limit


async def test_pipelined_requests_are_bounded() -> None:
    journal = ManualJournal()
    async with connected(journal) as (connection, reader, writer):
        writer.write(build_request(token_path()) * 64)
        await journal.wait_for_lines(64)
        assert not connection._transport.is_reading()
        journal.finish_commits(committed=True)
        assert connection._transport.is_reading()
        for _ in range(64):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")


LOCATION = b"Location: https://shop.example/?a=b\r\n"


def open_writer(journal: Path) -> SegmentWriter:
    return SegmentWriter(journal / "edge-0", asyncio.get_running_loop())


def read_clicks(journal: Path) -> list[Click]:
    events = [decode_event(line) for line in read_journal_lines(journal)]
    return [event for event in events if isinstance(event, Click)]


async def read_responses(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    return [await reader.readuntil(b"\r\n\r\n") for _ in range(count)]


async def test_click_is_redirected_and_recorded(tmp_path: Path) -> None:
    headers = "User-Agent: Mozilla/5.0\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            response = await edge.exchange(build_request(token_path(), headers=headers, close=True))
            clicks = read_clicks(tmp_path)
    assert response.startswith(b"HTTP/1.1 302 Found\r\n")
    assert LOCATION in response
    assert response.endswith(b"Connection: close\r\n\r\n")
    assert [("m1", "spring", 0, "203.0.113.9", "Mozilla/5.0", True)] == [
        (click.message_id, click.campaign, click.link, click.ip, click.user_agent, click.https) for click in clicks
    ]


async def test_head_is_answered_like_get(tmp_path: Path) -> None:
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            redirect = await edge.exchange(build_request(token_path(), method="HEAD", close=True))
            page = await edge.exchange(build_request("/", method="HEAD", close=True))
            whole = await edge.exchange(build_request("/", close=True))
    assert LOCATION in redirect
    assert whole.startswith(page)
    assert whole[len(page) :].startswith(b"<!doctype html>")
    assert ["HEAD"] == [click.method for click in read_clicks(tmp_path)]


async def test_pipelined_responses_come_in_order(tmp_path: Path) -> None:
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            numbers = range(300)
            requests = [
                build_request(token_path(f"https://shop.example/{number}", position=number)) for number in numbers
            ]
            response = await edge.exchange(b"".join(requests) + build_request("/gone", close=True))
    locations = re.findall(rb"Location: https://shop.example/(\d+)", response)
    assert list(numbers) == [int(number) for number in locations]
    assert list(numbers) == [click.link for click in read_clicks(tmp_path)]
    assert response.count(b"Connection: close") == 1
    assert response.endswith(b"</html>\n")


async def test_responses_wait_for_earlier_ones() -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        reader, writer = await edge.connect()
        writer.write(build_request(token_path("https://a.example/")) + build_request(token_path("https://b.example/")))
        writer.write(build_request("/robots.txt", method="HEAD"))
        await journal.wait_for_lines(2)
        journal.finish_commits(committed=True)
        responses = await read_responses(reader, 3)
        writer.close()
        await writer.wait_closed()
    assert [b"a.example", b"b.example", b"text/plain"] == [
        re.findall(rb"[ab]\.example|text/plain", response)[0] for response in responses
    ]


async def test_request_may_arrive_in_any_two_pieces(tmp_path: Path) -> None:
    data = build_request(token_path(), headers="User-Agent: Mozilla/5.0\r\n")
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            reader, writer = await edge.connect()
            for cut in range(1, len(data)):
                writer.write(data[:cut])
                await writer.drain()
                await asyncio.sleep(0)
                writer.write(data[cut:])
                assert [True] == [LOCATION in response for response in await read_responses(reader, 1)]
            writer.close()
            await writer.wait_closed()
    assert len(read_clicks(tmp_path)) == len(data) - 1


async def test_http_1_0_connection_is_closed(tmp_path: Path) -> None:
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            response = await edge.exchange(f"GET {token_path()} HTTP/1.0\r\n\r\n".encode())
    assert LOCATION in response
    assert b"Connection: close\r\n" in response
    assert ["1.0"] == [click.http_version for click in read_clicks(tmp_path)]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 1_000_000, b"431"),
        (b"GET /" + b"x" * (MAX_REQUEST_HEAD_BYTES + 1) + b" HTTP/1.1\r\nHost: h\r\n\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000, b"413"),
    ],
)
async def test_invalid_and_oversized_requests_are_refused(tmp_path: Path, data: bytes, status: bytes) -> None:
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            response = await edge.exchange(build_request(token_path()) + data)
    statuses = re.findall(rb"HTTP/1.1 (\d+) ", response)
    assert [b"302", status] == statuses
    assert response.count(b"Connection: close") == 1


async def test_tampered_token_never_redirects(tmp_path: Path) -> None:
    damaged = tampered_path()
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            response = await edge.exchange(build_request(damaged, close=True))
    assert response.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"Location" not in response
    assert b"This link does not work" in response
    assert [(True, damaged[1:201])] == [(click.tampered, click.url) for click in read_clicks(tmp_path)]


async def test_body_is_read_and_ignored(tmp_path: Path) -> None:
    post = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            response = await edge.exchange(post + build_request(token_path(), close=True))
    assert [b"404", b"302"] == re.findall(rb"HTTP/1.1 (\d+) ", response)


async def test_expect_100_continue_is_answered() -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        reader, writer = await edge.connect()
        writer.write(build_request(token_path()) + b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n")
        writer.write(b"Content-Length: 4\r\n\r\n")
        await journal.wait_for_lines(1)
        journal.finish_commits(committed=True)
        assert [b"302", b"100"] == [response.split()[1] for response in await read_responses(reader, 2)]
        writer.write(b"body" + build_request("/robots.txt", method="HEAD"))
        assert b"HTTP/1.1 404" in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"</html>\n")
        assert b"HTTP/1.1 200" in await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()


async def test_ipv6_clients_are_recorded(tmp_path: Path) -> None:
    with open_writer(tmp_path) as journal:
        async with running_edge(journal, host="::1") as edge:
            direct = await edge.exchange(build_request(token_path(), close=True))
            headers = "X-Forwarded-For: 2001:DB8:0:0::7\r\n"
            proxied = await edge.exchange(build_request(token_path(), headers=headers, close=True))
    assert [True, True] == [LOCATION in response for response in (direct, proxied)]
    assert ["::1", "2001:db8::7"] == [click.ip for click in read_clicks(tmp_path)]


async def test_proxy_protocol_header_sets_the_client(tmp_path: Path) -> None:
    header = b"PROXY TCP4 203.0.113.9 127.0.0.1 53764 8080\r\n"
    with open_writer(tmp_path) as journal:
        async with running_edge(journal, connections=OpenConnections(proxy_protocol_networks=LOOPBACK)) as edge:
            response = await edge.exchange(
                header + build_request(token_path()) + build_request(token_path(), close=True)
            )
            refused = await edge.exchange(build_request(token_path(), close=True))
    assert 2 == response.count(LOCATION)
    assert refused.startswith(b"HTTP/1.1 400 ")
    assert ["203.0.113.9"] * 2 == [click.ip for click in read_clicks(tmp_path)]


async def test_unwritable_journal_still_redirects(tmp_path: Path) -> None:
    (tmp_path / "edge-0").touch()
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            for _ in range(3):
                assert LOCATION in await edge.exchange(build_request(token_path(), close=True))
            health = await edge.exchange(build_request("/healthz", close=True))
            assert b'{"status":"degraded","failed":3,"buffered":3,"dropped":0}' in health
            (tmp_path / "edge-0").unlink()
            while b'"status":"ok"' not in health:
                health = await edge.exchange(build_request("/healthz", close=True))
            assert b'{"status":"ok","failed":3,"buffered":0,"dropped":0}' in health
            assert LOCATION in await edge.exchange(build_request(token_path(), close=True))
    assert len(read_clicks(tmp_path)) == 4


async def test_half_closed_client_gets_its_response() -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        reader, writer = await edge.connect()
        writer.write(build_request(token_path()))
        writer.write_eof()
        await journal.wait_for_lines(1)
        journal.finish_commits(committed=True)
        assert LOCATION in await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_disconnected_client_affects_no_other() -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        _, writer = await edge.connect()
        writer.write(build_request(token_path()))
        await journal.wait_for_lines(1)
        reset_on_close(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        assert b"HTTP/1.1 200" in await edge.exchange(build_request("/healthz", close=True))
        journal.finish_commits(committed=True)
        assert b"HTTP/1.1 200" in await edge.exchange(build_request("/healthz", close=True))


def reset_on_close(writer: asyncio.StreamWriter) -> None:
    """Let the connection end by RST rather than FIN (socket(7), SO_LINGER)."""
    client: socket.socket = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_reading_stops_while_responses_are_not_read(tmp_path: Path) -> None:
    data = build_request("/robots.txt") * 200
    with open_writer(tmp_path) as journal:
        async with running_edge(journal) as edge:
            reader, writer = await edge.connect()
            sent = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while True:
                        writer.write(data)
                        sent += 200
                        await writer.drain()
            writer.write(build_request("/healthz", close=True))
            response = await reader.read()
            writer.close()
            await writer.wait_closed()
    assert sent == response.count(b"User-agent: *")
    assert response.count(b'{"status"') == 1


async def test_stopping_finishes_started_requests() -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        idle, idle_writer = await edge.connect()
        waiting, waiting_writer = await edge.connect()
        half, half_writer = await edge.connect()
        idle_writer.write(build_request("/robots.txt", method="HEAD"))
        await read_responses(idle, 1)
        waiting_writer.write(build_request(token_path()))
        await journal.wait_for_lines(1)
        half_writer.write(build_request("/robots.txt", method="HEAD") + build_request(token_path())[:20])
        await read_responses(half, 1)
        edge.stopping.set()
        assert b"" == await idle.read()
        half_writer.write(build_request(token_path())[20:])
        await journal.wait_for_lines(2)
        assert not edge.stopped.is_set()
        journal.finish_commits(committed=True)
        assert LOCATION in await waiting.read()
        assert LOCATION in await half.read()
        await edge.stopped.wait()
        await refuses_connections(edge)
        for writer in (idle_writer, waiting_writer, half_writer):
            writer.close()
            await writer.wait_closed()


async def refuses_connections(edge: RunningEdge) -> None:
    with pytest.raises(ConnectionRefusedError):
        await edge.connect()


async def test_draining_times_out() -> None:
    async with running_edge(ManualJournal(), drain_timeout_s=0.05) as edge:
        reader, writer = await edge.connect()
        writer.write(build_request("/robots.txt", method="HEAD") + build_request("/")[:10])
        await read_responses(reader, 1)
        edge.stopping.set()
        with contextlib.suppress(ConnectionError):
            assert b"" == await reader.read()
        await edge.stopped.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    "header", ["DNT: 1\r\nDNT: 1\r\n", "DNT:   1  \r\n", "Sec-GPC:\t1\r\n", "Sec-GPC: 0\r\nSec-GPC: 1\r\n"]
)
async def test_opt_out_counts_in_every_form(header: str) -> None:
    journal = ManualJournal()
    async with running_edge(journal) as edge:
        reader, writer = await edge.connect()
        writer.write(build_request(token_path(), headers=header))
        await journal.wait_for_lines(1)
        journal.finish_commits(committed=True)
        assert LOCATION in await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
    assert [type(decode_event(line)) for line in journal.lines] == [AnonymousClick]
