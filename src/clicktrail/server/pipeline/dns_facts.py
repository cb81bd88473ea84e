"""What a DNS probe found out about a tracking domain, before anything is concluded from it.

Host names are in lower case, ASCII, without the last dot. Characters in them that are not printable are escaped.
"""

from dataclasses import dataclass
from enum import StrEnum

from clicktrail.server.pipeline.request import IPAddress


class ServerState(StrEnum):
    """How a name server behaves when it is asked for a name of the zone that the parent delegates to it."""

    ANSWERS = "answers"
    REFUSES = "refuses"
    NOT_AUTHORITATIVE = "is not authoritative"
    SILENT = "does not answer"
    NO_ADDRESS = "has no address"
    UNREACHABLE = "cannot be reached from this machine"
    """Such as an IPv6 address, on a machine without IPv6. It proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAnswer:
    """What one server says about a name.

    Attributes:
        rcode: such as ``NOERROR`` or ``NXDOMAIN``.
        aliases: CNAME records of the name itself; more than one is against the standard.
        chain: names behind the alias, the alias first, as far as they could be followed.
        addresses: of the name, or of the end of its chain.
        ttl_s: seconds that the answer may be cached for. From a resolver: that it will still be cached for.
    """

    rcode: str = "NOERROR"
    aliases: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    addresses: frozenset[IPAddress] = frozenset()
    ttl_s: int = 0

    @property
    def has_records(self) -> bool:
        """Whether the name has an alias or addresses of its own."""
        return bool(self.own_records)

    @property
    def own_records(self) -> tuple[str, ...] | frozenset[IPAddress]:
        """The name's own aliases, else its addresses."""
        return self.aliases or self.addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """A name server that the parent delegates the host's zone to.

    Attributes:
        detail: how it refuses, such as ``REFUSED``; what it does instead of answering; else empty.
        answer: what it says about the host, if it answers.
        caa_failure: why it has no answer to a CAA query, such as ``SERVFAIL``; empty if it has one.
    """

    name: str
    address: str
    state: ServerState
    detail: str = ""
    answer: HostAnswer | None = None
    caa_failure: str = ""

    def __str__(self) -> str:
        """Name and address, for people."""
        return f"{self.name} ({self.address})" if self.address else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverAnswer:
    """What a resolver says about the host. Silent resolvers and those that refuse us are left out."""

    resolver: str
    answer: HostAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class DnssecFault:
    """Validation fails: a resolver answers SERVFAIL, and answers the same query without validation.

    Attributes:
        name: the name whose look-up fails: the host, or a name behind its alias.
        reason: the resolver's extended error (RFC 8914), such as ``DNSKEY Missing (9)``; empty if it sends none.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaRecord:
    """A CAA record (RFC 8659 section 4.1)."""

    flags: int
    tag: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaSet:
    """The CAA records that apply to the host, and the name that has them: itself, its alias's target, or a parent."""

    name: str
    records: tuple[CaaRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsFacts:
    """Everything that a DNS probe found out about a host.

    Attributes:
        zone: zone that the host is in; empty if none was found.
        public_suffix: public suffix of the host, such as ``co.uk``.
        missing_at_parent: name server of the public suffix that says that the name does not exist; empty if none does.
        are_resolvers_silent: no resolver answered, so nothing could be found out.
        servers: name servers of the zone.
        types_beside_alias: types of records that the host has beside a CNAME.
        wildcard: answer for a name beside the host that no one has created.
        doubled: a name that has the record, one level too deep, such as ``links.example.com.example.com``.
        target_addresses: addresses that are right for the host.
        resolvers: what resolvers say.
        caa: CAA records that apply; None if there are none.
        caa_failure: where the look-up of CAA records failed, and how; empty if it did not.
        challenge_texts: TXT records at ``_acme-challenge.HOST``.
        challenge_aliases: CNAME targets of it.
    """

    host: str
    zone: str = ""
    public_suffix: str = ""
    missing_at_parent: str = ""
    are_resolvers_silent: bool = False
    servers: tuple[NameServer, ...] = ()
    types_beside_alias: tuple[str, ...] = ()
    wildcard: HostAnswer | None = None
    doubled: str = ""
    target_addresses: frozenset[IPAddress] = frozenset()
    resolvers: tuple[ResolverAnswer, ...] = ()
    dnssec: DnssecFault | None = None
    caa: CaaSet | None = None
    caa_failure: str = ""
    challenge_texts: tuple[str, ...] = ()
    challenge_aliases: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[HostAnswer, ...]:
        """What the zone's own servers say, one answer for each server that answers."""
        return tuple(server.answer for server in self.servers if server.answer)

    @property
    def addresses(self) -> frozenset[IPAddress]:
        """Where the host's readers should arrive: those of its addresses that are right, else all of them."""
        found = frozenset[IPAddress]().union(*(answer.addresses for answer in self.answers))
        return found & self.target_addresses or found
