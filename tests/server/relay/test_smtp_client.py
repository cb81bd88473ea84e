"""Messages of several clients on shared connections to the next hop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clicktrail.demo.sink import Sink
from clicktrail.errors import RelayError
from clicktrail.server.relay.envelope import Path
from clicktrail.server.relay.next_hop_pool import NextHopPool
from clicktrail.server.relay.next_hop_session import NextHopConfig
from clicktrail.server.relay.smtp_client import NextHopClient
from tests.support.scripted_server import GOOD_REPLIES, ScriptedServer
from tests.support.waiting import wait_until

MESSAGE = b"Subject: boots\r\n\r\nWarm.\r\n"
SHOP, ANNA, BEN = (Path(f"{name}@example.com", {}) for name in ("shop", "anna", "ben"))


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


def create_pool(
    server: Sink | ScriptedServer, *, max_connections: int = 9, max_messages: int = 9, max_idle_s: float = 60.0
) -> NextHopPool:
    config = NextHopConfig(
        host="127.0.0.1",
        port=server.port,
        max_connections=max_connections,
        max_messages=max_messages,
        max_idle_s=max_idle_s,
        max_wait_s=0.01,
    )
    return NextHopPool(config)


async def send(pool: NextHopPool, *, recipient: Path = ANNA) -> int:
    """Send a message as a new client; the code of the last reply."""
    client = NextHopClient(pool)
    await client.begin(SHOP, [recipient])
    return (await client.data(MESSAGE)).code


async def test_message_is_delivered(sink: Sink) -> None:
    client = NextHopClient(create_pool(sink))
    replies = [
        *await client.begin(SHOP, [ANNA]),
        *await client.add_recipients([BEN]),
        await client.data(MESSAGE),
    ]

    assert [250, 250, 250, 250] == [reply.code for reply in replies]
    assert [(SHOP.address, (ANNA.address, BEN.address), MESSAGE)] == [
        (message.sender, message.recipients, message.content) for message in sink.messages
    ]


async def test_refusal_has_the_servers_reply(sink: Sink) -> None:
    sink.refusals[ANNA.address] = "550 5.1.1 No such user"
    client = NextHopClient(create_pool(sink))

    replies = await client.begin(SHOP, [ANNA, BEN])

    assert [250, 550, 250] == [reply.code for reply in replies]
    assert "5.1.1 No such user" == replies[1].text


async def test_unsupported_parameters_are_omitted(sink: Sink) -> None:
    (reply,) = await NextHopClient(create_pool(sink)).begin(Path("", {"BODY": "8BITMIME", "SOLICIT": "org.example"}))

    assert reply.is_positive


async def test_messages_of_several_clients_share_a_connection() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server)
        assert [250] * 5 == [await send(pool) for _ in range(5)]

    assert 1 == server.connection_count
    assert "RSET" not in server.verbs


async def test_messages_at_the_same_time_use_a_connection_each(sink: Sink) -> None:
    pool = create_pool(sink)
    first, second = NextHopClient(pool), NextHopClient(pool)
    await first.begin(SHOP, [ANNA])
    await second.begin(SHOP, [BEN])
    await first.data(MESSAGE)
    await second.data(MESSAGE)

    assert [(ANNA.address,), (BEN.address,)] == [message.recipients for message in sink.messages]


async def test_message_waits_for_a_connection(sink: Sink) -> None:
    pool = create_pool(sink, max_connections=1)
    first, second = NextHopClient(pool), NextHopClient(pool)
    await first.begin(SHOP, [ANNA])
    with pytest.raises(RelayError, match="in use") as caught:
        await second.begin(SHOP, [BEN])
    assert (451, "4.4.5") == (caught.value.reply_code, caught.value.reply_text[:5])
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(second.begin(SHOP, [BEN]))
        await asyncio.sleep(0)
        await first.data(MESSAGE)
    assert [250, 250] == [reply.code for reply in waiting.result()]
    await second.data(MESSAGE)

    assert [(ANNA.address,), (BEN.address,)] == [message.recipients for message in sink.messages]


async def test_connections_that_fail_leave_room_for_others() -> None:
    async with ScriptedServer(all_connections=True) as server:
        pool = create_pool(server, max_connections=2)
        for step in ("connect", "EHLO", "MAIL", "RCPT", "DATA", "data", "RSET"):
            for reply in (b"", b"250 Ok\r\n250 Ok\r\n", b"421 4.3.2 Shutting down\r\n"):
                server.replies = GOOD_REPLIES | {step: reply}
                for _ in range(3):
                    with contextlib.suppress(RelayError):
                        await send(pool)
        server.replies = GOOD_REPLIES
        clients = [NextHopClient(pool) for _ in range(2)]
        for client in clients:
            await client.begin(SHOP, [ANNA])
        codes = [(await client.data(MESSAGE)).code for client in clients]

    assert [250, 250] == codes


async def test_connection_is_closed_after_its_last_message() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server, max_messages=2)
        assert [250] * 5 == [await send(pool) for _ in range(5)]

    assert 3 == server.connection_count
    assert 2 == server.verbs.count("QUIT")


async def test_unused_connection_is_closed() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server, max_idle_s=0.01)
        await send(pool)

        async def count_quits() -> int:
            return server.verbs.count("QUIT")

        await wait_until(count_quits)
        assert 250 == await send(pool)

    assert 2 == server.connection_count


async def test_closed_pool_keeps_no_connection() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server)
        first, second = NextHopClient(pool), NextHopClient(pool)
        for client in (first, second):
            await client.begin(SHOP, [ANNA])
        await first.data(MESSAGE)
        pool.close()
        assert 250 == (await second.data(MESSAGE)).code

        async def count_quits() -> int:
            return server.verbs.count("QUIT")

        await wait_until(count_quits, lambda count: count == 2)


async def test_connections_that_the_server_has_closed_are_replaced(sink: Sink) -> None:
    pool = create_pool(sink)
    clients = [NextHopClient(pool) for _ in range(3)]
    for client in clients:
        await client.begin(SHOP, [ANNA])
    for client in clients:
        await client.data(MESSAGE)
    sink.close_connections()
    assert [250] * 3 == [await send(pool) for _ in range(3)]

    assert 6 == len(sink.messages)


@pytest.mark.parametrize("reply", [b"421 4.4.2 Idle\r\n", b""])
async def test_connection_that_is_lost_with_mail_is_replaced(reply: bytes) -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server)
        await send(pool)
        server.replies["MAIL"] = reply
        assert 250 == await send(pool, recipient=BEN)

    assert 2 == server.connection_count
    assert [MESSAGE, MESSAGE] == server.messages


async def test_connection_that_was_closed_while_unused_is_not_leased(sink: Sink) -> None:
    pool = create_pool(sink)
    session = await pool.lease()
    pool.release(session)
    sink.close_connections()

    async def is_closed() -> bool:
        return not session.is_usable

    await wait_until(is_closed)
    assert session is not await pool.lease()


async def test_connection_is_not_kept_after_an_exchange_that_was_cancelled(sink: Sink) -> None:
    pool = create_pool(sink)
    session = await pool.lease()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.exchange(b""), 0.01)
    pool.release(session)
    assert session is not await pool.lease()


async def test_refused_sender_is_not_repeated() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server)
        await send(pool)
        server.replies["MAIL"] = b"451 4.7.1 Greylisted\r\n"
        replies = await NextHopClient(pool).begin(SHOP, [ANNA])

    assert [451, 503] == [reply.code for reply in replies]
    assert 1 == server.connection_count


async def test_abandoned_message_is_reset_before_the_next_one() -> None:
    async with ScriptedServer() as server:
        pool = create_pool(server)
        abandoned = NextHopClient(pool)
        await abandoned.begin(SHOP, [ANNA])
        abandoned.abandon()
        assert 250 == await send(pool, recipient=BEN)

    assert ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"] == list(server.verbs)
    assert 1 == server.connection_count


async def test_message_whose_data_was_not_completed_costs_its_connection() -> None:
    async with ScriptedServer(DATA=b"354 Go on\r\n552 5.3.4 Too big\r\n") as server:
        pool = create_pool(server)
        client = NextHopClient(pool)
        await client.begin(SHOP, [ANNA])
        with pytest.raises(RelayError) as caught:
            await client.data(MESSAGE)
        assert 552 == caught.value.reply_code
        assert 250 == await send(pool, recipient=BEN)

    assert 2 == server.connection_count
    assert [MESSAGE] == server.messages


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["begin", "add", "data", "abandon", "lose"])), max_size=25
)


@given(STEPS, st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=30)
def test_no_message_gets_recipients_of_another(
    steps: list[tuple[int, str]], max_connections: int, max_messages: int
) -> None:
    asyncio.run(take_steps(steps, max_connections, max_messages))


async def take_steps(steps: list[tuple[int, str]], max_connections: int, max_messages: int) -> None:
    expected: list[tuple[str, ...]] = []
    async with Sink() as sink:
        pool = create_pool(sink, max_connections=max_connections, max_messages=max_messages)
        clients = [NextHopClient(pool) for _ in range(3)]
        recipients: list[list[str]] = [[], [], []]
        names = number_names()
        for index, step in steps:
            client = clients[index]
            with contextlib.suppress(RelayError):
                if step == "begin":
                    recipients[index] = [next(names)]
                    await client.begin(SHOP, [Path(recipients[index][0], {})])
                elif step == "add":
                    name = next(names)
                    await client.add_recipients([Path(name, {})])
                    recipients[index].append(name)
                elif step == "data":
                    await client.data(MESSAGE)
                    expected.append(tuple(recipients[index]))
                elif step == "abandon":
                    client.abandon()
                else:
                    sink.close_connections()
        pool.close()
    assert expected == [message.recipients for message in sink.messages]


def number_names() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"anna{number}@example.com"
