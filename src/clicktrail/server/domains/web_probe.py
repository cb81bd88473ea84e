"""Probe the web ports of a tracking domain: TCP, certificate, redirect, and whether our own edge answers.

Connections go to the addresses that are given, never to what the system's resolver says. All addresses are probed at
the same time, and each step has its own timeout, so that the whole takes less than 30 s with any server.
"""

import asyncio
import contextlib
import errno
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from clicktrail.server.domains.http_exchange import exchange
from clicktrail.server.pipeline.hsts import covers_subdomains
from clicktrail.server.pipeline.web_checks import has_certificate_fault
from clicktrail.server.pipeline.web_facts import AddressFacts, Certificate, HttpAnswer, PortState, WebFacts
from clicktrail.server.ports import Clock
from clicktrail.tokens import EDGE_PROOF_PATH, NONCE_BYTES, EdgeProof

MAX_ADDRESSES: Final = 8
"""Addresses of each family that are probed."""

MAX_STEPS: Final = 9
"""Steps that can follow each other: four for a host without a valid certificate, five for its parent (two look-ups)."""

_TIMEOUT_S: Final = 3.0
"""For each step."""
_PROXY_WAIT_S: Final = 5.0
"""Our own proxy waits this long for an edge that restarts, before it answers with 502."""
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_HTTP_PORT: Final = 80
_HTTPS_PORT: Final = 443

Addresses = Mapping[str, Sequence[str]]
"""IP addresses by host."""
FindParents = Callable[[], Awaitable[Addresses]]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebProber:
    """Probes the web ports of hosts.

    Attributes:
        clock: for the time of the probe.
        http_port: where plain HTTP is expected.
        https_port: where HTTPS is expected.
        ca_file: file with the authorities' certificates in place of the system's store; empty for that.
        timeout_s: for each step.
    """

    clock: Clock
    http_port: int = _HTTP_PORT
    https_port: int = _HTTPS_PORT
    ca_file: str = ""
    timeout_s: float = _TIMEOUT_S

    async def probe_web(
        self, host: str, addresses: Sequence[str], *, proof: EdgeProof | None, find_parents: FindParents
    ) -> WebFacts:
        """Probe every address of a host.

        Args:
            host: lower case, ASCII form, without the last dot.
            addresses: its IP addresses; of each family the first `MAX_ADDRESSES` are probed.
            proof: makes the challenge that only our edge can answer; None for the host of an ESP.
            find_parents: looks up the addresses of the registrable domain and its ``www``. Only called if the host has
                no valid certificate.
        """
        challenge = _Challenge(proof, host) if proof else None
        path = f"{EDGE_PROOF_PATH}{challenge.text}" if challenge else "/"
        found = await asyncio.gather(
            *(self._probe_address(host, address, path, challenge) for address in _select_addresses(addresses))
        )
        facts = WebFacts(
            host=host,
            http_port=self.http_port,
            https_port=self.https_port,
            path=path,
            probed_at=self.clock.now(),
            addresses=tuple(found),
        )
        if not has_certificate_fault(facts):
            return facts
        return replace(facts, hsts_parent=await self._find_hsts_parent(await find_parents()))

    async def _probe_address(self, host: str, address: str, path: str, challenge: "_Challenge | None") -> AddressFacts:
        plain, secure = await asyncio.gather(
            self._probe_http(host, address, path), self._probe_https(host, address, path, challenge)
        )
        return replace(secure, http=plain.http, plain=plain.plain)

    async def _probe_http(self, host: str, address: str, path: str) -> AddressFacts:
        facts = AddressFacts(address=address, http=PortState.OPEN, https=PortState.OPEN)
        state, stream = await self._connect(address, self.http_port)
        if stream is None:
            return replace(facts, http=state)
        async with _closing(stream):
            answer, _ = await self._request(stream, _add_port(host, self.http_port, _HTTP_PORT), path)
        return replace(facts, plain=answer)

    async def _probe_https(self, host: str, address: str, path: str, challenge: "_Challenge | None") -> AddressFacts:
        facts = AddressFacts(address=address, http=PortState.OPEN, https=PortState.OPEN)
        state, stream = await self._connect(address, self.https_port)
        if stream is None:
            return replace(facts, https=state)
        async with _closing(stream):
            try:
                certificate = await self._start_tls(stream, host, self._create_context())
            except ssl.SSLCertVerificationError as error:
                return await self._read_untrusted(facts, host, error.verify_message)
            except OSError as error:
                return replace(facts, tls_error=_describe_tls_error(error))
            facts = replace(facts, certificate=certificate)
            if challenge is None:
                return facts
            answer, body = await self._request(stream, _add_port(host, self.https_port, _HTTPS_PORT), path)
            return replace(facts, proof=answer, is_our_edge=challenge.is_answered_by(body))

    async def _read_untrusted(self, facts: AddressFacts, host: str, chain_error: str) -> AddressFacts:
        """Read a certificate that the system's store does not trust."""
        state, stream = await self._connect(facts.address, self.https_port)
        if stream is None:
            return replace(facts, https=state)
        async with _closing(stream):
            context = self._create_context()
            context.verify_mode = ssl.CERT_NONE
            try:
                certificate = await self._start_tls(stream, host, context)
            except OSError as error:
                return replace(facts, tls_error=_describe_tls_error(error))
        return replace(facts, certificate=replace(certificate, chain_error=chain_error))

    async def _find_hsts_parent(self, parents: Addresses) -> str:
        """The first parent whose HSTS covers the names below it. Browsers obey only over valid HTTPS (RFC 6797 8.1)."""
        answers = await asyncio.gather(*(self._covers_subdomains(host, parents[host]) for host in parents))
        return next((host for host, covers in zip(parents, answers, strict=True) if covers), "")

    async def _covers_subdomains(self, host: str, addresses: Sequence[str]) -> bool:
        for address in _select_addresses(addresses)[:1]:
            _, stream = await self._connect(address, self.https_port)
            if stream is None:
                continue
            context = self._create_context()
            context.check_hostname = True
            async with _closing(stream):
                with contextlib.suppress(OSError):
                    await self._start_tls(stream, host, context)
                    name = _add_port(host, self.https_port, _HTTPS_PORT)
                    response = await exchange(*stream, host=name, path="/", timeout_s=self.timeout_s)
                    return covers_subdomains(response.headers.get("strict-transport-security", ""))
        return False

    async def _connect(self, address: str, port: int) -> tuple[PortState, Stream | None]:
        try:
            async with asyncio.timeout(self.timeout_s):
                return PortState.OPEN, await asyncio.open_connection(address, port)
        except ConnectionRefusedError:
            return PortState.REFUSED, None
        except OSError as error:  # also TimeoutError
            return PortState.NO_ROUTE if error.errno in _NO_ROUTE else PortState.SILENT, None

    async def _request(self, stream: Stream, host: str, path: str) -> tuple[HttpAnswer, bytes]:
        try:
            response = await exchange(*stream, host=host, path=path, timeout_s=self.timeout_s + _PROXY_WAIT_S)
        except OSError as error:
            return HttpAnswer(error=str(error) or type(error).__name__), b""
        return response.answer, response.body

    async def _start_tls(self, stream: Stream, host: str, context: ssl.SSLContext) -> Certificate:
        _, writer = stream
        await writer.start_tls(context, server_hostname=host, ssl_handshake_timeout=self.timeout_s)
        encoded = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return _parse_certificate(encoded)

    def _create_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # names are a check of their own
        if ca_file := self.ca_file or _find_replaced_store():
            context.load_verify_locations(ca_file)
        else:
            context.load_default_certs()
        return context


