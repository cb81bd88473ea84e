import asyncio
import re
from pathlib import Path

import aiosmtplib
import pytest

from clicktrail.demo.sink import Sink
from tests.support.postfix import postfix
from tests.support.serving import running_server

MESSAGE = (
    b"From: shop@example.com\r\nTo: anna@example.net\r\nX-Clicktrail-Campaign: winter\r\n"
    b"Content-Type: text/html\r\n\r\n<a href='https://example.com/boots'>Boots</a>\r\n"
)


async def test_postfix_forwards_a_relayed_message(tmp_path: Path) -> None:
    arrived = asyncio.Event()
    async with (
        Sink(on_message=lambda _: arrived.set()) as sink,
        postfix(next_hop_port=sink.port) as next_hop,
        running_server(tmp_path, next_hop=next_hop, workers=1) as server,
    ):
        host, port = server.relay
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as client:
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        await arrived.wait()

    content = sink.messages[0].content
    assert re.search(rb"<a href='" + server.edge.encode() + rb"/[\w-]+'>Boots</a>\r\n$", content)
    assert b"x-clicktrail" not in content.lower()


async def test_refusals_of_postfix_are_passed_on_unchanged(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        postfix(next_hop_port=sink.port) as next_hop,
        running_server(tmp_path, next_hop=next_hop, workers=1) as server,
    ):
        host, port = server.relay
        async with aiosmtplib.SMTP(hostname=host, port=port, start_tls=False) as client:
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
                await client.sendmail("shop@example.com", ["nobody@example.net", "anna@elsewhere.example"], MESSAGE)

    refusals = [(refused.code, refused.message) for refused in caught.value.recipients]
    assert refusals == [
        (550, "5.1.1 <nobody@example.net>: Recipient address rejected: User unknown in relay recipient table"),
        (554, "5.7.1 <anna@elsewhere.example>: Relay access denied"),
    ]
