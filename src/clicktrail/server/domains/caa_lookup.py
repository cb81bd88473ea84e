"""Look up the CAA records that apply to a host: its own, those of its alias's target, or its nearest parent's.

RFC 8659 section 3. A CA refuses to issue if any look-up on the way fails, so a failure is as important as a record.
Only at and above the public suffix it is left out, because its operator, and not the reader of the report, could act.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.rdatatype
import dns.rrset

from clicktrail.server.domains.delegation import list_parents
from clicktrail.server.domains.dns_client import DnsClient, Reply
from clicktrail.server.pipeline.dns_facts import CaaRecord, CaaSet


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaLookup:
    """The CAA records that apply, or where the look-up failed; neither if there are none."""

    found: CaaSet | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaQuestion:
    """A host whose CAA records are wanted.

    Attributes:
        alias: target of the host's CNAME; empty if it has none.
        zone: the host's zone, whose parents' names are asked of `server`.
        public_suffix: failures at it and above are left out.
        server: address of a name server of the zone that answers.
    """

    host: str
    alias: str
    zone: str
    public_suffix: str
    server: str


async def find_caa(client: DnsClient, question: CaaQuestion) -> CaaLookup:
    """Look up the CAA records that apply to a host."""
    names = [question.alias or question.host, *list_parents(question.host)[-2:0:-1]]
    replies: Sequence[Reply] = await asyncio.gather(*(_ask(client, question, name) for name in names))
    for name, reply in zip(names, replies, strict=True):
        if not reply.is_usable:
            if name == question.alias or len(name) > len(question.public_suffix):
                asked = f"server {reply.server}" if reply.server else "every resolver"
                return CaaLookup(failure=f"CAA of {name}: {asked}: {reply.rcode}")
        elif records := _read_records(reply.answer):
            return CaaLookup(found=CaaSet(name=name, records=records))
    return CaaLookup()


async def _ask(client: DnsClient, question: CaaQuestion, name: str) -> Reply:
    is_in_zone = name == question.zone or name.endswith(f".{question.zone}")
    if is_in_zone and name != question.alias and question.server:
        return await client.ask_server(question.server, name, "CAA")
    return await client.resolve(name, "CAA", checking_disabled=False)


def _read_records(record_sets: Iterable[dns.rrset.RRset]) -> tuple[CaaRecord, ...]:
    return tuple(
        CaaRecord(
            flags=record.flags,
            tag=record.tag.decode("ascii", "replace").lower(),
            value=record.value.decode("ascii", "replace"),
        )
        for found in record_sets
        if found.rdtype == dns.rdatatype.CAA
        for record in found
    )
