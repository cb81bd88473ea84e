import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clicktrail.server.doctor import relay
from clicktrail.server.doctor.findings import Severity
from clicktrail.server.doctor.relay import check_next_hop
from clicktrail.server.relay.next_hop_session import NextHopConfig
from tests.support.certificates import create_server_context
from tests.support.postfix import postfix
from tests.support.scripted_server import ScriptedServer


def get_port(address: str) -> int:
    return int(address.rpartition(":")[2])


async def find_codes(config: NextHopConfig) -> list[str]:
    findings = await check_next_hop(config)
    assert all(finding.message and finding.hint for finding in findings)
    return [finding.code for finding in findings]


async def test_postfix_that_takes_our_mail_has_no_finding() -> None:
    async with postfix(next_hop_port=1) as address:
        config = NextHopConfig(host="127.0.0.1", port=get_port(address), ehlo_name="mail.example.com")
        assert await find_codes(config) == []


@pytest.mark.parametrize(
    ("main_cf", "config", "expected"),
    [
        ("smtpd_helo_restrictions = reject_non_fqdn_helo_hostname\n", {"ehlo_name": "laptop"}, ["next-hop-ehlo-name"]),
        ("smtpd_discard_ehlo_keywords = 8bitmime\n", {}, ["next-hop-no-8bitmime"]),
        ("smtputf8_enable = no\n", {}, ["next-hop-no-smtputf8"]),
        ("", {"tls": "starttls", "tls_context": ssl.create_default_context()}, ["next-hop-tls"]),
        ("", {"tls": "tls", "tls_context": ssl.create_default_context()}, ["next-hop-tls"]),
        ("", {"username": "shop", "password": "wrong"}, ["next-hop-login"]),
        (
            "smtpd_client_restrictions = reject\nsmtpd_delay_reject = no\n",
            {},
            ["next-hop-refused"],
        ),
    ],
)
async def test_fault_of_postfix_is_named(main_cf: str, config: dict[str, Any], expected: list[str]) -> None:
    async with postfix(next_hop_port=1, main_cf=main_cf) as address:
        assert await find_codes(NextHopConfig(host="127.0.0.1", port=get_port(address), **config)) == expected


@pytest.mark.parametrize(
    ("replies", "config", "expected"),
    [
        ({"EHLO": b"501 bad name\r\n", "HELO": b"501 bad name\r\n"}, {}, "next-hop-ehlo-name"),
        ({"RCPT": b"550 5.7.1 HELO name is invalid\r\n"}, {}, "next-hop-ehlo-name"),
        ({"MAIL": b"530 5.7.0 Authentication required\r\n"}, {}, "next-hop-login-required"),
        ({"AUTH": b"535 5.7.8 Bad credentials\r\n"}, {"username": "shop"}, "next-hop-login"),
        ({"AUTH": b""}, {"username": "shop"}, "next-hop-login"),
        ({"connect": b"554 5.7.1 Go away\r\n"}, {}, "next-hop-refused"),
        ({"connect": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, {}, "next-hop-silent"),
        ({"connect": b""}, {}, "next-hop-silent"),
        ({"MAIL": b""}, {}, "next-hop-unreachable"),
    ],
)
async def test_fault_of_another_server_is_named(replies: dict[str, Any], config: dict[str, Any], expected: str) -> None:
    async with ScriptedServer(all_connections=True, **replies) as server:
        assert await find_codes(NextHopConfig(host="127.0.0.1", port=server.port, **config)) == [expected]


async def test_refusal_of_our_probe_for_another_reason_is_no_finding() -> None:
    async with ScriptedServer(MAIL=b"550 5.7.1 No null senders here\r\n", RCPT=b"550 5.1.1 No such user\r\n") as server:
        assert await find_codes(NextHopConfig(host="127.0.0.1", port=server.port)) == []


async def test_closed_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (finding,) = await check_next_hop(NextHopConfig(host="127.0.0.1", port=port))
    assert (finding.code, finding.severity) == ("next-hop-unreachable", Severity.ERROR)


async def test_server_that_waits_for_tls_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "_TIMEOUT_S", 0.5)
    context, _ = create_server_context(tmp_path)
    async with ScriptedServer(tls=context, is_tls=True) as server:
        assert await find_codes(NextHopConfig(host="127.0.0.1", port=server.port)) == ["next-hop-silent"]


async def test_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    context, authority = create_server_context(tmp_path)
    trusting = ssl.create_default_context(cafile=authority)
    async with ScriptedServer(tls=context, STARTTLS=b"220 Go on\r\n", all_connections=True) as server:
        good = NextHopConfig(host="localhost", port=server.port, tls="starttls", tls_context=trusting)
        assert await find_codes(good) == []
        assert await find_codes(replace(good, tls_context=ssl.create_default_context())) == ["next-hop-certificate"]
        assert await find_codes(replace(good, host="127.0.0.1")) == ["next-hop-certificate"]


async def test_name_without_address_is_named() -> None:
    assert await find_codes(NextHopConfig(host="smtp..example", port=25)) == ["next-hop-name"]


async def test_probe_sends_no_message() -> None:
    async with ScriptedServer() as server:
        await find_codes(NextHopConfig(host="127.0.0.1", port=server.port))
        await server.wait_for(b"QUIT")
    assert list(server.verbs) == ["EHLO", "MAIL", "RCPT", "QUIT"]
