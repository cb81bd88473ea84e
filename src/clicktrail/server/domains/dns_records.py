"""Read names and addresses out of DNS messages."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

import dns.edns
import dns.name
import dns.rdatatype
import dns.rrset

from clicktrail.model.control_characters import remove_control_characters
from clicktrail.server.domains.dns_client import Reply
from clicktrail.server.pipeline.dns_facts import HostAnswer
from clicktrail.server.pipeline.request import IPAddress

MAX_CHAIN_NAMES = 12
"""Names behind an alias that are followed. Resolvers follow 8 to 16."""
_MAX_REASON_CHARS = 200
_ABBREVIATIONS = frozenset({"DNSSEC", "DNSKEY", "DS", "NSEC", "NSEC3", "NXDOMAIN", "RRSIGS"})
_DNSSEC_ERRORS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27})
"""Extended errors of validation (IANA, Extended DNS Error Codes, 2026-11-30)."""


def name_text(name: dns.name.Name) -> str:
    """A name in lower case without the last dot; empty for the root."""
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def records_at(record_sets: Iterable[dns.rrset.RRset], name: str, rdtype: str) -> list[dns.rrset.RRset]:
    """Record sets of one type at one name."""
    wanted = dns.rdatatype.from_text(rdtype)
    return [found for found in record_sets if found.rdtype == wanted and name_text(found.name) == name]


def read_targets(record_sets: Iterable[dns.rrset.RRset], name: str, rdtype: str) -> list[str]:
    """Names that CNAME or NS records of a name lead to, without repetitions, in their order."""
    return list(
        dict.fromkeys(name_text(record.target) for found in records_at(record_sets, name, rdtype) for record in found)
    )


def read_addresses(record_sets: Iterable[dns.rrset.RRset], name: str) -> frozenset[IPAddress]:
    """A and AAAA records of a name."""
    sets = list(record_sets)
    return frozenset(
        ip_address(record.address)
        for rdtype in ("A", "AAAA")
        for found in records_at(sets, name, rdtype)
        for record in found
    )


def follow_aliases(record_sets: Iterable[dns.rrset.RRset], name: str) -> Iterator[str]:
    """Names behind the alias of a name within one answer. In a loop, the last one is a name that came before."""
    sets = list(record_sets)
    seen: set[str] = set()
    while name not in seen and len(seen) < MAX_CHAIN_NAMES and (targets := read_targets(sets, name, "CNAME")):
        seen.add(name)
        name = targets[0]
        yield name


def read_texts(record_sets: Iterable[dns.rrset.RRset], name: str) -> tuple[str, ...]:
    """TXT records of a name."""
    return tuple(
        dict.fromkeys(
            b"".join(record.strings).decode("utf-8", "replace")
            for found in records_at(record_sets, name, "TXT")
            for record in found
        )
    )


def read_own_answer(host: str, replies: Iterable[Reply]) -> HostAnswer:
    """What one name server says about a host by its own records, in its replies to queries for several types."""
    usable = [reply for reply in replies if reply.is_usable]
    sets = [found for reply in usable for found in reply.answer if name_text(found.name) == host]
    return HostAnswer(
        rcode=usable[0].rcode if usable else "",
        aliases=tuple(read_targets(sets, host, "CNAME")),
        addresses=read_addresses(sets, host),
        ttl_s=max((found.ttl for found in sets), default=0),
    )


def read_resolver_answer(host: str, replies: Iterable[Reply]) -> HostAnswer:
    """What one resolver says about a host: the addresses at the end of its chain, and how long it keeps them."""
    replies = list(replies)
    sets = [found for reply in replies for found in reply.answer]
    chain = tuple(follow_aliases(sets, host))
    end = chain[-1] if chain else host
    own_ttls = [found.ttl for found in sets if name_text(found.name) == host]
    return HostAnswer(
        rcode=next((reply.rcode for reply in replies if reply.is_usable), replies[0].rcode),
        aliases=tuple(read_targets(sets, host, "CNAME")),
        chain=chain,
        addresses=read_addresses(sets, end),
        ttl_s=max(own_ttls) if own_ttls else max(map(read_negative_ttl, replies), default=0),
    )


def read_negative_ttl(reply: Reply) -> int:
    """Seconds that an answer without records may be cached for (RFC 2308 section 5); 0 if it must not be."""
    for found in reply.authority:
        if found.rdtype == dns.rdatatype.SOA:
            return min(int(found.ttl), *(int(record.minimum) for record in found))
    return 0


def is_dnssec_failure(reply: Reply) -> bool:
    """Whether a SERVFAIL may come from DNSSEC validation: by its extended error, or because it has none."""
    options = [] if reply.message is None else reply.message.options
    codes = {int(option.code) for option in options if isinstance(option, dns.edns.EDEOption)}
    return not codes or bool(codes & _DNSSEC_ERRORS)


def read_extended_error(reply: Reply) -> str:
    """Extended DNS errors of a reply (RFC 8914), such as ``DNSKEY Missing (9)``; empty if it has none."""
    options = [] if reply.message is None else reply.message.options
    texts = []
    for option in options:
        if isinstance(option, dns.edns.EDEOption):
            code = int(option.code)
            is_known = code in set(map(int, dns.edns.EDECode))
            name = " ".join(map(_spell, dns.edns.EDECode(code).name.split("_"))) if is_known else "extended error"
            detail = remove_control_characters(option.text or "")[:_MAX_REASON_CHARS]
            texts.append(f"{name} ({code})" + (f": {detail}" if detail else ""))
    return "; ".join(dict.fromkeys(texts))


def _spell(word: str) -> str:
    return word.replace("RRSIGS", "RRSIGs") if word in _ABBREVIATIONS else word.capitalize()
