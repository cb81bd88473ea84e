"""What one client, or many, cannot do to the others."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from clicktrail.demo.sink import Sink
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.server.ports import Consents, StoredConsent
from tests.support.relay import DOMAIN, RunningRelay, SmtpConnection, running_relay
from tests.support.waiting import TIMEOUT_S, wait_until

LINE = b"x" * 98 + b"\r\n"
LINK_MESSAGE = b"Content-Type: text/html\r\n\r\n<a href='https://example.com/'>Boots</a>\r\n"


async def begin_message(client: SmtpConnection, relay: RunningRelay, size: int) -> None:
    """Send a part of a message, and wait until the relay has read it."""
    before = relay.server.buffered_bytes
    await client.begin_data()
    client.writer.write(LINE * (size // len(LINE)))

    async def get_size() -> int:
        return relay.server.buffered_bytes - before

    await wait_until(get_size, lambda received: received == size)


async def wait_until_empty(relay: RunningRelay) -> None:
    async def get_size() -> int:
        return relay.server.buffered_bytes

    await wait_until(get_size, lambda size: size == 0)


async def test_message_that_exceeds_the_memory_is_deferred_and_the_others_go_on(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path) as relay,
        relay.connection() as first,
        relay.connection() as second,
        relay.connection() as third,
    ):
        relay.server.max_buffered_bytes = 1_000_000
        await begin_message(first, relay, 600_000)
        await second.begin_data()
        second.writer.write(LINE * 4_000 + b"x")
        assert (await second.read_reply()).startswith(b"421 4.3.1 ")
        assert await second.reader.read() == b""
        await begin_message(third, relay, 300_000)
        for client in (first, third):
            assert (await client.send(b".\r\n")).startswith(b"250")
        await wait_until_empty(relay)

    assert [600_000, 300_000] == [len(message.content) for message in sink.messages]


async def test_memory_is_free_again_after_every_error(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        async with relay.connection() as client:
            await begin_message(client, relay, 100_000)
            client.writer.transport.abort()
            await wait_until_empty(relay)
        async with relay.connection() as client:
            await begin_message(client, relay, 100_000)
            relay.server.max_buffered_bytes = 100_000
            assert (await client.send(b"x")).startswith(b"421 ")
            await wait_until_empty(relay)
        async with relay.connection() as client:
            relay.server.max_buffered_bytes = 10**9
            sink.data_refusal = "554 5.7.1 Spam"
            await begin_message(client, relay, 100_000)
            assert (await client.send(b".\r\n")).startswith(b"554 ")
            await client.begin_data()
            assert (await client.send(LINE * 550_000 + b".\r\n")).startswith(b"552 ")
            await wait_until_empty(relay)
        relay.server.idle_timeout_s = 0.1
        async with relay.connection() as client:
            await begin_message(client, relay, 100_000)
            assert (await client.read_reply()).startswith(b"421 4.4.2 ")
            await wait_until_empty(relay)


async def test_idlest_session_outside_of_a_transaction_is_closed_for_one_more(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path) as relay,
        relay.connection() as busy,
        relay.connection() as idlest,
        relay.connection() as recent,
    ):
        relay.server.max_connections = 3
        await busy.send(b"EHLO sender.example\r\n")
        await busy.send(b"MAIL FROM:<shop@example.com>\r\n")
        await idlest.send(b"NOOP\r\n")
        await recent.send(b"NOOP\r\n")
        async with relay.connection() as newcomer:
            assert (await idlest.read_reply()).startswith(b"421 ")
            assert await idlest.reader.read() == b""
            await busy.send(b"RCPT TO:<anna@example.net>\r\n")
            await busy.send(b"DATA\r\n")
            assert (await busy.send(LINK_MESSAGE + b".\r\n")).startswith(b"250")
            for client in (recent, newcomer):
                assert (await client.send(b"NOOP\r\n")).startswith(b"250")

    assert 1 == len(sink.messages)


@pytest.mark.parametrize("is_data", [False, True])
async def test_client_that_stalls_within_a_message_leaves_its_connection_to_others(
    tmp_path: Path, *, is_data: bool
) -> None:
    settings = "next_hop_connections = 1"
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path, relay_settings=settings) as relay,
        relay.connection() as stalled,
        relay.connection() as other,
    ):
        relay.server.stall_timeout_s = 0.05
        await stalled.begin_data() if is_data else await stalled.send(b"EHLO a\r\nMAIL FROM:<shop@example.com>\r\n")
        await asyncio.sleep(0.2)  # without another message it may stall for as long as it likes
        assert not stalled.reader.at_eof()
        await other.begin_data()
        assert (await other.send(LINK_MESSAGE + b".\r\n")).startswith(b"250")
        assert b"421 4.4.2 " in await stalled.reader.read()

    assert 1 == len(sink.messages)


async def test_session_within_a_transaction_is_never_closed_for_another_one(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as first:
        relay.server.max_connections = 1
        await first.begin_data()
        async with relay.connection() as second:
            await second.begin_data()
            for client in (first, second):
                assert (await client.send(LINK_MESSAGE + b".\r\n")).startswith(b"250")

    assert 2 == len(sink.messages)


async def test_client_that_reads_no_replies_is_disconnected(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(0)
        async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
            relay.server.idle_timeout_s = 0.5
            await loop.sock_connect(client, ("127.0.0.1", relay.port))

            async def flood() -> None:
                while True:
                    await loop.sock_sendall(client, b"EHLO x\r\n" * 1_000)

            with pytest.raises(ConnectionError):
                await asyncio.wait_for(flood(), TIMEOUT_S)


@dataclass(frozen=True)
class HangingConsents:
    """Consents that cannot be looked up for one recipient until an event is set."""

    consents: Consents
    recipient: str
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        await self.consents.set(recipient, consent, at=at)

    async def find(self, recipients: Iterable[str]) -> Sequence[StoredConsent]:
        names = list(recipients)
        if self.recipient in names:
            self.is_asked.set()
            await self.may_answer.wait()
        return await self.consents.find(names)

    async def list_records(self, *, since: datetime | None) -> Sequence[ConsentRecord]:
        return await self.consents.list_records(since=since)


async def test_consent_that_is_slow_to_look_up_delays_no_other_message(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path) as relay,
        relay.connection() as slow,
        relay.connection() as other,
    ):
        consents = HangingConsents(relay.consents, "slow@example.net")
        relay.server.tracker = replace(relay.server.tracker, consents=consents)
        await slow.begin_data(recipient=b"slow@example.net")
        slow.writer.write(LINK_MESSAGE + b".\r\n")
        await consents.is_asked.wait()
        await other.begin_data()
        assert (await other.send(LINK_MESSAGE + b".\r\n")).startswith(b"250")
        consents.may_answer.set()
        assert (await slow.read_reply()).startswith(b"250")

    assert [("anna@example.net",), ("slow@example.net",)] == [message.recipients for message in sink.messages]
    assert all(DOMAIN.encode() in message.content for message in sink.messages)
