"""How long a connection may last. What is said on it is tested over the whole server."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from clicktrail.server.edge.protocol import IDLE_SECONDS, READ_SECONDS, Connection
from tests.edges import request, routes_for, token_path
from tests.journals import HeldJournal


@asynccontextmanager
async def connected(
    journal: HeldJournal,
) -> AsyncIterator[tuple[Connection, asyncio.StreamReader, asyncio.StreamWriter]]:
    """One client and the edge's end of its connection."""
    connections: set[Connection] = set()
    routes = routes_for(journal)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(routes, connections), "127.0.0.1", 0, backlog=2048
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(request("/robots.txt", method="HEAD"))
    await reader.readuntil(b"\r\n\r\n")
    (connection,) = connections
    yield connection, reader, writer
    writer.close()
    await writer.wait_closed()
    await connection.lost
    assert set() == connections
    server.close()


SLOW = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4)
"""Both ends of a connection are open files of the one process that a test is, and half of those are for the rest."""


async def test_thousands_of_slow_clients_keep_nobody_waiting(tell: Callable[[str], None]) -> None:
    """They hold a connection each, and no more than that: others are answered, and their time ends like anybody's."""
    journal = HeldJournal()
    async with connected(journal) as (connection, reader, writer):
        address = writer.get_extra_info("peername")
        clients = []
        for number in range(SLOW):
            clients.append(socket.create_connection(address))
            clients[-1].sendall(b"GET /half-a-requ")
            clients[-1].settimeout(0)
            if number % 500 == 0 or number == SLOW - 1:  # accepted in turn, so all before it are by its answer
                async with asyncio.timeout(10):
                    other, its_writer = await asyncio.open_connection(*address)
                    its_writer.write(request("/robots.txt", close=True))
                    await other.read()
                    its_writer.close()
                    await its_writer.wait_closed()
        async with asyncio.timeout(10):
            writer.write(request(token_path()))
            await journal.until(1)
            journal.settle(committed=True)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")
        slow = connection._connections - {connection}
        for each in slow:
            each.expire(after(READ_SECONDS))
        async with asyncio.timeout(30):
            answers = {await asyncio.get_running_loop().sock_recv(client, 12) for client in clients}
            for client in clients:
                client.close()
            await asyncio.gather(*(each.lost for each in slow))
    assert {b"HTTP/1.1 408"} == answers
    tell(f"{SLOW:,} slow connections at once")


def after(seconds: float) -> float:
    """The loop's time, so much later."""
    return asyncio.get_running_loop().time() + seconds


async def test_an_idle_connection_ends() -> None:
    """Later than any proxy's, and without a word."""
    async with connected(HeldJournal()) as (connection, reader, _):
        connection.expire(after(IDLE_SECONDS - 5))
        assert not connection.lost.done()
        connection.expire(after(IDLE_SECONDS))
        assert b"" == await reader.read()


async def test_a_request_that_does_not_end_is_refused() -> None:
    """However often another byte comes: time counts from the first one."""
    async with connected(HeldJournal()) as (connection, reader, writer):
        writer.write(request("/robots.txt", method="HEAD") + b"GET / HT")
        await reader.readuntil(b"\r\n\r\n")
        connection.expire(after(READ_SECONDS - 5))
        connection.data_received(b"T")
        connection.expire(after(READ_SECONDS))
        assert (await reader.read()).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


async def test_a_refused_client_that_stays_is_cut_off() -> None:
    """It may take some seconds to read the refusal, no more."""
    async with connected(HeldJournal()) as (connection, reader, writer):
        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        assert not connection.lost.done()
        connection.expire(after(READ_SECONDS))
        await connection.lost


async def test_waiting_for_the_journal_is_not_idling() -> None:
    """A click is answered whenever its commit comes."""
    journal = HeldJournal()
    async with connected(journal) as (connection, reader, writer):
        writer.write(request(token_path()))
        await journal.until(1)
        connection.expire(after(READ_SECONDS))
        journal.settle(committed=True)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")


async def test_a_refused_client_does_not_hold_up_the_end() -> None:
    """Its request has begun and will never be complete."""
    async with connected(HeldJournal()) as (connection, reader, writer):
        writer.write(b"GET /" + b"x" * 20_000)
        assert (await reader.read()).startswith(b"HTTP/1.1 431")
        connection.finish()
        await connection.lost


async def test_a_client_that_takes_nothing_is_not_read_from() -> None:
    """Until it takes what it is owed; its requests wait in its own hands meanwhile."""
    async with connected(HeldJournal()) as (connection, reader, writer):
        connection.pause_writing()
        assert not connection._transport.is_reading()
        writer.write(request("/robots.txt", method="HEAD"))
        connection.resume_writing()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_requests_are_not_taken_without_end() -> None:
    """While many answers are due, further requests are not read."""
    journal = HeldJournal()
    async with connected(journal) as (connection, reader, writer):
        writer.write(request(token_path()) * 64)
        await journal.until(64)
        assert not connection._transport.is_reading()
        journal.settle(committed=True)
        assert connection._transport.is_reading()
        for _ in range(64):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 302")
