"""Name servers and resolvers that do what real servers refuse to do: lie, stall, truncate, or serve broken zones."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from dnslib import QTYPE, RCODE, RR, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

Script = Callable[[DNSRecord, bool], DNSRecord | None]
"""Answers a query, which came over TCP or not; None for no answer."""


_MAX_UDP_RECORDS = 20
_POLL_INTERVAL_S = 0.05
"""How long the end of a server takes."""


class _Resolver(BaseResolver):  # type: ignore[misc]
    def __init__(self, script: Script) -> None:
        self._script = script

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        reply = self._script(request, handler.protocol == "tcp")
        if reply is None:
            raise DNSError("no answer")
        return reply


@contextlib.contextmanager
def scripted_dns(script: Script, address: str, port: int) -> Iterator[None]:
    """Run a script over UDP and TCP."""
    logger = DNSLogger("-recv,-send,-request,-reply,-truncated,-error,-data", prefix=False)
    servers = [
        DNSServer(_Resolver(script), address=address, port=port, tcp=tcp, logger=logger) for tcp in (False, True)
    ]
    for server in servers:
        threading.Thread(target=server.server.serve_forever, args=(_POLL_INTERVAL_S,), daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.stop()
            server.server.server_close()


def serve(zone_file: str, *, is_authoritative: bool = True) -> Script:
    """Serve records without any check: for each name those of the type, else its CNAME, else nothing."""
    by_name: dict[str, list[RR]] = {}
    for record in RR.fromZone(zone_file):
        by_name.setdefault(str(record.rname).lower(), []).append(record)
    starts = {name: found for name, records in by_name.items() for found in records if found.rtype == QTYPE.SOA}

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord:
        reply = request.reply(aa=int(is_authoritative))
        name = str(request.q.qname).lower()
        own = by_name.get(name, [])
        of_type = [record for record in own if request.q.qtype in {record.rtype, QTYPE.ANY}]
        reply.add_answer(*(of_type or [record for record in own if record.rtype == QTYPE.CNAME]))
        zone = max((zone for zone in starts if f".{name}".endswith(f".{zone}")), key=len, default=None)
        if not reply.rr and zone:
            reply.add_auth(starts[zone])
            reply.header.rcode = RCODE.NOERROR if own else RCODE.NXDOMAIN
        if not is_tcp and len(reply.rr) > _MAX_UDP_RECORDS:
            return reply.truncate()
        return reply

    return answer


def refuse(rcode: int, script: Script, *, types: frozenset[int]) -> Script:
    """Refuse some types of queries, and run a script for all others."""

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        if request.q.qtype not in types:
            return script(request, is_tcp)
        reply = request.reply()
        reply.header.rcode = rcode
        return reply

    return answer


def ignore(script: Script, *, types: frozenset[int]) -> Script:
    """Answer nothing to some types of queries, and run a script for all others."""

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        return None if request.q.qtype in types else script(request, is_tcp)

    return answer


def truncate(script: Script, *, over_tcp: bool) -> Script:
    """Send only truncated answers over UDP, and over TCP too or none at all."""

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        if is_tcp and over_tcp:
            return script(request, is_tcp)
        reply = request.reply()
        reply.header.tc = 1
        return reply

    return answer


def delay(script: Script, seconds: float) -> Script:
    """Answer late."""

    def answer(request: DNSRecord, is_tcp: bool) -> DNSRecord | None:
        time.sleep(seconds)
        return script(request, is_tcp)

    return answer


def stay_silent(_request: DNSRecord, _is_tcp: bool) -> None:
    """Answer nothing."""
