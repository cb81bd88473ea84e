"""Find the zone of a host and its name servers, from the host's public suffix down.

1. Ask the resolvers for the NS records of the host and all its parents at once.
2. Start at the public suffix, or at its nearest parent that has NS records. Start below only if the resolvers know no
   servers above: so a zone that is broken for resolvers is still found through its parent.
3. Ask the servers label by label for NS records: a referral or an authoritative answer is the next zone, NXDOMAIN the
   end. This is how resolvers find a zone (RFC 9156), except that no cached answer takes part.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from clicktrail.server.domains.dns_client import DnsClient, Reply
from clicktrail.server.domains.dns_records import name_text, read_addresses, read_resolver_answer, read_targets
from clicktrail.server.pipeline.public_suffixes import find_public_suffix
from clicktrail.server.pipeline.request import IPAddress

_MAX_NAME_SERVERS = 8
"""Name servers of a zone that are asked. The DNS root has 13, few zones more than 6."""
_MAX_ADDRESSES_OF_SERVER = 2
_MAX_ASKED_PARENTS = 3
"""Servers of a parent zone that are asked at once; the first good answer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """A name server and one of its addresses; None if it has none."""

    name: str
    address: IPAddress | None

    def __str__(self) -> str:
        """Name and address, for people."""
        return f"{self.name} ({self.address})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """The zone of a host.

    Attributes:
        zone: name of the zone; empty if none was found.
        public_suffix: public suffix of the host.
        servers: name servers that the parent names.
        missing_at_parent: server of the public suffix, or above, that says that the name does not exist; empty if
            none does.
    """

    zone: str
    public_suffix: str
    servers: tuple[ServerAddress, ...] = ()
    missing_at_parent: str = ""


async def find_delegation(client: DnsClient, host: str) -> Delegation:
    """Find the zone of a host."""
    suffix = find_public_suffix(host)
    names = list_parents(host)
    replies = dict(
        zip(names, await asyncio.gather(*(client.resolve(name or ".", "NS") for name in names)), strict=True)
    )
    known = [name for name in names if read_targets(replies[name].answer, name, "NS")]
    above = [name for name in known if len(name) <= len(suffix)]
    if not known:
        missing = next((reply for name, reply in replies.items() if _is_missing_at(reply, name, suffix)), None)
        return Delegation(
            zone="",
            public_suffix=suffix,
            missing_at_parent=f"the name servers of {suffix}, as resolver {missing.server} says," if missing else "",
        )
    zone = above[-1] if above else known[0]
    servers = await _find_addresses(client, replies[zone], zone)
    for name in names[names.index(zone) + 1 :]:
        answers = await _ask_servers(client, servers, name)
        if not answers and name in known:
            answers = [replies[name]]
        for reply in answers:
            if reply.rcode == "NXDOMAIN":
                is_at_suffix = len(zone) <= len(suffix)
                missing_at = _name_of_server(servers, reply.server) if is_at_suffix else ""
                return Delegation(zone=zone, public_suffix=suffix, servers=servers, missing_at_parent=missing_at)
            if read_targets([*reply.answer, *reply.authority], name, "NS"):
                zone, servers = name, await _find_addresses(client, reply, name)
                break
    return Delegation(zone=zone, public_suffix=suffix, servers=servers)


def list_parents(host: str) -> list[str]:
    """The root as an empty name, then the host's parents down to the host itself."""
    labels = host.split(".")
    return ["", *(".".join(labels[start:]) for start in range(len(labels) - 1, -1, -1))]


def _is_missing_at(reply: Reply, name: str, suffix: str) -> bool:
    is_below_suffix = len(name) > len(suffix)
    return reply.rcode == "NXDOMAIN" and is_below_suffix and any(name_text(s.name) == suffix for s in reply.authority)


async def _ask_servers(client: DnsClient, servers: Sequence[ServerAddress], name: str) -> list[Reply]:
    """Replies that carry on: authoritative ones, and referrals to the name. In the order of the servers."""
    asked = [server for server in servers if server.address][:_MAX_ASKED_PARENTS]
    replies = await asyncio.gather(*(client.ask_server(str(server.address), name, "NS") for server in asked))
    return [reply for reply in replies if reply.is_authoritative or read_targets(reply.authority, name, "NS")]


async def _find_addresses(client: DnsClient, reply: Reply, zone: str) -> tuple[ServerAddress, ...]:
    """Addresses of a zone's name servers: those in the reply (glue), else as the resolvers say."""
    names = read_targets([*reply.answer, *reply.authority], zone, "NS")[:_MAX_NAME_SERVERS]
    found = await asyncio.gather(*(_find_address(client, reply, name) for name in names))
    return tuple(
        ServerAddress(name=name, address=address)
        for name, addresses in zip(names, found, strict=True)
        for address in (addresses[:_MAX_ADDRESSES_OF_SERVER] or [None])
    )


async def _find_address(client: DnsClient, reply: Reply, name: str) -> Sequence[IPAddress | None]:
    addresses = read_addresses(reply.additional, name)
    if not addresses:
        replies = await asyncio.gather(*(client.resolve(name, rdtype) for rdtype in ("A", "AAAA")))
        addresses = read_resolver_answer(name, replies).addresses
    return sorted(addresses, key=lambda address: (address.version, int(address)))


def _name_of_server(servers: Sequence[ServerAddress], address: str) -> str:
    return next((str(server) for server in servers if str(server.address) == address), address)
