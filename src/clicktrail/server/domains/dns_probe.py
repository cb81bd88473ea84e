"""Find out everything about a tracking domain's DNS: ask the zone's own name servers, and the resolvers.

Each step asks all its questions at once:

1. `find_delegation`: the zone and its name servers, from the public suffix down.
2. The zone's servers: the host itself. At the same time the resolvers: the host, and the expected targets.
3. The zone's servers: what is around the host (types beside an alias, wildcard, doubled name, ACME challenge, CAA). At
   the same time the resolvers: names behind the alias, CAA of parents and targets, whether DNSSEC validation fails.

The zone's servers decide. Resolvers are only used to find servers, to follow names into other zones, and to compare.
"""

import asyncio
import dataclasses
import secrets
from collections.abc import Iterable, Mapping, Sequence

import dns.rdatatype

from clicktrail.server.domains.caa_lookup import CaaQuestion, find_caa
from clicktrail.server.domains.delegation import ServerAddress, find_delegation
from clicktrail.server.domains.dns_client import DnsClient, NoReply
from clicktrail.server.domains.dns_records import (
    MAX_CHAIN_NAMES,
    follow_aliases,
    is_dnssec_failure,
    name_text,
    read_extended_error,
    read_own_answer,
    read_resolver_answer,
    read_targets,
    read_texts,
)
from clicktrail.server.pipeline.dns_facts import (
    DnsFacts,
    DnssecFault,
    HostAnswer,
    NameServer,
    ResolverAnswer,
    ServerState,
)
from clicktrail.server.pipeline.domain_targets import ExpectedTarget

_HOST_TYPES = ("A", "AAAA", "CNAME")
_TYPES_BESIDE_ALIAS = ("TXT", "MX", "NS", "SOA", "CAA", "SRV", "HTTPS", "SVCB", "TLSA", "PTR", "NAPTR", "SPF", "ANY")
"""Types that are looked for beside a CNAME; ANY finds further ones at servers that answer it (RFC 8482)."""
_ALLOWED_BESIDE_ALIAS = frozenset({"CNAME", "RRSIG", "NSEC", "NSEC3", "KEY", "HINFO"})
"""RFC 4035 section 2.5; HINFO is what servers answer to ANY (RFC 8482 section 4.2)."""
_IPV6 = 6
_MAX_ALIASES = 4
"""Aliases of one name that are followed. One is allowed."""
_REFUSING_RCODES = frozenset({"REFUSED", "NOTAUTH", "NOTIMP", "FORMERR"})


async def probe_dns(host: str, expected: ExpectedTarget, *, client: DnsClient) -> DnsFacts:
    """Find out everything about a tracking domain's DNS. Ends within the client's time budget, and never raises.

    Args:
        host: in lower-case ASCII, without the last dot.
        expected: where the host should lead.
        client: a new one.
    """
    delegation = await find_delegation(client, host)
    facts = DnsFacts(
        host=host,
        zone=delegation.zone,
        public_suffix=delegation.public_suffix,
        missing_at_parent=delegation.missing_at_parent,
        are_resolvers_silent=client.are_resolvers_silent,
    )
    if facts.missing_at_parent or facts.are_resolvers_silent:
        return facts
    servers, views, targets = await asyncio.gather(
        asyncio.gather(*(_ask_name_server(client, server, host) for server in delegation.servers)),
        asyncio.gather(*(_ask_resolver(client, resolver, host) for resolver in client.resolvers)),
        _follow_all(client, expected.names),
    )
    answering = [server for server in servers if server.answer]
    aliases = {alias for server in answering if server.answer for alias in server.answer.aliases[:_MAX_ALIASES]}
    chains, dnssec, surroundings, failures, resolver_failures = await asyncio.gather(
        _follow_all(client, aliases - set(targets)),
        _find_dnssec_fault(client, host, views),
        _look_around(client, facts, answering),
        asyncio.gather(*(_find_caa_failure(client, server, host) for server in servers)),
        asyncio.gather(*(_find_caa_failure_of_resolver(client, view, host) for view in views)),
    )
    followed = targets | chains
    return dataclasses.replace(
        surroundings,
        servers=tuple(
            dataclasses.replace(server, answer=server.answer and _extend(server.answer, followed), caa_failure=failure)
            for server, failure in zip(servers, failures, strict=True)
        ),
        target_addresses=frozenset(expected.addresses).union(*(target.addresses for target in targets.values())),
        resolvers=tuple(view.answer for view in views if view.answer),
        dnssec=dnssec,
        caa_failure=surroundings.caa_failure or next(filter(None, resolver_failures), ""),
    )