def _find_replaced_store() -> str:
    """File that ``SSL_CERT_FILE`` names; empty if it names none. OpenSSL would also trust the system's folder."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile if paths.cafile and paths.cafile != paths.openssl_cafile else ""


class _Challenge:
    def __init__(self, proof: EdgeProof, host: str) -> None:
        self._proof = proof
        self._host = host
        self.text = proof.seal_challenge(host, secrets.token_bytes(NONCE_BYTES))

    def is_answered_by(self, body: bytes) -> bool:
        return self._proof.is_answer(body.decode("latin-1").strip(), host=self._host, challenge=self.text)


@contextlib.asynccontextmanager
async def _closing(stream: Stream) -> AsyncIterator[None]:
    """Close the connection at once: a server that does not answer the end of TLS must not delay the probe."""
    try:
        yield
    finally:
        stream[1].transport.abort()


def _select_addresses(addresses: Sequence[str]) -> list[str]:
    v4 = [address for address in addresses if ":" not in address]
    v6 = [address for address in addresses if ":" in address]
    return v4[:MAX_ADDRESSES] + v6[:MAX_ADDRESSES]


def _add_port(host: str, port: int, default: int) -> str:
    return host if port == default else f"{host}:{port}"


def _describe_tls_error(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").lower().replace("_", " ")
    return str(error) or "the connection was closed"


def _parse_certificate(encoded: bytes) -> Certificate:
    """Parse a certificate.

    Raises:
        OSError: it cannot be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(encoded)
        return Certificate(
            names=_list_names(certificate),
            issuer=_name_issuer(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise OSError("the certificate cannot be read") from error


def _list_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))


def _name_issuer(certificate: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if attributes := certificate.issuer.get_attributes_for_oid(kind):
            return str(attributes[0].value)
    return ""
