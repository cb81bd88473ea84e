"""Ports, certificates, redirects and edges of a tracking domain, probed at real servers on loopback."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.server.domains.web_probe import FindParents, WebProber
from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus, build_report
from clicktrail.server.pipeline.web_checks import check_web
from clicktrail.server.pipeline.web_facts import PortState, WebFacts
from clicktrail.server.system import SystemClock
from clicktrail.tokens import EDGE_PROOF_PATH, SECRET_BYTES, EdgeProof, Key, KeyRing
from tests.support.certificates import Authority
from tests.support.edge import RING

HOST = "links.example.test"
PROOF = EdgeProof(RING)
OTHER_PROOF = EdgeProof(KeyRing([Key(number=0, secret=b"x" * SECRET_BYTES)]))
HOUR = timedelta(hours=1)
BOTH = ("127.0.0.1", "::1")

Respond = Callable[[str, str], str]
"""Returns the response to a path and a host."""


def serve_edge(path: str, host: str) -> str:
    answer = PROOF.answer(host.partition(":")[0], path.removeprefix(EDGE_PROOF_PATH))
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n{answer}" if answer else not_found(path, host)


def not_found(_path: str, _host: str) -> str:
    return "HTTP/1.1 404 Not Found\r\nServer: Apache\r\nContent-Length: 0\r\n\r\n"


def respond_with(head: str) -> Respond:
    return lambda _path, _host: f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n"


@dataclass(kw_only=True)
class Ports:
    """Free ports, on which servers can be started at several addresses."""

    http: int
    https: int
    authority: Authority

    def redirect(self, path: str, _host: str) -> str:
        return f"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://{HOST}:{self.https}{path}\r\n\r\n"

    async def probe(
        self,
        *addresses: str,
        proof: EdgeProof | None = PROOF,
        parents: Mapping[str, Sequence[str]] | None = None,
        ca_file: str | None = None,
    ) -> WebFacts:
        async def find_parents() -> Mapping[str, Sequence[str]]:
            return parents or {}

        find: FindParents = find_parents
        prober = WebProber(
            clock=SystemClock(),
            http_port=self.http,
            https_port=self.https,
            ca_file=str(self.authority.file) if ca_file is None else ca_file,
            timeout_s=2,
        )
        return await prober.probe_web(HOST, addresses or ("127.0.0.1",), proof=proof, find_parents=find)


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
    return Ports(http=free[0], https=free[1], authority=Authority(tmp_path))


@contextlib.asynccontextmanager
async def serving(
    port: int, respond: Respond, *addresses: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            host = next(line.partition(": ")[2] for line in head.splitlines() if line.startswith("Host: "))
            writer.write(respond(head.split(" ")[1], host).encode())
            await writer.drain()
        writer.close()

    async with contextlib.AsyncExitStack() as stack:
        for address in addresses or ("127.0.0.1",):
            server = await asyncio.start_server(
                handle, address, port, ssl=tls, ssl_handshake_timeout=5 if tls else None
            )
            await stack.enter_async_context(server)
        yield


@contextlib.asynccontextmanager
async def healthy_site(
    ports: Ports,
    *addresses: str,
    tls: ssl.SSLContext | None = None,
    plain: Respond | None = None,
    secure: Respond = serve_edge,
) -> AsyncIterator[None]:
    context = tls or ports.authority.create_context(HOST)
    async with (
        serving(ports.http, plain or ports.redirect, *addresses),
        serving(ports.https, secure, *addresses, tls=context),
    ):
        yield


def find_faults(facts: WebFacts, *, esp: str = "") -> list[Check]:
    report = build_report(HOST, check_web(facts, esp=esp))
    faults = [check for check in report.checks if check.status in {CheckStatus.FAIL, CheckStatus.WARN}]
    assert all(fault.cause and fault.fix and fault.found and fault.expected for fault in faults)
    return faults


def expect_fault(facts: WebFacts, code: CheckCode, *, esp: str = "") -> Check:
    (fault,) = find_faults(facts, esp=esp)
    assert fault.code is code
    return fault


async def test_an_edge_with_certificate_and_redirect_passes(ports: Ports) -> None:
    async with healthy_site(ports, *BOTH):
        facts = await ports.probe(*BOTH)
    assert [check.status for check in check_web(facts)] == [CheckStatus.PASS] * 9
    assert facts.certificate_ends_at is not None


@pytest.mark.parametrize("name", ["*.example.test", HOST.upper()])
async def test_a_wildcard_and_a_name_in_upper_case_cover_the_host(ports: Ports, name: str) -> None:
    async with healthy_site(ports, tls=ports.authority.create_context("example.test", name)):
        assert find_faults(await ports.probe()) == []


async def test_nothing_listens_on_port_80(ports: Ports) -> None:
    async with serving(ports.https, serve_edge, tls=ports.authority.create_context(HOST)):
        fault = expect_fault(await ports.probe(), CheckCode.PORT_80_CLOSED)
    assert f"127.0.0.1 refuses connections on port {ports.http}" in fault.cause


async def test_nothing_listens_on_port_443(ports: Ports) -> None:
    async with serving(ports.http, ports.redirect):
        expect_fault(await ports.probe(), CheckCode.PORT_443_CLOSED)


async def test_a_port_that_is_closed_over_ipv6_alone(ports: Ports) -> None:
    async with healthy_site(ports), serving(ports.http, ports.redirect, "::1"):
        fault = expect_fault(await ports.probe(*BOTH), CheckCode.PORT_443_CLOSED)
    assert "Over IPv6, ::1 refuses" in fault.cause


async def test_a_server_that_speaks_no_tls(ports: Ports) -> None:
    async with serving(ports.http, ports.redirect), serving(ports.https, not_found):
        expect_fault(await ports.probe(), CheckCode.CERTIFICATE_MISSING)


async def test_a_server_that_closes_the_connection_during_tls(ports: Ports) -> None:
    async with serving(ports.http, ports.redirect):
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", ports.https)
        async with server:
            expect_fault(await ports.probe(), CheckCode.CERTIFICATE_MISSING)


async def test_a_certificate_of_another_name(ports: Ports) -> None:
    async with healthy_site(ports, tls=ports.authority.create_context("*.sendgrid.test")):
        facts = await ports.probe()
    assert "for *.sendgrid.test" in expect_fault(facts, CheckCode.CERTIFICATE_OF_OTHER_NAME).cause
    assert "at SendGrid" in expect_fault(facts, CheckCode.CERTIFICATE_OF_OTHER_NAME, esp="SendGrid").fix


@pytest.mark.parametrize("name", ["*.test", "*.links.example.test", "example.test", "*ks.example.test"])
async def test_a_name_that_does_not_cover_the_host(ports: Ports, name: str) -> None:
    async with healthy_site(ports, tls=ports.authority.create_context(name)):
        expect_fault(await ports.probe(), CheckCode.CERTIFICATE_OF_OTHER_NAME)


async def test_a_certificate_that_has_ended(ports: Ports) -> None:
    tls = ports.authority.create_context(HOST, starts_in=-2 * HOUR, ends_in=-HOUR)
    async with healthy_site(ports, tls=tls):
        expect_fault(await ports.probe(), CheckCode.CERTIFICATE_EXPIRED)


async def test_a_certificate_that_is_not_valid_yet(ports: Ports) -> None:
    async with healthy_site(ports, tls=ports.authority.create_context(HOST, starts_in=HOUR, ends_in=2 * HOUR)):
        assert "not valid before" in expect_fault(await ports.probe(), CheckCode.CERTIFICATE_EXPIRED).cause


async def test_a_certificate_of_an_unknown_authority(ports: Ports, tmp_path: Path) -> None:
    unknown = Authority(tmp_path, "Unknown authority")
    async with healthy_site(ports, tls=unknown.create_context(HOST)):
        fault = expect_fault(await ports.probe(), CheckCode.CERTIFICATE_CHAIN)
    assert "by Unknown authority is not trusted: unable to get local issuer certificate" in fault.cause


async def test_without_a_file_of_authorities_the_systems_store_is_used(ports: Ports) -> None:
    async with healthy_site(ports):
        expect_fault(await ports.probe(ca_file=""), CheckCode.CERTIFICATE_CHAIN)


async def test_ssl_cert_file_replaces_the_systems_store(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ports.authority.file))
    async with healthy_site(ports):
        assert find_faults(await ports.probe(ca_file="")) == []


HSTS = "200 OK\r\nStrict-Transport-Security: "


@pytest.mark.parametrize(
    ("head", "covers"),
    [
        (HSTS + "max-age=31536000; includeSubDomains; preload", True),
        (HSTS + "max-age=31536000", False),
        (
            "301 Moved\r\nLocation: https://www.test/\r\nStrict-Transport-Security: max-age=9;includeSubDomains",
            True,
        ),
        ("200 OK", False),
    ],
)
async def test_hsts_of_the_parent_takes_the_place_of_the_certificates_code(
    ports: Ports, head: str, covers: bool
) -> None:
    # One server for the parent, another for the host, both on the same port of different addresses.
    parent_tls = ports.authority.create_context("example.test")
    async with (
        serving(ports.http, ports.redirect, "::1"),
        serving(ports.https, serve_edge, "::1", tls=ports.authority.create_context("other.test")),
        serving(ports.https, respond_with(head), "127.0.0.1", tls=parent_tls),
    ):
        facts = await ports.probe("::1", parents={"example.test": ["127.0.0.1"]})
    code = CheckCode.HSTS_OF_PARENT if covers else CheckCode.CERTIFICATE_OF_OTHER_NAME
    assert expect_fault(facts, code).cause.startswith("example.test makes" if covers else HOST)


async def test_browsers_ignore_hsts_of_a_parent_without_a_valid_certificate(ports: Ports) -> None:
    async with (
        serving(ports.http, ports.redirect, "::1"),
        serving(ports.https, not_found, "::1"),
        serving(
            ports.https,
            respond_with(HSTS + "max-age=9; includeSubDomains"),
            tls=ports.authority.create_context("x.test"),
        ),
    ):
        facts = await ports.probe("::1", parents={"example.test": ["127.0.0.1"]})
    expect_fault(facts, CheckCode.CERTIFICATE_MISSING)


async def test_the_www_of_the_registrable_domain_counts(ports: Ports) -> None:
    async with (
        serving(ports.http, ports.redirect, "::1"),
        serving(ports.https, not_found, "::1"),
        serving(
            ports.https,
            respond_with(HSTS + "max-age=9; includeSubDomains"),
            tls=ports.authority.create_context("www.example.test"),
        ),
    ):
        parents = {"example.test": ["127.0.0.1"], "www.example.test": ["127.0.0.1"]}
        facts = await ports.probe("::1", parents=parents)
    assert "www.example.test makes" in expect_fault(facts, CheckCode.HSTS_OF_PARENT).cause


async def test_hsts_of_the_parent_is_no_fault_while_https_works(ports: Ports) -> None:
    async def find_parents() -> Mapping[str, Sequence[str]]:
        raise AssertionError("parents are asked only if HTTPS does not work")

    prober = WebProber(
        clock=SystemClock(), http_port=ports.http, https_port=ports.https, ca_file=str(ports.authority.file)
    )
    async with healthy_site(ports):
        facts = await prober.probe_web(HOST, ["127.0.0.1"], proof=PROOF, find_parents=find_parents)
    assert find_faults(facts) == []


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("404 Not Found\r\nServer: Apache", "answered 404 by Apache"),
        ("200 OK", "answered 200"),
        ("421 Misdirected Request", "does not serve the host"),
        ("502 Bad Gateway\r\nServer: Caddy", "reaches no edge"),
    ],
)
async def test_a_server_that_is_not_our_edge(ports: Ports, head: str, words: str) -> None:
    async with healthy_site(ports, secure=respond_with(head)):
        fault = expect_fault(await ports.probe(), CheckCode.NOT_OUR_EDGE)
    assert words in fault.cause


async def test_an_edge_with_another_key_ring(ports: Ports) -> None:
    async with healthy_site(ports):
        expect_fault(await ports.probe(proof=OTHER_PROOF), CheckCode.NOT_OUR_EDGE)


async def test_a_foreign_server_over_ipv6_alone_is_named_by_its_family(ports: Ports) -> None:
    tls = ports.authority.create_context(HOST)
    async with (
        healthy_site(ports, tls=tls),
        serving(ports.http, ports.redirect, "::1"),
        serving(ports.https, not_found, "::1", tls=tls),
    ):
        fault = expect_fault(await ports.probe(*BOTH), CheckCode.NOT_OUR_EDGE)
    assert fault.cause.startswith("Over IPv6")
    assert "AAAA record" in fault.fix


async def test_an_esps_server_does_not_have_to_be_our_edge(ports: Ports) -> None:
    async with healthy_site(ports, secure=not_found):
        facts = await ports.probe(proof=None)
    assert facts.path == "/"
    assert find_faults(facts, esp="SendGrid") == []
    assert CheckCode.NOT_OUR_EDGE not in {check.code for check in check_web(facts, esp="SendGrid")}


@pytest.mark.parametrize(
    "head",
    [
        "200 OK",
        "404 Not Found",
        "302 Found",
        "301 Moved\r\nLocation: http://links.example.test/",
        "301 Moved\r\nLocation: https://www.example.test/",
        "301 Moved\r\nLocation: https://links.example.test:{https}/",
        "301 Moved\r\nLocation: /elsewhere",
        "301 Moved\r\nLocation: https://[",
    ],
)
async def test_no_redirect_to_the_same_link_with_https_is_a_warning(ports: Ports, head: str) -> None:
    async with healthy_site(ports, plain=respond_with(head.format(https=ports.https))):
        fault = expect_fault(await ports.probe(), CheckCode.HTTPS_REDIRECT_MISSING)
    assert fault.status is CheckStatus.WARN


async def test_a_server_on_port_80_that_answers_no_http(ports: Ports) -> None:
    async with healthy_site(ports, plain=lambda _path, _host: "SSH-2.0-OpenSSH\r\n"):
        fault = expect_fault(await ports.probe(), CheckCode.HTTPS_REDIRECT_MISSING)
    assert "not HTTP" in fault.found


async def test_silent_servers_end_the_probe(ports: Ports) -> None:
    async def wait_for_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()
        await writer.wait_closed()

    async with (
        asyncio.timeout(25),
        await asyncio.start_server(wait_for_the_end, "127.0.0.1", ports.http),
        await asyncio.start_server(wait_for_the_end, "127.0.0.1", ports.https),
    ):
        facts = await ports.probe()
    expect_fault(facts, CheckCode.CERTIFICATE_MISSING)


async def test_an_endless_answer_ends_the_probe(ports: Ports) -> None:
    async with healthy_site(ports, secure=lambda _path, _host: "HTTP/1.1 200 OK\r\n\r\n" + "x" * 10**6):
        expect_fault(await ports.probe(), CheckCode.NOT_OUR_EDGE)


async def test_an_address_without_a_route_is_not_judged(ports: Ports) -> None:
    async with healthy_site(ports):
        facts = await ports.probe()
    (v4,) = facts.addresses
    v6 = replace(v4, address="2001:db8::1", http=PortState.NO_ROUTE, https=PortState.NO_ROUTE, certificate=None)
    facts = replace(facts, addresses=(v4, v6))
    assert find_faults(facts) == []
    assert "2001:db8::1" in check_web(facts)[0].found
    only_v6 = replace(facts, addresses=(v6,))
    assert "with IPv6" in expect_fault(only_v6, CheckCode.PORT_80_CLOSED).fix


async def test_without_addresses_there_is_nothing_to_check(ports: Ports) -> None:
    facts = await ports.probe()
    assert check_web(replace(facts, addresses=())) == []
