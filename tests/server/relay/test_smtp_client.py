from collections.abc import AsyncIterator

import pytest

from clicktrail.demo.sink import Sink
from clicktrail.errors import RelayError
from clicktrail.server.relay.smtp_client import NextHopClient, NextHopConfig

MESSAGE = b"Subject: boots\r\n\r\nWarm.\r\n"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


@pytest.fixture
async def next_hop(sink: Sink) -> AsyncIterator[NextHopClient]:
    next_hop = NextHopClient(NextHopConfig(host="127.0.0.1", port=sink.port))
    yield next_hop
    await next_hop.close()


async def test_message_is_delivered(sink: Sink, next_hop: NextHopClient) -> None:
    replies = [
        await next_hop.mail("shop@example.com", {}),
        await next_hop.rcpt("anna@example.net", {}),
        await next_hop.data(MESSAGE),
    ]

    assert [250, 250, 250] == [reply.code for reply in replies]
    assert [("shop@example.com", ("anna@example.net",), MESSAGE)] == [
        (message.sender, message.recipients, message.content) for message in sink.messages
    ]


async def test_refusal_has_the_servers_reply(sink: Sink, next_hop: NextHopClient) -> None:
    sink.refusals["gone@example.net"] = "550 5.1.1 No such user"
    await next_hop.mail("shop@example.com", {})

    with pytest.raises(RelayError) as caught:
        await next_hop.rcpt("gone@example.net", {})

    assert (550, "5.1.1 No such user") == (caught.value.reply_code, caught.value.reply_text)


async def test_unreachable_server_is_451(sink: Sink) -> None:
    port = sink.port
    await sink.__aexit__(None, None, None)

    with pytest.raises(RelayError, match="cannot reach the next hop") as caught:
        await NextHopClient(NextHopConfig(host="127.0.0.1", port=port)).mail("shop@example.com", {})

    assert 451 == caught.value.reply_code


async def test_unsupported_options_are_omitted(next_hop: NextHopClient) -> None:
    reply = await next_hop.mail("shop@example.com", {"BODY": "8BITMIME", "SOLICIT": "org.example"})

    assert reply.is_positive
