"""A tracking domain as its DNS checks see it: what was found beside what is expected, and how to say it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from clicktrail.server.pipeline.dns_facts import DnsFacts, HostAnswer
from clicktrail.server.pipeline.domain_targets import ExpectedTarget
from clicktrail.server.pipeline.request import IPAddress

IPV6 = 6
_MAX_LISTED = 4
"""Records that a sentence lists; a server can send thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a check complains about; its sentences are those of `Check`."""

    found: str
    expected: str
    cause: str
    fix: str
    is_warning: bool = False
    is_pending: bool = False


class DnsView:
    """What probe and expectation say together."""

    def __init__(self, facts: DnsFacts, expected: ExpectedTarget) -> None:
        self.facts = facts
        self.expected = expected
        self.host = facts.host
        self.zone = facts.zone

    @cached_property
    def answer(self) -> HostAnswer:
        """The answer that is checked: a right one, else one with records, of the zone's own servers."""
        answers = self.facts.answers
        with_records = [answer for answer in answers if answer.has_records]
        return next(filter(self.is_right, answers), (with_records or answers or (HostAnswer(rcode="NXDOMAIN"),))[0])

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the host leads to, the nearest first."""
        return tuple(dict.fromkeys((*self.answer.aliases, *self.answer.chain)))

    @property
    def is_at_target(self) -> bool:
        """Whether the expected name is among them."""
        return self._is_named(self.answer)

    @cached_property
    def ours(self) -> frozenset[IPAddress]:
        """Addresses of the host that are the target's."""
        return self.answer.addresses & self.facts.target_addresses

    @property
    def elsewhere(self) -> frozenset[IPAddress]:
        """Addresses of the host that are not the target's."""
        return self.answer.addresses - self.facts.target_addresses

    def is_right(self, answer: HostAnswer) -> bool:
        """Whether an answer leads to the expected target: by name, or by addresses that are all the target's."""
        if len(answer.aliases) > 1 or not answer.addresses:
            return False
        return self._is_named(answer) or answer.addresses <= self.facts.target_addresses

    def _is_named(self, answer: HostAnswer) -> bool:
        return not {*answer.aliases, *answer.chain}.isdisjoint(self.expected.names)

    @property
    def is_from_wildcard(self) -> bool:
        """Whether a name that no one has created has the same records as the host."""
        wildcard = self.facts.wildcard
        return wildcard is not None and self.answer.own_records == wildcard.own_records

    @property
    def is_in_circle(self) -> bool:
        """Whether the aliases come back to a name that came before."""
        return len(self.answer.chain) > len({self.host, *self.answer.chain}) - 1

    @property
    def record(self) -> str:
        """The records to create, as in a zone file. At the zone's own name, where no CNAME may be, the addresses."""
        records: Iterable[tuple[str, str]] = self.expected.records
        if self.host == self.zone and self.facts.target_addresses:
            records = ExpectedTarget(addresses=tuple(sort_addresses(self.facts.target_addresses))).records[:_MAX_LISTED]
        return " and ".join(f"`{self.host}. 300 IN {rdtype} {data}`" for rdtype, data in records)

    @property
    def at_provider(self) -> str:
        """Where to change records, as the beginning of a sentence."""
        return f"At the DNS provider of {self.zone or self.host}"

    @property
    def replacement(self) -> str:
        """The fix of a record that leads elsewhere."""
        return f"{self.at_provider}, replace the records of {self.host} by {self.record}."


def describe_answer(answer: HostAnswer) -> str:
    """Records of a name, for people."""
    if answer.aliases:
        chain = _cut_circle(answer.chain if answer.chain[:1] == answer.aliases else answer.aliases)
        text = f"CNAME {list_texts(answer.aliases)}" if len(answer.aliases) > 1 else f"CNAME {' > '.join(chain)}"
        return f"{text} ({list_addresses(answer.addresses)})" if answer.addresses else f"{text} (no address)"
    if answer.addresses:
        return list_addresses(answer.addresses)
    return "no record" if answer.rcode in {"NOERROR", ""} else answer.rcode


def _cut_circle(names: Sequence[str]) -> list[str]:
    """Names up to the first one that comes again."""
    shown: list[str] = []
    for name in names:
        shown.append(name)
        if name in shown[:-1]:
            break
    return shown


def sort_addresses(addresses: Iterable[IPAddress]) -> list[IPAddress]:
    """Addresses in their order, IPv4 first."""
    return sorted(addresses, key=lambda address: (address.version, int(address)))


def list_addresses(addresses: Collection[IPAddress]) -> str:
    """Addresses with the types of their records, IPv4 first; many are cut short."""
    ordered = sort_addresses(addresses)
    by_type = {
        "A": [address for address in ordered if address.version != IPV6],
        "AAAA": [address for address in ordered if address.version == IPV6],
    }
    return ", ".join(f"{rdtype} {list_texts(list(map(str, found)))}" for rdtype, found in by_type.items() if found)


def list_texts(texts: Collection[str]) -> str:
    """The first few of some texts, and how many more there are."""
    shown = list(texts)[:_MAX_LISTED]
    more = len(texts) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
