"""Ask resolvers and name servers, over UDP and, where an answer is truncated, over TCP.

Nothing here raises on what a server does: a reply either has a message or says why there is none. Messages have a
record set for each record: dnspython would keep only one of several CNAME records. All queries of a
client share a time budget; when it is used up, servers count as silent, so that a probe always ends.
"""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.flags
import dns.inet
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

_UDP_PAYLOAD_BYTES = 1232
"""Largest answer that is not fragmented on its way (DNS Flag Day 2020)."""
_MAX_CONCURRENT_QUERIES = 64
_USABLE_RCODES = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})
_RCODES_WITHOUT_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS})
"""Replies of servers that may only dislike EDNS; the query is repeated without it (RFC 6891 section 7)."""
_BAD_MESSAGES = (dns.exception.DNSException, OSError, EOFError, ValueError)


class NoReply(StrEnum):
    """Why there is no message, as the end of a sentence about the server."""

    SILENT = "does not answer"
    TRUNCATED = "sends truncated answers, and no whole ones over TCP"
    UNREACHABLE = "cannot be reached from this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Reply of one server to one query: a message, or why there is none."""

    server: str
    message: dns.message.Message | None = None
    failure: NoReply | None = None

    @property
    def rcode(self) -> str:
        """The message's rcode, such as ``NXDOMAIN``; without a message the failure."""
        return str(self.failure) if self.message is None else dns.rcode.to_text(self.message.rcode())

    @property
    def is_usable(self) -> bool:
        """Whether the server answered the question, be the answer that there is nothing."""
        return self.message is not None and self.message.rcode() in _USABLE_RCODES

    @property
    def is_authoritative(self) -> bool:
        """Whether the server answered from its own zone."""
        return self.is_usable and self.message is not None and bool(self.message.flags & dns.flags.AA)

    @property
    def answer(self) -> list[dns.rrset.RRset]:
        """Record sets of the answer section."""
        return [] if self.message is None else _keep_internet_class(self.message.answer)

    @property
    def authority(self) -> list[dns.rrset.RRset]:
        """Record sets of the authority section."""
        return [] if self.message is None else _keep_internet_class(self.message.authority)

    @property
    def additional(self) -> list[dns.rrset.RRset]:
        """Record sets of the additional section."""
        return [] if self.message is None else _keep_internet_class(self.message.additional)


def _keep_internet_class(record_sets: list[dns.rrset.RRset]) -> list[dns.rrset.RRset]:
    """Records of other classes have other data, such as an A record that is no address."""
    return [found for found in record_sets if found.rdclass == dns.rdataclass.IN]


def read_system_resolvers() -> tuple[str, ...]:
    """Addresses of the system's resolvers, as in /etc/resolv.conf; empty if there are none."""
    try:
        return tuple(map(str, dns.resolver.Resolver().nameservers))
    except dns.resolver.NoResolverConfiguration:
        return ()


