"""A small DNS on loopback: one server has all zones, and a resolver follows aliases in them."""

import contextlib
import socket
from collections.abc import Iterator

from dnslib import QTYPE, RR, DNSRecord

from tests.support.scripted_dns import Script, scripted_dns, serve

RESOLVER, NAME_SERVER = "127.0.0.1", "127.0.0.2"
_ZONES = """\
$ORIGIN test.
test. 60 IN SOA ns.test. hostmaster.test. 1 60 60 60 60
test. 60 IN NS ns.test.
ns.test. 60 IN A 127.0.0.2
example.test. 60 IN SOA ns.test. hostmaster.test. 1 60 60 60 60
example.test. 60 IN NS ns.test.
"""


@contextlib.contextmanager
def small_dns(records: str, *, resolver_records: str | None = None) -> Iterator[int]:
    """Serve records below example.test. Yields the port of name server and resolver.

    Args:
        records: lines of a zone file.
        resolver_records: what the resolver knows instead.
    """
    port = _pick_port()
    with (
        scripted_dns(serve(_ZONES + records), NAME_SERVER, port),
        scripted_dns(_resolve(_ZONES + (records if resolver_records is None else resolver_records)), RESOLVER, port),
    ):
        yield port


def _resolve(zone_file: str) -> Script:
    answer_one = serve(zone_file, is_authoritative=False)
    records = RR.fromZone(zone_file)

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        reply = answer_one(request, is_tcp)
        if reply is not None and reply.rr and reply.rr[-1].rtype == QTYPE.CNAME != request.q.qtype:
            target = str(reply.rr[-1].rdata.label)
            reply.add_answer(
                *(found for found in records if str(found.rname) == target and found.rtype == request.q.qtype)
            )
        return reply

    return answer


def _pick_port() -> int:
    """A port that is free for UDP and TCP."""
    with (
        socket.create_server((RESOLVER, 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        port: int = listener.getsockname()[1]
        datagrams.bind((RESOLVER, port))
    return port
