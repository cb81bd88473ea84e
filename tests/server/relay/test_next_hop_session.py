import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clicktrail.demo.sink import Sink
from clicktrail.errors import RelayError
from clicktrail.server.relay.next_hop_session import NextHopConfig, NextHopSession
from tests.support.certificates import create_server_context
from tests.support.scripted_server import ScriptedServer
from tests.support.waiting import TIMEOUT_S


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink


async def test_unreachable_server_is_451(sink: Sink) -> None:
    port = sink.port
    await sink.__aexit__(None, None, None)

    with pytest.raises(RelayError, match="cannot reach the next hop") as caught:
        await NextHopSession.open(NextHopConfig(host="127.0.0.1", port=port))

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
    async with asyncio.timeout(TIMEOUT_S):  # the kernel gives up later
        session = await NextHopSession.open(NextHopConfig(host="hop.example", port=25, connect_timeout_s=0.5))

    assert (await session.exchange(b"NOOP\r\n")).is_positive


@pytest.mark.parametrize("mode", ["tls", "starttls"])
async def test_connection_is_encrypted(tmp_path: Path, mode: str) -> None:
    context, authority = create_server_context(tmp_path)
    tls = ssl.create_default_context(cafile=str(authority))
    async with ScriptedServer(tls=context, is_tls=mode == "tls", STARTTLS=b"220 Go on\r\n") as server:
        session = await NextHopSession.open(
            NextHopConfig(host="localhost", port=server.port, tls=mode, tls_context=tls)
        )
        assert (await session.exchange(b"NOOP\r\n")).code == 502

    assert ["EHLO", *(["STARTTLS", "EHLO"] if mode == "starttls" else []), "NOOP"] == list(server.verbs)


async def open_with_starttls(server: ScriptedServer) -> NextHopSession:
    context = ssl.create_default_context()
    return await NextHopSession.open(
        NextHopConfig(host="localhost", port=server.port, tls="starttls", tls_context=context)
    )


async def test_untrusted_certificate_is_451(tmp_path: Path) -> None:
    context, _ = create_server_context(tmp_path)
    async with ScriptedServer(tls=context, STARTTLS=b"220 Go on\r\n") as server:
        with pytest.raises(RelayError, match="cannot reach the next hop") as caught:
            await open_with_starttls(server)

    assert 451 == caught.value.reply_code


async def test_plain_text_behind_the_reply_to_starttls_is_an_error(tmp_path: Path) -> None:
    context, _ = create_server_context(tmp_path)
    async with ScriptedServer(tls=context, STARTTLS=b"220 Go on\r\n250 Injected\r\n") as server:
        with pytest.raises(RelayError, match="not due"):
            await open_with_starttls(server)


async def test_server_without_starttls_is_not_used() -> None:
    async with ScriptedServer(STARTTLS=b"502 5.5.1 No\r\n") as server:
        with pytest.raises(RelayError) as caught:
            await open_with_starttls(server)

    assert 451 == caught.value.reply_code


@pytest.mark.parametrize("mechanism", ["PLAIN LOGIN", "LOGIN"])
async def test_login(mechanism: str) -> None:
    replies = {"AUTH": b"235 2.7.0 Ok\r\n" if "PLAIN" in mechanism else b"334 VXNlcm5hbWU6\r\n"}
    replies |= {"C2HVCA==": b"334 UGFzc3dvcmQ6\r\n", "CMOKC3M=": b"235 2.7.0 Ok\r\n"}
    extensions = f"250-hop.example\r\n250 AUTH {mechanism}\r\n".encode()
    async with ScriptedServer(EHLO=extensions) as server:
        server.replies |= replies
        config = NextHopConfig(host="localhost", port=server.port, username="shop", password="päss")
        await NextHopSession.open(config)

    plain = [b"AUTH PLAIN AHNob3AAcMOkc3M="]
    login = [b"AUTH LOGIN", b"c2hvcA==", b"cMOkc3M="]
    assert (plain if "PLAIN" in mechanism else login) == server.lines[1:]


async def test_refused_login_names_the_settings() -> None:
    async with ScriptedServer(AUTH=b"535 5.7.8 Wrong\r\n") as server:
        config = NextHopConfig(host="localhost", port=server.port, username="shop", password="wrong")
        with pytest.raises(RelayError, match=r"refused the login \(535\)") as caught:
            await NextHopSession.open(config)

    assert 451 == caught.value.reply_code
    assert "relay.next_hop_username" in caught.value.hint


@pytest.mark.parametrize(("ehlo_name", "greeting"), [("shop.example", b"EHLO shop.example"), ("", b"EHLO [127.0.0.1]")])
async def test_ehlo_has_a_name_or_the_address(ehlo_name: str, greeting: bytes) -> None:
    async with ScriptedServer() as server:
        config = NextHopConfig(host="127.0.0.1", port=server.port, ehlo_name=ehlo_name)
        await NextHopSession.open(config)

    assert greeting == server.lines[0]


async def test_plain_login_that_the_server_asks_for_again() -> None:
    async with ScriptedServer(EHLO=b"250-hop.example\r\n250 AUTH PLAIN\r\n", AUTH=b"334 \r\n") as server:
        server.replies["AHNOB3AACGFZCW=="] = b"235 2.7.0 Ok\r\n"
        config = NextHopConfig(host="localhost", port=server.port, username="shop", password="pass")
        await NextHopSession.open(config)

    assert [b"AUTH PLAIN AHNob3AAcGFzcw==", b"AHNob3AAcGFzcw=="] == server.lines[1:3]
