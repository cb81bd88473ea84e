from collections.abc import AsyncIterator

import aiosmtplib
import pytest

from clicktrail.demo.sink import ReceivedMessage, Sink

MESSAGE = b"Subject: Garlic\r\n\r\nPlant it now.\r\n"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


def build_client(sink: Sink) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=sink.port, start_tls=False, local_hostname="localhost")


async def test_message_is_stored_with_its_envelope(sink: Sink) -> None:
    async with build_client(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example", "bo@b.example"], MESSAGE)
    (received,) = sink.messages
    assert received.sender == "shop@shop.example"
    assert received.recipients == ("ada@a.example", "bo@b.example")
    assert received.content == MESSAGE


async def test_recipient_is_refused_with_the_set_reply(sink: Sink) -> None:
    sink.refusals["gone@a.example"] = "550 5.1.1 No such user"
    async with build_client(sink) as client:
        refused, _ = await client.sendmail("shop@shop.example", ["gone@a.example", "ada@a.example"], MESSAGE)
    assert refused == {"gone@a.example": (550, "5.1.1 No such user")}
    assert sink.messages[0].recipients == ("ada@a.example",)


async def test_message_is_refused_after_its_data(sink: Sink) -> None:
    sink.data_refusal = "452 4.3.1 Full"
    async with build_client(sink) as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as caught:
            await client.sendmail("shop@shop.example", ["ada@a.example"], MESSAGE)
    assert caught.value.code == 452
    assert sink.messages == []


@pytest.mark.parametrize("content", [b"a" * 200_000 + b"\r\n", b"..\r\n.dot\r\n", "£ and é\r\n".encode()])
async def test_content_is_stored_unchanged(sink: Sink, content: bytes) -> None:
    message = b"Subject: Garlic\r\n\r\n" + content
    async with build_client(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example"], message)
    assert message == sink.messages[0].content


async def test_callback_gets_each_message() -> None:
    received: list[ReceivedMessage] = []
    async with Sink(on_message=received.append) as sink, build_client(sink) as client:
        await client.sendmail("shop@shop.example", ["ada@a.example"], MESSAGE)
        await client.sendmail("shop@shop.example", ["bo@b.example"], MESSAGE)
    assert [message.recipients for message in received] == [("ada@a.example",), ("bo@b.example",)]


async def test_open_connection_is_closed_at_the_end() -> None:
    async with Sink() as sink:
        client = build_client(sink)
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()
