import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clicktrail.demo.sink import Sink
from clicktrail.errors import RelayError
from clicktrail.server.relay.smtp_client import NextHopClient, NextHopConfig
from tests.support.certificates import create_server_context
from tests.support.scripted_server import ScriptedServer
from tests.support.waiting import TIMEOUT_S

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


@pytest.fixture
def unanswered_address() -> Iterator[tuple[str, int]]:
    """An address at which a connection is neither accepted nor refused: the queue of the socket is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


@pytest.fixture
def refusing_address() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address: tuple[str, int] = closed.getsockname()
    return address


@pytest.mark.parametrize("first", ["unanswered_address", "refusing_address"])
async def test_next_address_is_tried(
    sink: Sink, first: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [request.getfixturevalue(first), ("127.0.0.1", sink.port)]

    async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    client = NextHopClient(NextHopConfig(host="hop.example", port=25, connect_timeout_s=0.5))
    async with asyncio.timeout(TIMEOUT_S):  # the kernel gives up later
        await client.mail("shop@example.com", {})
    await client.rcpt("anna@example.net", {})
    await client.data(MESSAGE)

    assert [MESSAGE] == [message.content for message in sink.messages]


async def test_unsupported_options_are_omitted(next_hop: NextHopClient) -> None:
    reply = await next_hop.mail("shop@example.com", {"BODY": "8BITMIME", "SOLICIT": "org.example"})

    assert reply.is_positive


@pytest.mark.parametrize("mode", ["tls", "starttls"])
async def test_connection_is_encrypted(tmp_path: Path, mode: str) -> None:
    context, authority = create_server_context(tmp_path)
    tls = ssl.create_default_context(cafile=str(authority))
    async with ScriptedServer(tls=context, is_tls=mode == "tls", STARTTLS=b"220 Go on\r\n") as server:
        client = NextHopClient(NextHopConfig(host="localhost", port=server.port, tls=mode, tls_context=tls))
        await client.mail("shop@example.com", {})
        await client.close()

    assert (["STARTTLS", "EHLO"] if mode == "starttls" else []) == list(server.verbs[1:-2])
    assert b"MAIL FROM:<shop@example.com>" in server.lines


def build_starttls_client(server: ScriptedServer) -> NextHopClient:
    context = ssl.create_default_context()
    return NextHopClient(NextHopConfig(host="localhost", port=server.port, tls="starttls", tls_context=context))


async def test_untrusted_certificate_is_451(tmp_path: Path) -> None:
    context, _ = create_server_context(tmp_path)
    async with ScriptedServer(tls=context, STARTTLS=b"220 Go on\r\n") as server:
        with pytest.raises(RelayError, match="cannot reach the next hop") as caught:
            await build_starttls_client(server).mail("", {})

    assert 451 == caught.value.reply_code
    assert "MAIL" not in server.verbs


async def test_plain_text_behind_the_reply_to_starttls_is_an_error(tmp_path: Path) -> None:
    context, _ = create_server_context(tmp_path)
    async with ScriptedServer(tls=context, STARTTLS=b"220 Go on\r\n250 Injected\r\n") as server:
        with pytest.raises(RelayError, match="not due"):
            await build_starttls_client(server).mail("", {})


async def test_server_without_starttls_gets_no_message() -> None:
    async with ScriptedServer(STARTTLS=b"502 5.5.1 No\r\n") as server:
        with pytest.raises(RelayError) as caught:
            await build_starttls_client(server).mail("", {})

    assert 451 == caught.value.reply_code
    assert "MAIL" not in server.verbs


@pytest.mark.parametrize("mechanism", ["PLAIN LOGIN", "LOGIN"])
async def test_login(mechanism: str) -> None:
    replies = {"AUTH": b"235 2.7.0 Ok\r\n" if "PLAIN" in mechanism else b"334 VXNlcm5hbWU6\r\n"}
    replies |= {"C2HVCA==": b"334 UGFzc3dvcmQ6\r\n", "CMOKC3M=": b"235 2.7.0 Ok\r\n"}
    extensions = f"250-hop.example\r\n250 AUTH {mechanism}\r\n".encode()
    async with ScriptedServer(EHLO=extensions) as server:
        server.replies |= replies
        client = NextHopClient(NextHopConfig(host="localhost", port=server.port, username="shop", password="päss"))
        await client.mail("", {})
        await client.close()

    plain = [b"AUTH PLAIN AHNob3AAcMOkc3M="]
    login = [b"AUTH LOGIN", b"c2hvcA==", b"cMOkc3M="]
    assert (plain if "PLAIN" in mechanism else login) == server.lines[1:-2]


async def test_refused_login_names_the_settings() -> None:
    async with ScriptedServer(AUTH=b"535 5.7.8 Wrong\r\n") as server:
        client = NextHopClient(NextHopConfig(host="localhost", port=server.port, username="shop", password="wrong"))
        with pytest.raises(RelayError, match=r"refused the login \(535\)") as caught:
            await client.mail("", {})

    assert 451 == caught.value.reply_code
    assert "relay.next_hop_username" in caught.value.hint


@pytest.mark.parametrize(("ehlo_name", "greeting"), [("shop.example", b"EHLO shop.example"), ("", b"EHLO [127.0.0.1]")])
async def test_ehlo_has_a_name_or_the_address(ehlo_name: str, greeting: bytes) -> None:
    async with ScriptedServer() as server:
        client = NextHopClient(NextHopConfig(host="127.0.0.1", port=server.port, ehlo_name=ehlo_name))
        await client.mail("", {})
        await client.close()

    assert greeting == server.lines[0]


async def test_plain_login_that_the_server_asks_for_again() -> None:
    async with ScriptedServer(EHLO=b"250-hop.example\r\n250 AUTH PLAIN\r\n", AUTH=b"334 \r\n") as server:
        server.replies["AHNOB3AACGFZCW=="] = b"235 2.7.0 Ok\r\n"
        client = NextHopClient(NextHopConfig(host="localhost", port=server.port, username="shop", password="pass"))
        await client.mail("", {})
        await client.close()

    assert [b"AUTH PLAIN AHNob3AAcGFzcw==", b"AHNob3AAcGFzcw=="] == server.lines[1:3]
