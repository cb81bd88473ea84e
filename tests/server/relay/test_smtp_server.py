import asyncio
import contextlib
import os
import re
import signal
import socket
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import pytest

from bench.programs import list_child_pids
from clicktrail import keyring_file
from clicktrail.demo.sink import Sink
from clicktrail.model.consent import Consent
from clicktrail.model.event import Sent
from clicktrail.model.link_set import StoredLink
from clicktrail.rewrite.dkim import sign
from clicktrail.tokens import decode_short_token, open_token
from tests.support.dkim_keys import ED25519_KEY, is_signature_valid
from tests.support.relay import DOMAIN, running_relay
from tests.support.waiting import TIMEOUT_S, wait_until
from tests.support.worker_process import running_worker

MESSAGE = (
    b"From: shop@example.com\r\n"
    b"To: anna@example.net\r\n"
    b"X-Clicktrail-Campaign: winter\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n"
    b"\r\n"
    b'<p>.<a href="https://example.com/boots?a=1&amp;b=2#top">Boots</a></p>\r\n'
    b".\r\n"
    b"..two dots\r\n"
)


UNTRACKED = MESSAGE.replace(b"X-Clicktrail-Campaign: winter\r\n", b"")


def drop_table(folder: Path, table: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / "registry.sqlite3")) as registry:
        registry.execute(f"DROP TABLE {table}")


OWN_MESSAGE = MESSAGE.replace(b"https://example.com", b"https://shop.example")


async def test_links_are_tracked(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path) as relay,
        relay.client() as client,
    ):
        await client.sendmail("shop@example.com", ["anna@example.net"], OWN_MESSAGE)

    content = sink.messages[0].content
    token = re.search(rb'href="' + DOMAIN.encode() + rb'/([\w-]+)"', content)
    assert token
    sealed = open_token(relay.ring, token[1].decode())
    assert (
        "https://shop.example/boots?a=1&b=2&utm_source=email&utm_medium=newsletter&utm_campaign=winter#top"
        == sealed.destination
    )
    assert ("winter", "anna@example.net", 0, 1) == (
        sealed.campaign,
        sealed.recipient,
        sealed.position,
        sealed.link_count,
    )
    expected = OWN_MESSAGE.replace(b"X-Clicktrail-Campaign: winter\r\n", b"").replace(
        b"https://shop.example/boots?a=1&amp;b=2#top", DOMAIN.encode() + b"/" + token[1]
    )
    assert expected == content


async def test_sent_message_is_recorded(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        async with relay.client() as client:
            await client.sendmail("shop@example.com", ["anna@example.net", "ben@example.net"], MESSAGE)

        (sent,) = relay.events()

    assert isinstance(sent, Sent)
    assert ("winter", "", 1, 2) == (sent.campaign, sent.recipient, sent.links, sent.recipients)


async def test_outcomes_are_counted(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        await client.sendmail("shop@example.com", ["anna@example.net"], b"X-Clicktrail-Tracking: off\r\n" + MESSAGE)
        sink.data_refusal = "554 5.7.1 Spam"
        with pytest.raises(aiosmtplib.SMTPDataError):
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert {"tracked": 1, "not_rewritten": 1, "refused": 1} == relay.outcomes


async def test_signed_message_is_signed_again(tmp_path: Path) -> None:
    signed = sign(MESSAGE, ED25519_KEY, signed_at=datetime(2024, 5, 6, tzinfo=UTC))
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path, dkim=ED25519_KEY) as relay,
        relay.client() as client,
    ):
        await client.sendmail("shop@example.com", ["anna@example.net"], signed)

    content = sink.messages[0].content
    assert f'href="{DOMAIN}/'.encode() in content
    assert 1 == content.count(b"DKIM-Signature:")
    assert is_signature_valid(content)