class DnsClient:
    """Queries to resolvers and name servers within one time budget. Make one for each probe.

    Attributes:
        resolvers: addresses of resolvers.
    """

    def __init__(
        self, *, resolvers: Sequence[str] = (), port: int = 53, timeout_s: float = 2.0, budget_s: float = 18.0
    ) -> None:
        """Remember where to ask.

        Args:
            resolvers: addresses; empty for the system's.
            port: of resolvers and name servers.
            timeout_s: seconds that a query may take; one that goes on over TCP takes up to twice as long.
            budget_s: seconds that all queries together may take, from the first one on.
        """
        self.resolvers = tuple(resolvers) or read_system_resolvers()
        self._port = port
        self._timeout_s = timeout_s
        self._budget_s = budget_s
        self._deadline: float | None = None
        self._answered: set[str] = set()
        self._silent: set[str] = set()
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT_QUERIES)

    @property
    def are_resolvers_silent(self) -> bool:
        """Whether all resolvers were silent or refused all queries."""
        return not self._answered

    async def resolve(self, name: str, rdtype: str, *, checking_disabled: bool = True) -> Reply:
        """Ask the resolvers in their order, until one answers. One that never answered is not asked again.

        Args:
            name: absolute name, with or without the last dot.
            rdtype: such as ``AAAA``.
            checking_disabled: ask for the answer even if DNSSEC does not validate it.
        """
        reply = Reply(server="", failure=NoReply.SILENT)
        for resolver in self.resolvers:
            if resolver in self._answered or resolver not in self._silent:
                reply = await self.ask_resolver(resolver, name, rdtype, checking_disabled=checking_disabled)
                if reply.is_usable:
                    break
        return reply

    async def ask_resolver(self, resolver: str, name: str, rdtype: str, *, checking_disabled: bool = False) -> Reply:
        """Ask one resolver."""
        flags = dns.flags.RD | (dns.flags.CD if checking_disabled else 0)
        reply = await self._ask(resolver, name, rdtype, flags)
        has_answer = reply.message is not None and reply.message.rcode() != dns.rcode.REFUSED
        (self._answered if has_answer else self._silent).add(resolver)
        return reply

    async def ask_server(self, server: str, name: str, rdtype: str) -> Reply:
        """Ask one name server about its own zones."""
        return await self._ask(server, name, rdtype, 0)

    async def _ask(self, server: str, name: str, rdtype: str, flags: int) -> Reply:
        async with self._slots:
            loop = asyncio.get_running_loop()
            if self._deadline is None:
                self._deadline = loop.time() + self._budget_s
            timeout_s = min(self._timeout_s, self._deadline - loop.time())
            if timeout_s <= 0:
                return Reply(server=server, failure=NoReply.SILENT)
            try:
                query = dns.message.make_query(dns.name.from_text(name), rdtype, flags=flags)
            except dns.exception.DNSException:  # a name of more than 255 bytes
                return Reply(server=server, failure=NoReply.SILENT)
            query.use_edns(0, payload=_UDP_PAYLOAD_BYTES)
            reply = await self._exchange(server, query, timeout_s)
            if reply.message is not None and reply.message.rcode() in _RCODES_WITHOUT_EDNS:
                query.use_edns(edns=False)
                return await self._exchange(server, query, timeout_s)
            return reply

    async def _exchange(self, server: str, query: dns.message.Message, timeout_s: float) -> Reply:
        try:
            return Reply(server=server, message=await self._exchange_udp(server, query, timeout_s))
        except dns.message.Truncated:
            pass
        except OSError as error:
            is_unreachable = not isinstance(error, ConnectionError | TimeoutError)
            return Reply(server=server, failure=NoReply.UNREACHABLE if is_unreachable else NoReply.SILENT)
        except _BAD_MESSAGES:
            return Reply(server=server, failure=NoReply.SILENT)
        try:
            async with asyncio.timeout(timeout_s):
                message = await dns.asyncquery.tcp(query, server, port=self._port, one_rr_per_rrset=True)
        except _BAD_MESSAGES:
            return Reply(server=server, failure=NoReply.TRUNCATED)
        if message.flags & dns.flags.TC:
            return Reply(server=server, failure=NoReply.TRUNCATED)
        return Reply(server=server, message=message)

    async def _exchange_udp(self, server: str, query: dns.message.Message, timeout_s: float) -> dns.message.Message:
        """Send a query, and send it again at half time; an answer to either counts.

        Raises:
            TimeoutError: there was no answer.
            dns.message.Truncated: the answer did not fit.
            OSError: the server cannot be reached.
        """
        family = dns.inet.af_for_address(server)
        destination = dns.inet.low_level_address_tuple((server, self._port), family)
        backend: Any = dns.asyncbackend.get_default_backend()
        opened = backend.make_socket(family, socket.SOCK_DGRAM, 0, None, (server, self._port))
        async with await opened as connection:
            for _ in range(2):
                await dns.asyncquery.send_udp(connection, query, destination)
                try:
                    async with asyncio.timeout(timeout_s / 2):
                        return await _receive(connection, query, destination)
                except TimeoutError:
                    continue
        raise TimeoutError


async def _receive(connection: Any, query: dns.message.Message, destination: Any) -> dns.message.Message:  # noqa: ANN401
    """Receive the answer to a query; datagrams that are none are ignored.

    Raises:
        dns.message.Truncated: the answer did not fit. It may have lost its question.
    """
    while True:
        try:
            received: tuple[dns.message.Message, float, Any] = await dns.asyncquery.receive_udp(
                connection, destination, one_rr_per_rrset=True, raise_on_truncation=True
            )
        except dns.message.Truncated as error:
            if error.kwargs["message"].id == query.id:
                raise
        except dns.exception.DNSException:
            continue
        else:
            if query.is_response(received[0]):
                return received[0]
