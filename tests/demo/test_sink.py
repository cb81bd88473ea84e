"""The sink."""

from collections.abc import AsyncIterator

import aiosmtplib
import pytest

from clicktrail.demo.sink import ReceivedMessage, Sink

MESSAGE = b"Subject: Garlic\r\n\r\nPlant it now.\r\n"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Give an open sink."""
    async with Sink() as sink:
        yield sink


def client_of(sink: Sink) -> aiosmtplib.SMTP:
    """Give a client that speaks to the sink."""
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False, local_hostname="localhost")


async def test_a_message_is_kept_with_its_envelope(sink: Sink) -> None:
    async with client_of(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example", "bo@b.example"], MESSAGE)
    (received,) = sink.messages
    assert "shop@shop.example" == received.sender
    assert ("ada@a.example", "bo@b.example") == received.recipients
    assert MESSAGE == received.content


async def test_a_recipient_is_refused_with_the_reply_that_was_set(sink: Sink) -> None:
    sink.refusals["gone@a.example"] = "550 5.1.1 No such user"
    async with client_of(sink) as client:
        refused, _ = await client.sendmail("shop@shop.example", ["gone@a.example", "ada@a.example"], MESSAGE)
    assert {"gone@a.example": (550, "5.1.1 No such user")} == refused
    assert ("ada@a.example",) == sink.messages[0].recipients


async def test_a_message_is_refused_after_its_data(sink: Sink) -> None:
    sink.data_refusal = "452 4.3.1 Full"
    async with client_of(sink) as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
            await client.sendmail("shop@shop.example", ["ada@a.example"], MESSAGE)
    assert 452 == refusal.value.code
    assert [] == sink.messages


@pytest.mark.parametrize("content", [b"a" * 200_000 + b"\r\n", b"..\r\n.dot\r\n", "£ and é\r\n".encode()])
async def test_no_byte_changes_on_the_way(sink: Sink, content: bytes) -> None:
    message = b"Subject: Garlic\r\n\r\n" + content
    async with client_of(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example"], message)
    assert message == sink.messages[0].content


async def test_each_message_is_told_as_it_arrives() -> None:
    heard: list[ReceivedMessage] = []
    async with Sink(on_message=heard.append) as sink, client_of(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example"], MESSAGE)
        await client.sendmail("shop@shop.example", ["bo@b.example"], MESSAGE)
    assert [("ada@a.example",), ("bo@b.example",)] == [message.recipients for message in heard]


async def test_whoever_is_connected_is_hung_up_on_at_the_end() -> None:
    async with Sink() as sink:
        client = client_of(sink)
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()
