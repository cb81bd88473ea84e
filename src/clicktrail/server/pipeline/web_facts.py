"""What a probe of a tracking domain's ports found at each of its addresses; `web_checks` judges it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class PortState(Enum):
    """Result of connecting to a TCP port."""

    OPEN = "open"
    REFUSED = "refused"
    """Nothing listens."""
    SILENT = "silent"
    """No answer in time, or a firewall on the way refused."""
    NO_ROUTE = "no route"
    """This machine cannot send to the address at all, as without IPv6: nothing is known of the port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The certificate that a server sent.

    Attributes:
        names: DNS names in its subjectAltName, lower case.
        issuer: common name or organisation of the issuer.
        chain_error: why the chain does not lead to a trusted root; empty if it does.
    """

    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    chain_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """The answer to one request.

    Attributes:
        status: 0 without an answer that is HTTP.
        location: where a redirect leads.
        server: value of ``Server``.
        error: why there is no answer.
    """

    status: int = 0
    location: str = ""
    server: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFacts:
    """One address of the host.

    Attributes:
        tls_error: why there is no TLS connection; empty if there is one, or port 443 is not open.
        certificate: None without a TLS connection.
        plain: answer over plain HTTP; None if port 80 is not open.
        proof: answer over HTTPS to a challenge that only our edge can answer; None if it was not sent.
        is_our_edge: whether that answer is the right one.
    """

    address: str
    http: PortState
    https: PortState
    tls_error: str = ""
    certificate: Certificate | None = None
    plain: HttpAnswer | None = None
    proof: HttpAnswer | None = None
    is_our_edge: bool = False

    @property
    def family(self) -> str:
        """``IPv4`` or ``IPv6``."""
        return "IPv6" if ":" in self.address else "IPv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFacts:
    """All that was found of one host.

    Attributes:
        host: lower case, ASCII form, without the last dot.
        path: the path that was requested over plain HTTP.
        probed_at: aware.
        hsts_parent: the registrable domain or its ``www`` that sends HSTS with includeSubDomains; empty if none does,
            or if it was not asked, because HTTPS to the host works.
    """

    host: str
    http_port: int
    https_port: int
    path: str
    probed_at: datetime
    addresses: tuple[AddressFacts, ...]
    hsts_parent: str = ""

    @property
    def certificate_ends_at(self) -> datetime | None:
        """When the first of the certificates ends; None if there is none."""
        return min((facts.certificate.not_after for facts in self.addresses if facts.certificate), default=None)