async def test_recipient_who_denied_consent_is_not_tracked(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        await relay.consents.set("anna@example.net", Consent.DENIED, at=datetime(2026, 11, 23, tzinfo=UTC))
        async with relay.client() as client:
            await client.sendmail("shop@example.com", ["Anna@example.net"], MESSAGE)
        (sent,) = relay.events()

    assert b'href="https://example.com/boots?a=1&amp;b=2#top"' in sink.messages[0].content
    assert isinstance(sent, Sent)
    assert ("winter", "", 0, 1) == (sent.campaign, sent.recipient, sent.links, sent.recipients)


async def test_message_is_deferred_while_consent_is_unreadable(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path, relay_settings='when_unavailable = "defer"') as relay,
        relay.client() as client,
    ):
        drop_table(tmp_path, "consents")
        with pytest.raises(aiosmtplib.SMTPDataError) as caught:
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert (451, []) == (caught.value.code, sink.messages)
    assert {"deferred": 1} == relay.outcomes


async def test_message_is_passed_untracked_while_consent_is_unreadable(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        drop_table(tmp_path, "consents")
        async with relay.client() as client:
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        (sent,) = relay.events()

    assert UNTRACKED == sink.messages[0].content
    assert {"untracked": 1} == relay.outcomes
    assert isinstance(sent, Sent)
    assert ("winter", "", 0) == (sent.campaign, sent.recipient, sent.links)


async def test_message_is_passed_untracked_while_the_registry_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite3").write_bytes(b"this is no database" * 1000)
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert ({"untracked": 1}, UNTRACKED) == (relay.outcomes, sink.messages[0].content)


async def test_registry_that_does_not_respond_delays_few_messages(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts connections and says nothing
        url = f'[registry]\nurl = "postgresql://u@127.0.0.1:{silent.getsockname()[1]}/clicktrail"'
        async with (
            Sink() as sink,
            running_relay(sink.address, tmp_path, relay_settings=url) as relay,
            relay.client() as client,
            asyncio.timeout(40),  # each would wait three seconds
        ):
            for _ in range(30):
                await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert [UNTRACKED] * 30 == [message.content for message in sink.messages]


async def test_recipient_refusal_is_passed_back(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        sink.refusals["gone@example.net"] = "550 5.1.1 No such user"
        async with relay.client() as client:
            errors, _ = await client.sendmail("a@example.com", ["gone@example.net", "anna@example.net"], MESSAGE)

        (sent,) = relay.events()

    assert {"gone@example.net": (550, "5.1.1 No such user")} == errors
    assert ("anna@example.net",) == sink.messages[0].recipients
    assert isinstance(sent, Sent)
    assert ("anna@example.net", 1) == (sent.recipient, sent.recipients)


@pytest.mark.parametrize(("code", "text"), [(554, "5.7.1 Spam"), (451, "4.3.0 Later"), (552, "5.3.4 Too big")])
async def test_message_refusal_is_passed_back(tmp_path: Path, code: int, text: str) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        sink.data_refusal = f"{code} {text}"
        async with relay.client() as client:
            with pytest.raises(aiosmtplib.SMTPDataError) as caught:
                await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)

        assert [] == relay.events()

    assert (code, text) == (caught.value.code, caught.value.message)


async def test_unreachable_next_hop_is_a_temporary_failure(tmp_path: Path) -> None:
    async with Sink() as sink:
        address = sink.address
    async with running_relay(address, tmp_path) as relay, relay.client() as client:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as caught:
            await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)

    assert 451 == caught.value.code


async def test_lost_connection_is_reopened(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)
        sink.close_connections()
        await client.sendmail("a@example.com", ["ben@example.net"], MESSAGE)

    assert 2 == len(sink.messages)


async def test_rset_forgets_the_transaction(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.mail("a@example.com")
        await client.rcpt("nobody@example.net")
        await client.rset()
        await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)

    assert [("anna@example.net",)] == [message.recipients for message in sink.messages]


async def test_ehlo_forgets_the_transaction(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.mail("a@example.com")
        await client.rcpt("nobody@example.net")
        await client.ehlo()
        await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)

    assert [("anna@example.net",)] == [message.recipients for message in sink.messages]


async def test_internal_error_is_a_temporary_failure(tmp_path: Path) -> None:
    class NoIds:
        def new(self) -> str:
            raise OSError("no randomness to be had")

    async with Sink() as sink, running_relay(sink.address, tmp_path, ids=NoIds()) as relay, relay.client() as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as caught:
            await client.sendmail("a@example.com", ["anna@example.net"], MESSAGE)

    assert (451, []) == (caught.value.code, sink.messages)


@pytest.mark.parametrize(
    "raw",
    [
        b"this is no email\r\n",
        b"\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<a href='https://e",
        b"Content-Type: text/html; charset=klingon\r\n\r\n\xff\xfe<a\r\n",
        b"Subject: long\r\n\r\n" + b"x" * 100_000 + b"\r\n",
    ],
)
async def test_malformed_message_is_passed_on(tmp_path: Path, raw: bytes) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("a@example.com", ["anna@example.net"], raw)

    assert raw.rstrip(b"\r\n") == sink.messages[0].content.rstrip(b"\r\n")


LINK_COUNT = 5_000_000 // 789


@pytest.mark.without_coverage
async def test_five_megabytes_of_html_are_tracked(tmp_path: Path) -> None:
    link = b'<p title="a > b"><a href="https://example.com/boots">Boots</a><!-- <a href="x"> --></p>\r\n'
    filler = b"<p>Warm.</p>\r\n" * 50
    raw = b"Content-Type: text/html\r\n\r\n" + (link + filler) * LINK_COUNT
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("a@example.com", ["anna@example.net"], raw)
        (sent,) = relay.events()

    assert isinstance(sent, Sent)
    assert LINK_COUNT == sent.links == sink.messages[0].content.count(DOMAIN.encode())


async def test_stopping_relay_takes_leave_of_idle_clients(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.send(b"EHLO sender.example\r\n")
        relay.stopping.set()
        assert b"421 " == (await client.read_reply())[:4]
        assert b"" == await client.reader.read()


TEXT_MESSAGE = b"Subject: Boots\r\nX-Clicktrail-Campaign: winter\r\nX-Clicktrail-Consent: granted\r\n\r\nhttps://example.com/boots\r\n"
SHORT_LINK = re.compile(DOMAIN.encode() + rb"/([\w-]+)")


async def test_short_links_are_stored_before_delivery(tmp_path: Path) -> None:
    stored: list[tuple[str]] = []

    def look(_: object) -> None:
        with contextlib.closing(sqlite3.connect(tmp_path / "registry.sqlite3")) as registry:
            stored.extend(registry.execute("SELECT destination FROM short_links"))

    async with Sink(on_message=look) as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        await client.sendmail("shop@example.com", ["anna@example.net"], TEXT_MESSAGE)
        token = SHORT_LINK.search(sink.messages[0].content)
        assert token
        code, position = decode_short_token(token[1].decode())
        short = await relay.short_links.find(code)
        (sent,) = relay.events()
    assert [("https://example.com/boots",)] == stored
    assert short
    assert ("winter", "anna@example.net", sent.message_id) == (short.campaign, short.recipient, short.message_id)
    assert (StoredLink(position=position, destination="https://example.com/boots"),) == short.links


async def test_unstorable_short_links_become_sealed(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        drop_table(tmp_path, "short_links")
        await client.sendmail("shop@example.com", ["anna@example.net"], TEXT_MESSAGE)
        (sent,) = relay.events()
    token = SHORT_LINK.search(sink.messages[0].content)
    assert token
    sealed = open_token(relay.ring, token[1].decode())
    assert ("https://example.com/boots", sent.message_id) == (sealed.destination, sealed.message_id)


async def test_message_over_its_time_limit_is_passed_on_unchanged(tmp_path: Path) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path, relay_settings="rewrite_seconds = 1") as relay,
        relay.client() as client,
    ):
        os.kill(relay.rewriters.pids[0], signal.SIGSTOP)  # as a message that takes for ever
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        await relay.rewriters.wait_until_ready(timeout_s=TIMEOUT_S)
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert {"untracked": 1, "tracked": 1} == relay.outcomes
    assert UNTRACKED == sink.messages[0].content
    assert b'href="https://links.example.com/' in sink.messages[1].content


async def test_message_that_ends_the_rewriting_process_is_passed_on_unchanged(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        for pid in relay.rewriters.pids:
            os.kill(pid, signal.SIGKILL)
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)
        await relay.rewriters.wait_until_ready(timeout_s=TIMEOUT_S)
        await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert sink.messages[0].content == UNTRACKED or DOMAIN.encode() in sink.messages[0].content
    assert DOMAIN.encode() in sink.messages[1].content


async def test_message_is_passed_on_while_the_key_ring_is_damaged(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.client() as client:
        (tmp_path / "keys.json").write_bytes(b"{")
        for pid in relay.rewriters.pids:
            os.kill(pid, signal.SIGKILL)
        for _ in range(3):
            await client.sendmail("shop@example.com", ["anna@example.net"], MESSAGE)

    assert [UNTRACKED] * 3 == [message.content for message in sink.messages]
    assert {"untracked": 3} == relay.outcomes


async def test_message_that_begins_with_an_empty_line_keeps_its_lines(tmp_path: Path) -> None:
    content = b"\r\n\r\nhttps://example.com/boots\r\n\r\n"
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.begin_data()
        await client.send(content + b".\r\n")

    assert [content] == [message.content for message in sink.messages]


async def test_empty_message_is_passed_on(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.begin_data()
        assert (await client.send(b".\r\n")).startswith(b"250")

    assert [b""] == [message.content for message in sink.messages]


async def test_bare_newlines_do_not_end_a_message(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.begin_data()
        await client.send(b"Subject: a\n\nb\n.\nMAIL FROM:<c@example.com>\r.\r\r\n.\r\n")

    expected = b"Subject: a\r\n\r\nb\r\n.\r\nMAIL FROM:<c@example.com>\r\n.\r\n\r\n"
    assert [expected] == [message.content for message in sink.messages]


REFUSALS = (
    (b"MAIL FROM:<a\x00b@example.com>", b"553 5.1.3"),
    (b"MAIL FROM:<a\x7fb@example.com>", b"553 5.1.3"),
    ("MAIL FROM:<jürgen@example.com>".encode("latin-1"), b"553 5.6.7"),
    (b"MAIL FROM:<\xed\xa0\x80@example.com>", b"553 5.6.7"),
    (b"MAIL FROM:", b"501 5.5.4"),
    (b"MAIL TO:<a@example.com>", b"501 5.5.4"),
    (b"MAIL FROM:<a@example.com", b"501 5.5.4"),
    (b"MAIL FROM:<a@example.com> SIZE=99999999999", b"552 5.3.4"),
    (b"MAIL FROM:<a@example.com> ENVID=a\rRCPT", b"501 5.5.4"),
    (b"MAIL FROM:<a@example.com> ENVID=\xff", b"501 5.5.4"),
    (b'MAIL FROM:<"a\rb"@example.com>', b"553 5.1.3"),
    (b"RCPT TO:<a@example.com>", b"503 5.5.1"),
    (b"DATA", b"503 5.5.1"),
    (b"BDAT 10", b"502 5.5.1"),
    (b"MAIL FROM:<a@example.com> BODY=7BIT BODY=8BITMIME", b"501 5.5.4"),
    (b"MAIL FROM:<a@example.com> BODY=BINARYMIME", b"555 5.5.4"),
    (b"STARTTLS", b"502 5.5.1"),
    (b"x" * 10_000, b"500 5.5.6"),
    (b"\xff\xfe\x00", b"502 5.5.1"),
    (b"", b"500 5.5.6"),
)


async def test_what_can_never_work_is_refused_permanently(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:
        for command, reply in REFUSALS:
            async with relay.connection() as client:
                await client.send(b"EHLO sender.example\r\n")
                assert (await client.send(command + b"\r\n")).startswith(reply), command
                await client.send(b"RSET\r\n")
                await client.begin_data()
                assert (await client.send(MESSAGE + b".\r\n")).startswith(b"250"), command


async def test_hostile_subject_delays_no_other_message(tmp_path: Path) -> None:
    hostile = b"Subject: " + b"=?utf-8?q?a?= " * 25_000 + b"\r\n" + MESSAGE
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay:

        async def send(message: bytes) -> None:
            async with relay.client() as client:
                await client.sendmail("shop@example.com", ["anna@example.net"], message)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send(hostile))
            tasks.create_task(send(MESSAGE))

    assert 2 == len(sink.messages)


@pytest.mark.parametrize("method", [b"POST / HTTP/1.1", b"GET / HTTP/1.1"])
async def test_web_page_cannot_send_mail(tmp_path: Path, method: bytes) -> None:
    request = method + b"\r\nHost: 127.0.0.1\r\n\r\nEHLO x\r\nMAIL FROM:<a@example.com>\r\n"
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        assert (await client.send(request)).startswith(b"421 ")
        assert b"" == await client.reader.read()


async def test_client_that_sends_no_smtp_is_disconnected(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        client.writer.write(b"\n" * 100_000)
        assert b"421 " in await client.reader.read()


@pytest.mark.parametrize("flood", [b"NOOP\r\n", b"RSET\r\n", b"EHLO x\r\n"])
async def test_pipelined_commands_delay_no_other_client(tmp_path: Path, flood: bytes) -> None:
    async with (
        Sink() as sink,
        running_relay(sink.address, tmp_path) as relay,
        relay.connection() as flooder,
        relay.connection() as client,
    ):
        flooder.writer.write(flood * 100_000)
        async with asyncio.timeout(20):  # the flood takes longer
            for _ in range(20):
                assert (await client.send(b"NOOP\r\n")).startswith(b"250")
        flooder.writer.transport.abort()


async def test_large_messages_delay_no_small_one(tmp_path: Path) -> None:
    large = b"Content-Type: text/html\r\n\r\n" + b"<" * 20_000_000 + b"\r\n"
    finished: list[int] = []
    async with Sink() as sink, running_relay(sink.address, tmp_path, relay_settings="rewrite_seconds = 3") as relay:

        async def send(message: bytes) -> None:
            async with relay.client() as client:
                await client.sendmail("shop@example.com", ["anna@example.net"], message)
            finished.append(len(message))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(send(large))
            while relay.rewriters.pids and not finished and len(sink.messages) < 1:
                await send(MESSAGE)

    assert len(MESSAGE) == finished[0]
    assert 4 == len(sink.messages)


async def test_bare_newlines_take_linear_time_and_count_as_sent(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.begin_data()
        reply = await client.send(b"\n" * 30_000_000 + b"\r\n.\r\n")

    assert reply.startswith(b"552 5.3.4")
    assert [] == sink.messages


async def test_source_route_is_left_out(tmp_path: Path) -> None:
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await relay.consents.set("anna@example.net", Consent.DENIED, at=datetime(2026, 11, 23, tzinfo=UTC))
        await client.begin_data(recipient=b"@hop.example,@b.example:anna@example.net")
        await client.send(MESSAGE + b".\r\n")

    assert [("anna@example.net",)] == [message.recipients for message in sink.messages]
    assert DOMAIN.encode() not in sink.messages[0].content


async def test_rewriting_processes_end_with_a_killed_relay(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with running_worker("relay", tmp_path, [listener]) as process:
            children = list_child_pids(process.pid)
            process.kill()

            async def find_running() -> list[int]:
                return [pid for pid in children if Path(f"/proc/{pid}/exe").exists()]  # noqa: ASYNC240

            await wait_until(find_running, lambda running: not running)
    assert len(children) == 2