async def _ask_name_server(client: DnsClient, server: ServerAddress, host: str) -> NameServer:
    if server.address is None:
        return NameServer(name=server.name, address="", state=ServerState.NO_ADDRESS)
    address = str(server.address)
    replies = await asyncio.gather(*(client.ask_server(address, host, rdtype) for rdtype in _HOST_TYPES))
    if all(reply.failure is NoReply.UNREACHABLE for reply in replies):
        return NameServer(name=server.name, address=address, state=ServerState.UNREACHABLE)
    answer = read_own_answer(host, [reply for reply in replies if reply.is_authoritative])
    by_address = replies[0]  # without it, a host without alias would seem to have no record
    if by_address.is_authoritative or answer.aliases:
        return NameServer(name=server.name, address=address, state=ServerState.ANSWERS, answer=answer)
    if by_address.failure:
        detail = str(NoReply.TRUNCATED) if by_address.failure is NoReply.TRUNCATED else ""
        return NameServer(name=server.name, address=address, state=ServerState.SILENT, detail=detail)
    state = ServerState.NOT_AUTHORITATIVE if by_address.is_usable else ServerState.REFUSES
    detail = "" if by_address.is_usable else by_address.rcode
    return NameServer(name=server.name, address=address, state=state, detail=detail)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _ResolverView:
    """What one resolver says about the host.

    Attributes:
        answer: None if the resolver is silent or refuses us.
        fails: whether it answers SERVFAIL.
    """

    resolver: str
    answer: ResolverAnswer | None
    fails: bool


async def _ask_resolver(client: DnsClient, resolver: str, host: str) -> _ResolverView:
    replies = await asyncio.gather(*(client.ask_resolver(resolver, host, rdtype) for rdtype in ("A", "AAAA")))
    has_answer = replies[0].message is not None and replies[0].rcode not in _REFUSING_RCODES
    answer = ResolverAnswer(resolver=resolver, answer=read_resolver_answer(host, replies)) if has_answer else None
    return _ResolverView(resolver=resolver, answer=answer, fails=any(reply.rcode == "SERVFAIL" for reply in replies))


async def _follow_all(client: DnsClient, names: Iterable[str]) -> dict[str, HostAnswer]:
    names = sorted(names)
    return dict(zip(names, await asyncio.gather(*(_follow(client, name) for name in names)), strict=True))


async def _follow(client: DnsClient, name: str) -> HostAnswer:
    """Aliases and addresses of a name in any zone. Where resolvers give up, such as at a loop, the aliases alone."""
    replies = await asyncio.gather(*(client.resolve(name, rdtype) for rdtype in ("A", "AAAA")))
    if any(reply.is_usable for reply in replies):
        return read_resolver_answer(name, replies)
    chain: list[str] = []
    current = name
    while current not in chain[:-1] and len(chain) < MAX_CHAIN_NAMES:
        reply = await client.resolve(current, "CNAME")
        targets = read_targets(reply.answer, current, "CNAME")
        if not targets:
            break
        current = targets[0]
        chain.append(current)
    return HostAnswer(rcode=replies[0].rcode, aliases=tuple(chain[:1]), chain=tuple(chain))


def _extend(answer: HostAnswer, followed: Mapping[str, HostAnswer]) -> HostAnswer:
    """A name server's answer with what is behind its aliases."""
    if not answer.aliases:
        return answer
    parts = [(alias, followed[alias]) for alias in answer.aliases if alias in followed]
    return dataclasses.replace(
        answer,
        chain=tuple(name for alias, part in parts for name in (alias, *part.chain)),
        addresses=answer.addresses.union(*(part.addresses for _, part in parts)),
    )


