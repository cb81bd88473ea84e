"""One network of name servers and resolvers for all tests of this folder."""

import contextlib
from collections.abc import Iterator
from threading import Event

import pytest
from dnslib import QTYPE, RCODE, RR, A, DNSRecord

from tests.server.domains.zones import (
    CAA_REFUSING,
    CAA_SILENT,
    CHANGING,
    CNAME_TO_EDGE,
    FAULTY,
    FOREIGN_IDS,
    HEALTHY,
    LAME,
    LIAR,
    REFUSING,
    SCRIPTED,
    SECOND_SCRIPTED,
    SERVFAIL,
    SILENT,
    SLOW,
    SLOW_RESOLVER,
    TRUNCATING,
    TRUNCATING_TCP,
    WITHOUT_PARENTS,
)
from tests.support.dns_network import RESOLVER, DnsNetwork, dns_network, pick_port
from tests.support.scripted_dns import Script, delay, ignore, refuse, scripted_dns, serve, stay_silent, truncate

_ALL_TYPES = frozenset(range(65_536))


def _zone(name: str, records: str) -> str:
    start = f"$ORIGIN {name}.\n$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\n"
    return start + "".join(line.replace(" ", " IN ", 1) + "\n" for line in records.splitlines())


_BROKEN = "".join(
    _zone(name, records)
    for name, records in {
        "apexcname.test": "@ CNAME edge.own.test.",
        "beside.test": f"{CNAME_TO_EDGE}\nlinks TXT google-site-verification=1",
        "besidea.test": f"{CNAME_TO_EDGE}\nlinks A 192.0.2.10",
        "two.test": f"{CNAME_TO_EDGE}\nlinks CNAME shop.example.net.",
    }.items()
)
_OLD = "links A 203.0.113.9"
_DIFFERENT = _zone("differ.test", _OLD) + _zone("differ2.test", _OLD)


def _lie(request: DNSRecord, _is_tcp: bool) -> DNSRecord:
    reply = request.reply()
    if request.q.qtype == QTYPE.A:
        reply.add_answer(RR(request.q.qname, rdata=A("203.0.113.66"), ttl=600))
    return reply


def _change_with(event: Event) -> Script:
    """Serve the zone ``created.test`` without its record until an event."""
    start = "$ORIGIN created.test.\n@ 600 IN SOA ns1 hostmaster 1 3600 600 86400 600\n"
    before, after = serve(start), serve(f"{start}links 300 IN CNAME edge.own.test.\n")

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        script = after if event.is_set() else before
        return script(request, is_tcp)

    return answer


def _forward_to(port: int) -> Script:
    return lambda request, is_tcp: DNSRecord.parse(request.send(RESOLVER, port, tcp=is_tcp, timeout=5))


def _forward_without_parents(port: int) -> Script:
    """A resolver that finds neither the root's nor the top-level domain's name servers."""
    forward, fail = _forward_to(port), refuse(RCODE.SERVFAIL, stay_silent, types=_ALL_TYPES)

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        script = fail if str(request.q.qname) in {".", "test."} else forward
        return script(request, is_tcp)

    return answer


def _answer_with_foreign_id(request: DNSRecord, _is_tcp: bool) -> DNSRecord:
    reply = request.reply()
    reply.header.id ^= 1
    return reply


@pytest.fixture(scope="session")
def record_created() -> Event:
    """Set it to create the record of ``links.created.test``."""
    return Event()


@pytest.fixture(scope="session")
def network(record_created: Event) -> Iterator[DnsNetwork]:
    port = pick_port()
    names = ("tcp.test", "slow.test", "truncated.test", "caarefused.test", "caasilent.test")
    links = {name: serve(_zone(name, CNAME_TO_EDGE)) for name in names}
    scripts: dict[str, Script] = {
        SCRIPTED: serve(_BROKEN),
        SECOND_SCRIPTED: serve(_DIFFERENT),
        LAME: serve(_zone("notauth.test", CNAME_TO_EDGE), is_authoritative=False),
        SILENT: stay_silent,
        SLOW: delay(links["slow.test"], 0.5),
        TRUNCATING: truncate(links["truncated.test"], over_tcp=False),
        TRUNCATING_TCP: truncate(links["tcp.test"], over_tcp=True),
        LIAR: _lie,
        CAA_REFUSING: refuse(RCODE.SERVFAIL, links["caarefused.test"], types=frozenset({QTYPE.CAA})),
        CAA_SILENT: ignore(links["caasilent.test"], types=frozenset({QTYPE.CAA})),
        REFUSING: refuse(RCODE.REFUSED, stay_silent, types=_ALL_TYPES),
        SERVFAIL: refuse(RCODE.SERVFAIL, stay_silent, types=_ALL_TYPES),
        CHANGING: _change_with(record_created),
        SLOW_RESOLVER: delay(_forward_to(port), 0.7),
        WITHOUT_PARENTS: _forward_without_parents(port),
        FOREIGN_IDS: _answer_with_foreign_id,
    }
    with contextlib.ExitStack() as stack:
        for address, script in scripts.items():
            stack.enter_context(scripted_dns(script, address, port))
        old = [
            "links.late.test. 2520 IN A 203.0.113.9",
            "links.differ2.test. 300 IN A 192.0.2.10",
            "links.gonewrong.test. 300 IN A 192.0.2.10",
        ]
        yield stack.enter_context(dns_network(HEALTHY | FAULTY, port=port, absent=["absent.test"], local_data=old))
