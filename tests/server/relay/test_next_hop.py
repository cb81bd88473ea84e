"""Next hops that break the protocol, seen from outside: through a running relay."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from clicktrail.demo.sink import Sink
from clicktrail.model.event import Sent
from tests.support.relay import RunningRelay, running_relay
from tests.support.scripted_server import GOOD_REPLIES, ScriptedServer
from tests.support.waiting import TIMEOUT_S, wait_until

TEXT = b"Subject: a\r\n\r\nWarm.\r\n"
MAIL = b"MAIL FROM:<shop@example.com>\r\n"


async def send(folder: Path, hop: ScriptedServer, *, data: bytes = TEXT, mail: bytes = MAIL) -> list[bytes]:
    """Start a relay and send one message through it to the hop; the replies to MAIL, RCPT and DATA."""
    async with running_relay(hop.address, folder) as relay:
        return await send_message(relay, data=data, mail=mail)


async def send_message(
    relay: RunningRelay, *, data: bytes = TEXT, mail: bytes = MAIL, is_pipelined: bool = False
) -> list[bytes]:
    rcpt = b"RCPT TO:<anna@example.net>\r\n"
    async with relay.connection() as client:
        await client.send(b"EHLO sender.example\r\n")
        if is_pipelined:
            replies = [await client.send(mail + rcpt), await client.read_reply()]
        else:
            replies = [await client.send(mail), await client.send(rcpt)]
        replies.append(await client.send(b"DATA\r\n"))
        if replies[-1].startswith(b"354"):
            replies[-1] = await client.send(data + b".\r\n")
        return replies


async def test_null_sender_is_passed_on(tmp_path: Path) -> None:
    async with ScriptedServer() as hop:
        replies = await send(tmp_path, hop, mail=b"MAIL FROM:<>\r\n")

    assert b"250 2.0.0 Queued" == replies[-1]
    assert b"MAIL FROM:<>" in hop.lines


async def test_parameters_are_passed_on_with_the_first_message(tmp_path: Path) -> None:
    async with ScriptedServer() as hop:
        await send(tmp_path, hop, mail=b"MAIL FROM:<shop@example.com> BODY=8BITMIME SMTPUTF8\r\n")

    assert b"MAIL FROM:<shop@example.com> BODY=8BITMIME SMTPUTF8" in hop.lines


@pytest.mark.parametrize("offered", [True, False])
async def test_dsn_is_passed_on_if_the_next_hop_offers_it(tmp_path: Path, offered: bool) -> None:
    extension = b"250 DSN\r\n" if offered else b"250 HELP\r\n"
    async with (
        ScriptedServer(EHLO=b"250-hop.example\r\n" + extension) as hop,
        running_relay(hop.address, tmp_path) as relay,
        relay.connection() as client,
    ):
        await client.send(b"EHLO sender.example\r\n")
        await client.send(b"MAIL FROM:<shop@example.com> RET=HDRS ENVID=QQ314159\r\n")
        await client.send(b"RCPT TO:<anna@example.net> NOTIFY=NEVER ORCPT=rfc822;anna@example.net\r\n")

    recipient = b" NOTIFY=NEVER ORCPT=rfc822;anna@example.net" if offered else b""
    assert b"MAIL FROM:<shop@example.com>" + (b" RET=HDRS ENVID=QQ314159" if offered else b"") in hop.lines
    assert b"RCPT TO:<anna@example.net>" + recipient in hop.lines


NO_EXTENSIONS = b"250 hop.example\r\n"


async def test_message_that_needs_8_bits_is_refused_for_good_by_a_hop_without_8bitmime(tmp_path: Path) -> None:
    async with ScriptedServer(EHLO=NO_EXTENSIONS) as hop:
        mail = b"MAIL FROM:<shop@example.com> BODY=8BITMIME\r\n"
        replies = await send(tmp_path, hop, mail=mail, data="Subject: a\r\n\r\nGrüße\r\n".encode())

    assert b"554 5.6.3 The next mail server takes only 7-bit messages" == replies[-1]
    assert [] == hop.messages


async def test_seven_bit_message_passes_a_hop_without_8bitmime(tmp_path: Path) -> None:
    async with ScriptedServer(EHLO=NO_EXTENSIONS) as hop:
        replies = await send(tmp_path, hop, mail=b"MAIL FROM:<shop@example.com> BODY=8BITMIME\r\n")

    assert b"250 2.0.0 Queued" == replies[-1]
    assert b"MAIL FROM:<shop@example.com>" in hop.lines


async def test_utf_8_headers_are_refused_for_good_by_a_hop_without_smtputf8(tmp_path: Path) -> None:
    async with ScriptedServer(EHLO=NO_EXTENSIONS) as hop:
        mail = b"MAIL FROM:<shop@example.com> SMTPUTF8\r\n"
        replies = await send(tmp_path, hop, mail=mail, data="Subject: Grüße\r\n\r\nWarm.\r\n".encode())

    assert b"554 5.6.9 The next mail server takes only ASCII headers" == replies[-1]


async def test_utf_8_addresses_are_refused_for_good_by_a_hop_without_smtputf8(tmp_path: Path) -> None:
    async with (
        ScriptedServer(EHLO=NO_EXTENSIONS) as hop,
        running_relay(hop.address, tmp_path) as relay,
        relay.connection() as client,
    ):
        await client.send(b"EHLO sender.example\r\n")
        sender = await client.send("MAIL FROM:<jürgen@example.com> SMTPUTF8\r\n".encode())
        await client.send(b"MAIL FROM:<shop@example.com>\r\n")
        recipient = await client.send("RCPT TO:<jürgen@example.net>\r\n".encode())

    assert (b"550 5.6.7", b"553 5.6.7") == (sender[:9], recipient[:9])


TEXTS = ("angenommen für uns".encode("latin-1"), b"\xff\xfe", b"tab\there", b"esc \x1b[31m", b"\xed\xa0\x80", b"")


@pytest.mark.parametrize(("step", "code"), [("RCPT", 250), ("RCPT", 550), ("data", 250), ("data", 554), ("data", 452)])
async def test_reply_is_passed_on_whatever_bytes_its_text_holds(tmp_path: Path, step: str, code: int) -> None:
    async with ScriptedServer(all_connections=True) as hop, running_relay(hop.address, tmp_path) as relay:
        for text in TEXTS:
            hop.messages.clear()
            hop.replies[step] = line = b"%d %b\r\n" % (code, text)
            replies = await send_message(relay)
            assert line == replies[1 if step == "RCPT" else 2] + b"\r\n"
            assert (code < 400) == bool(hop.messages)


async def test_reply_of_several_lines_is_passed_on(tmp_path: Path) -> None:
    async with ScriptedServer(data=b"554-5.7.1 Spam,\r\n554-\r\n554 5.7.1 says the filter\r\n") as hop:
        replies = await send(tmp_path, hop)

    assert b"554-5.7.1 Spam,\r\n554-\r\n554 5.7.1 says the filter" == replies[-1]


PIPELINING = {"EHLO": b"250-hop.example\r\n250 PIPELINING\r\n"}
STRAY_REPLIES = [
    ("connect", b"220 hop.example\r\n250 Ok\r\n"),
    ("EHLO", GOOD_REPLIES["EHLO"] + b"250 Ok\r\n"),
    ("MAIL", b"250 Ok\r\n250 Ok\r\n"),
    ("RCPT", b"250 Ok\r\n250 Ok\r\n"),
    ("DATA", b"354 Go on\r\n250 Ok\r\n"),
    ("DATA", b"250 Ok\r\n"),
    ("DATA", b"250 Ok\r\n354 Go on\r\n"),
    ("data", b"250 Ok\r\n250 Ok\r\n"),
    ("data", b"354 Go on\r\n"),
    ("data", b"Ok\r\n"),
    ("data", b"25\r\n"),
    ("data", b"2500 Ok\r\n"),
    ("data", b"150 Ok\r\n"),
    ("data", b"999 Ok\r\n"),
    ("data", b"250-Ok\r\n251 Ok\r\n"),
    ("data", b"250-" + b"x" * 100_000 + b"\r\n250 Ok\r\n"),
    ("data", b""),
    ("RCPT", b""),
    ("MAIL", b"Ok\r\n"),
    ("RCPT", b"\r\n"),
    ("data", b"250 Ok\r\n550 No\r\n"),
    ("RCPT", b"250 Ok\r\n550 No\r\n"),
    ("RCPT", b"221 Bye\r\n"),
    ("data", b"221 Bye\r\n"),
    ("MAIL", b"221 Bye\r\n"),
    ("EHLO", b"250-hop.example\r\n250 Ok\r\n550 No\r\n"),
]


@pytest.mark.parametrize("is_pipelined", [False, True])
async def test_reply_that_was_not_due_never_makes_a_message_accepted(tmp_path: Path, is_pipelined: bool) -> None:
    async with ScriptedServer(all_connections=True) as hop, running_relay(hop.address, tmp_path) as relay:
        for step, reply in STRAY_REPLIES:
            hop.replies = GOOD_REPLIES | (PIPELINING if is_pipelined else {}) | {step: reply}
            replies = await send_message(relay, is_pipelined=is_pipelined)
            assert replies[-1].startswith((b"451 ", b"503 ")), (step, reply)
        assert [] == relay.events()


async def test_connection_with_a_stray_reply_is_not_used_again(tmp_path: Path) -> None:
    async with (
        ScriptedServer(RCPT=b"250 Ok\r\n250 Ok\r\n") as hop,
        running_relay(hop.address, tmp_path) as relay,
        relay.connection() as client,
    ):
        await client.send(b"EHLO sender.example\r\n")
        await client.send(b"MAIL FROM:<shop@example.com>\r\n")
        assert (await client.send(b"RCPT TO:<anna@example.net>\r\n")).startswith(b"451 ")
        await client.send(b"RSET\r\n")
        await client.begin_data()
        assert await client.send(TEXT + b".\r\n") == b"250 2.0.0 Queued"

    assert 2 == hop.connection_count
    assert [TEXT] == hop.messages


async def test_early_refusal_of_the_data_is_passed_on(tmp_path: Path) -> None:
    async with ScriptedServer(DATA=b"354 Go on\r\n552 5.3.4 Too big\r\n") as hop:
        replies = await send(tmp_path, hop)

    assert b"552 5.3.4 Too big" == replies[-1]


async def test_next_hop_that_shuts_down_after_a_message_has_it(tmp_path: Path) -> None:
    async with (
        ScriptedServer(data=b"250 2.0.0 Queued\r\n421 4.3.2 Shutting down\r\n") as hop,
        running_relay(hop.address, tmp_path) as relay,
        relay.connection() as client,
    ):
        await client.begin_data()
        first = await client.send(TEXT + b".\r\n")
        await client.begin_data()
        second = await client.send(TEXT + b".\r\n")

    assert (b"250 2.0.0 Queued", b"250 2.0.0 Queued") == (first, second)
    assert [TEXT, TEXT] == hop.messages


async def test_ehlo_name_is_the_setting(tmp_path: Path) -> None:
    async with ScriptedServer() as hop:
        await send(tmp_path, hop)

    assert b"EHLO relay.example" == hop.lines[0]


async def test_server_without_ehlo_is_greeted_with_helo(tmp_path: Path) -> None:
    async with ScriptedServer(EHLO=b"502 5.5.1 No\r\n") as hop:
        replies = await send(tmp_path, hop)

    assert b"250 2.0.0 Queued" == replies[-1]
    assert "HELO" in hop.verbs


async def test_client_that_hangs_up_after_the_data_does_not_abort_the_transaction(tmp_path: Path) -> None:
    arrived = asyncio.Event()
    async with Sink(on_message=lambda _: arrived.set()) as sink, running_relay(sink.address, tmp_path) as relay:
        async with relay.connection() as client:
            await client.begin_data()
            client.writer.write(TEXT + b".\r\n")
            await client.writer.drain()
        await arrived.wait()

        async def count_events() -> int:
            return len(relay.events())

        await wait_until(count_events, lambda count: count == 1)
        (sent,) = relay.events()

    assert isinstance(sent, Sent)
    assert [TEXT] == [message.content for message in sink.messages]


async def test_failed_rset_is_not_followed_by_a_message_in_the_old_transaction(tmp_path: Path) -> None:
    for refusal in (b"451 Not now\r\n", b"502 5.5.1 What?\r\n", b""):
        async with (
            ScriptedServer(RSET=refusal) as hop,
            running_relay(hop.address, tmp_path) as relay,
            relay.connection() as client,
        ):
            await client.send(b"EHLO sender.example\r\nMAIL FROM:<a@example.com>\r\n")
            await client.read_reply()
            await client.send(b"RCPT TO:<old@example.net>\r\n")
            assert (await client.send(b"RSET\r\n")).startswith(b"250")
            await client.begin_data()
            assert await client.send(TEXT + b".\r\n") == b"250 2.0.0 Queued"
        assert 2 == hop.connection_count


async def test_empty_keyword_in_ehlo_allows_no_parameter(tmp_path: Path) -> None:
    async with ScriptedServer(EHLO=b"250-hop.example\r\n250-\r\n250- x\r\n250 8BITMIME\r\n") as hop:
        await send(tmp_path, hop, mail=b"MAIL FROM:<shop@example.com> SIZE=12 XYZ=a\r\n")

    assert b"MAIL FROM:<shop@example.com>" in hop.lines


async def test_flood_from_the_next_hop_is_cut_off(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hop.example\r\n")
        await reader.readline()
        writer.write(b"250 hop.example\r\n")
        await reader.readline()
        writer.write(b"250 Ok\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * 100_000)
                await writer.drain()
        closed.set()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running_relay(f"127.0.0.1:{port}", tmp_path) as relay, relay.connection() as client:
        await client.send(b"EHLO sender.example\r\n")
        await client.send(b"MAIL FROM:<a@example.com>\r\n")
        async with asyncio.timeout(TIMEOUT_S):
            await closed.wait()
    server.close()


async def test_refusal_of_a_hop_that_reads_no_more_is_passed_on_at_once(tmp_path: Path) -> None:
    async def refuse_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in (b"220 hop\r\n", b"250 hop\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go on\r\n"):
            writer.write(reply)
            await reader.readline()
        writer.write(b"552 5.3.4 Too big\r\n")
        await finished.wait()
        writer.close()

    finished = asyncio.Event()
    server = await asyncio.start_server(refuse_early, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running_relay(f"127.0.0.1:{port}", tmp_path) as relay:
        data = b"Subject: a\r\n\r\n" + b"x" * 70 * 200_000 + b"\r\n"
        async with relay.connection() as client:
            await client.begin_data()
            assert await client.send(data + b".\r\n") == b"552 5.3.4 Too big"
        finished.set()
    server.close()


class ChunkRecorder(asyncio.Protocol):
    """A next hop that replies to each command, and records what arrives at once."""

    def __init__(self, extension: bytes, chunks: list[bytes]) -> None:
        self.extension = extension
        self.chunks = chunks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 hop.example\r\n")

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)
        for line in data.splitlines():
            if line.startswith(b"EHLO"):
                self.transport.write(b"250-hop\r\n250 %b\r\n" % self.extension)
            else:
                self.transport.write(b"%d %b\r\n" % (550 if line.startswith(b"RCPT TO:<gone") else 250, line[8:]))


RCPT_COMMANDS = [b"RCPT TO:<%b@example.net>\r\n" % name for name in (b"anna", b"gone1", b"ben", b"gone2")]


@pytest.mark.parametrize("extension", [b"PIPELINING", b"HELP"])
async def test_commands_that_arrive_together_are_sent_together_if_the_next_hop_allows_it(
    tmp_path: Path, extension: bytes
) -> None:
    chunks: list[bytes] = []
    server = await asyncio.get_running_loop().create_server(lambda: ChunkRecorder(extension, chunks), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with running_relay(f"127.0.0.1:{port}", tmp_path) as relay, relay.connection() as client:
        await client.send(b"EHLO sender.example\r\n")
        replies = [await client.send(MAIL + b"".join([*RCPT_COMMANDS, b"RCPT TO:\r\n"]))]
        replies += [await client.read_reply() for _ in range(5)]
        late = await client.send(b"RCPT TO:<carla@example.net>\r\n")
    server.close()

    together = [MAIL + b"".join(RCPT_COMMANDS)] if extension == b"PIPELINING" else [MAIL, *RCPT_COMMANDS]
    assert together == chunks[1 : 1 + len(together)]
    assert [250, 250, 550, 250, 550, 501, 250] == [int(reply[:3]) for reply in (*replies, late)]
    assert [b"<anna@example.net>", b"<gone1@example.net>"] == [reply[4:] for reply in replies[1:3]]


async def test_recipients_are_not_sent_after_a_sender_that_is_refused_here(tmp_path: Path) -> None:
    async with ScriptedServer(all_connections=True) as hop, running_relay(hop.address, tmp_path) as relay:
        for mail in (b"MAIL FROM:\r\n", "MAIL FROM:<jürgen@example.com>\r\n".encode()):
            hop.replies = GOOD_REPLIES | PIPELINING
            replies = await send_message(relay, mail=mail, is_pipelined=True)
            assert replies[0].startswith((b"501 ", b"550 "))
            assert replies[1].startswith(b"503 ")

    assert "RCPT" not in hop.verbs


async def test_recipients_after_a_sender_that_the_next_hop_refuses_are_refused(tmp_path: Path) -> None:
    async with (
        ScriptedServer(EHLO=PIPELINING["EHLO"], MAIL=b"550 5.7.1 No\r\n") as hop,
        running_relay(hop.address, tmp_path) as relay,
    ):
        replies = await send_message(relay, is_pipelined=True)
        hop.replies["MAIL"] = GOOD_REPLIES["MAIL"]
        later = await send_message(relay, is_pipelined=True)

    assert [550, 503, 503] == [int(reply[:3]) for reply in replies]
    assert [250, 250, 250] == [int(reply[:3]) for reply in later]
    assert ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"] == list(hop.verbs[:7])


async def test_a_thousand_recipients_are_sent_together(tmp_path: Path) -> None:
    recipients = [f"anna{number}@example.net" for number in range(1_000)]
    async with Sink() as sink, running_relay(sink.address, tmp_path) as relay, relay.connection() as client:
        await client.send(b"EHLO sender.example\r\n")
        commands = [f"RCPT TO:<{recipient}>\r\n".encode() for recipient in (*recipients, "one-more@example.net")]
        client.writer.write(b"".join([MAIL, *commands, b"DATA\r\n", TEXT, b".\r\n"]))
        replies = [await client.read_reply() for _ in range(1_004)]

    assert [250] * 1_001 + [452, 354, 250] == [int(reply[:3]) for reply in replies]
    assert tuple(recipients) == sink.messages[0].recipients


async def test_clients_share_as_many_connections_as_the_settings_allow(tmp_path: Path) -> None:
    settings = "next_hop_connections = 1\nnext_hop_messages = 2"
    async with (
        ScriptedServer() as hop,
        running_relay(hop.address, tmp_path, relay_settings=settings) as relay,
        relay.connection() as first,
        relay.connection() as second,
    ):
        await first.begin_data()
        await second.send(b"EHLO sender.example\r\n")
        second.writer.write(MAIL)  # waits for the connection
        assert await first.send(TEXT + b".\r\n") == b"250 2.0.0 Queued"
        assert (await second.read_reply()).startswith(b"250 ")
        await second.send(b"RCPT TO:<ben@example.net>\r\n")
        await second.send(b"DATA\r\n")
        assert await second.send(TEXT + b".\r\n") == b"250 2.0.0 Queued"
        assert 1 == hop.connection_count
        assert (await send_message(relay))[-1] == b"250 2.0.0 Queued"

    assert 2 == hop.connection_count
    assert ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"] == list(hop.verbs[:8])