async def _find_dnssec_fault(client: DnsClient, host: str, views: Sequence[_ResolverView]) -> DnssecFault | None:
    """Find out whether a resolver fails with DNSSEC validation, and not without it."""
    for view in views:
        if view.fails:
            checked, unchecked = await asyncio.gather(
                client.ask_resolver(view.resolver, host, "A"),
                client.ask_resolver(view.resolver, host, "A", checking_disabled=True),
            )
            if checked.rcode == "SERVFAIL" and unchecked.is_usable and is_dnssec_failure(checked):
                names = [host, *follow_aliases(unchecked.answer, host)]
                replies = await asyncio.gather(*(client.ask_resolver(view.resolver, name, "CNAME") for name in names))
                failing = [name for name, reply in zip(names, replies, strict=True) if reply.rcode == "SERVFAIL"]
                return DnssecFault(name=(failing or names[-1:])[0], reason=read_extended_error(checked))
    return None


async def _look_around(client: DnsClient, facts: DnsFacts, answering: Sequence[NameServer]) -> DnsFacts:
    """Add what is around the host in its zone."""
    if not answering:
        return facts
    aliased = next((server for server in answering if server.answer and server.answer.aliases), None)
    alias = aliased.answer.aliases[0] if aliased and aliased.answer else ""
    question = CaaQuestion(
        host=facts.host,
        alias=alias,
        zone=facts.zone,
        public_suffix=facts.public_suffix,
        server=answering[0].address,
    )
    beside, wildcard, doubled, challenge, caa = await asyncio.gather(
        _find_types_beside_alias(client, aliased, facts.host),
        _ask_records(client, answering[0], f"{secrets.token_hex(8)}.{facts.host.partition('.')[2]}"),
        _ask_records(client, answering[0], f"{facts.host}.{facts.zone}"),
        _find_challenge(client, answering, facts.host),
        find_caa(client, question),
    )
    is_doubled = doubled.has_records and doubled.own_records != wildcard.own_records
    return dataclasses.replace(
        facts,
        types_beside_alias=beside,
        wildcard=wildcard if wildcard.has_records else None,
        doubled=f"{facts.host}.{facts.zone}" if is_doubled else "",
        challenge_texts=challenge[0],
        challenge_aliases=challenge[1],
        caa=caa.found,
        caa_failure=caa.failure,
    )


async def _ask_records(client: DnsClient, server: NameServer, name: str) -> HostAnswer:
    """Aliases and addresses of a name at one server."""
    replies = await asyncio.gather(*(client.ask_server(server.address, name, rdtype) for rdtype in ("A", "AAAA")))
    return read_own_answer(name, replies)


async def _find_types_beside_alias(client: DnsClient, server: NameServer | None, host: str) -> tuple[str, ...]:
    if server is None or server.answer is None:
        return ()
    types = {"AAAA" if address.version == _IPV6 else "A" for address in server.answer.addresses}
    for reply in await asyncio.gather(*(client.ask_server(server.address, host, t) for t in _TYPES_BESIDE_ALIAS)):
        if reply.is_authoritative:
            types |= {dns.rdatatype.to_text(f.rdtype) for f in reply.answer if name_text(f.name) == host}
    return tuple(sorted(types - _ALLOWED_BESIDE_ALIAS))


async def _find_challenge(
    client: DnsClient, servers: Sequence[NameServer], host: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and aliases at the name that ACME's DNS challenge uses (RFC 8555 section 8.4)."""
    name = f"_acme-challenge.{host}"
    replies = await asyncio.gather(*(client.ask_server(server.address, name, "TXT") for server in servers))
    sets = [found for reply in replies if reply.is_usable for found in reply.answer]
    return read_texts(sets, name), tuple(read_targets(sets, name, "CNAME"))


async def _find_caa_failure(client: DnsClient, server: NameServer, host: str) -> str:
    """Why a name server that answers other queries does not answer one for CAA; empty if it does."""
    if server.answer is None:
        return ""
    reply = await client.ask_server(server.address, host, "CAA")
    return "" if reply.is_usable else reply.rcode


async def _find_caa_failure_of_resolver(client: DnsClient, view: _ResolverView, host: str) -> str:
    """Why a resolver that finds the host does not find its CAA records, such as an empty answer without SOA."""
    if view.fails or view.answer is None:
        return ""
    reply = await client.ask_resolver(view.resolver, host, "CAA")
    return f"CAA of {host}: resolver {view.resolver}: SERVFAIL" if reply.rcode == "SERVFAIL" else ""
