"""Group the clicks of a message by source, and find runs: many different links or networks in a short time.

Theory of operation: a *window* is a series of items at most ``window_s`` apart that has at least ``min_distinct``
different keys, such as links. A *run* is the union of overlapping windows, so it may last longer than one window.

A click's source is not known for certain, so `find_link_runs` tries several definitions: one User-Agent in one network,
one network, one User-Agent in any network, and clicks from everywhere. A wide source consists of narrow ones, and of
each narrow one only a part of the links counts towards a run of the wide one (`max_per_part`). So a scan from one
narrow source never makes a run together with a person who clicks during it, from another network or with another
browser. Counts only grow with more clicks: another click never takes a click out of a run.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import attrgetter
from typing import Final, Protocol, TypeVar

from clicktrail.judge.evidence import MessageEvidence, SignalMatches, is_public_ip
from clicktrail.model.event import Click

_CACHE_SIZE = 16_384

_SORT_KEY: Final = attrgetter("at", "id")
"""The order of `Timeline`."""

_PREFIX_BITS: Final = {4: 24, 6: 48}
"""By IP version, the longest prefix that BGP routes: the smallest network that a scanner can announce as its own."""

_SUBNET_BITS: Final = 64
"""An IPv6 subnet (RFC 4291). A device has several addresses in its subnet, and changes them (RFC 8981)."""


class Timed(Protocol):
    """Something with a time, such as an event."""

    @property
    def at(self) -> datetime:
        """Aware."""
        ...


T = TypeVar("T", bound=Timed)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def group_by(items: Iterable[Item], key: Callable[[Item], Key | None]) -> Mapping[Key, list[Item]]:
    """Group items by key, in their order; items with the key None are left out."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        if (group_key := key(item)) is not None:
            groups.setdefault(group_key, []).append(item)
    return groups


def link_key(click: Click) -> int | str:
    """Identify the followed link within its message: by position, or by destination if the position is unknown."""
    return click.link if click.link >= 0 else click.url


def network_key(evidence: MessageEvidence, click: Click) -> str:
    """The organisation that owns the IP address, or else the address's /24 (IPv6: /48); empty if neither is known."""
    network = evidence.networks.get(click.id)
    return network.name if network else address_prefix(click.ip)


def coarse_network_key(evidence: MessageEvidence, click: Click) -> str:
    """Like `network_key`, with a /8 (IPv6: /16) for an unknown network."""
    network = evidence.networks.get(click.id)
    if network or not is_public_ip(click.ip):
        return network_key(evidence, click)
    return click.ip.partition(":" if ":" in click.ip else ".")[0]


VisitorKey = tuple[str, str]
"""Network or IP address, and User-Agent."""


def visitor_keys(evidence: MessageEvidence, click: Click) -> tuple[VisitorKey, ...]:
    """Identify the visitor: by IP address (IPv6: /64) and User-Agent, or where few people read mail by two keys.

    Programs in data centres change their address or their User-Agent, and people at remote desktops share the networks:
    there, two clicks are one visitor's if network and User-Agent are the same, or the /24 (IPv6: /48). Elsewhere the
    User-Agent separates a company's employees from a scanner behind the same IP address. Empty if the address is not
    public.
    """
    if click.id in evidence.machine_network_click_ids:
        return (network_key(evidence, click), click.user_agent), (address_prefix(click.ip), "")
    return ((host_key(click.ip), click.user_agent),) if is_public_ip(click.ip) else ()


def group_by_visitor(evidence: MessageEvidence, clicks: Iterable[Click]) -> Iterable[list[Click]]:
    """Group clicks by visitor; a click is in the group of each of its keys."""
    groups: dict[VisitorKey, list[Click]] = {}
    for click in clicks:
        for key in visitor_keys(evidence, click):
            groups.setdefault(key, []).append(click)
    return groups.values()


@lru_cache(_CACHE_SIZE)
def host_key(ip: str) -> str:
    """Identify a device or a line by a valid IP address: the IPv4 address, or the /64 around an IPv6 address."""
    return str(ip_network((ip_address(ip), _SUBNET_BITS), strict=False)) if ":" in ip else ip


@lru_cache(_CACHE_SIZE)
def address_prefix(ip: str) -> str:
    """The /24 (IPv6: /48) around an IP address; empty if the address is not public."""
    if not is_public_ip(ip):
        return ""
    address = ip_address(ip)
    return str(ip_network((address, _PREFIX_BITS[address.version]), strict=False))


def find_runs(
    items: Sequence[T],
    *,
    key: Callable[[T], Hashable],
    min_distinct: int,
    window_s: float,
    part: Callable[[T], Hashable] | None = None,
) -> Iterator[Sequence[T]]:
    """Find runs: unions of overlapping windows, each with ``min_distinct`` or more different keys in ``window_s``.

    ``items`` must be sorted by time. An item with the key None belongs to a run, but does not count. With ``part``, at
    most `max_per_part` keys of the items with the same part count.
    """
    run = range(0)
    for window in _find_windows(items, key=key, min_distinct=min_distinct, window_s=window_s, part=part):
        if window.start < run.stop:
            run = range(run.start, window.stop)
            continue
        if run:
            yield items[run.start : run.stop]
        run = window
    if run:
        yield items[run.start : run.stop]


def max_per_part(min_distinct: int) -> int:
    """How many keys of one part count: a part needs others, and more of them than one key."""
    return max(1, min((min_distinct + 1) // 2, min_distinct - 2))


def _find_windows(
    items: Sequence[T],
    *,
    key: Callable[[T], Hashable],
    min_distinct: int,
    window_s: float,
    part: Callable[[T], Hashable] | None,
) -> Iterator[range]:
    """Index ranges with enough different keys: for each last item, the longest one within ``window_s``. Linear time."""
    keys = [key(item) for item in items]
    if len(set(keys)) < min_distinct:  # most messages
        return
    max_duration = timedelta(seconds=window_s)
    parts = [part(item) for item in items] if part else None
    counter = _DistinctCounter(max_per_part(min_distinct)) if part else None
    counts: dict[Hashable, int] = {}
    first = 0
    for last, item in enumerate(items):
        added = keys[last]
        if added is not None:
            counts[added] = counts.get(added, 0) + 1
            if counter and parts:
                counter.add(added, parts[last])
        while item.at - items[first].at > max_duration:
            removed = keys[first]
            if removed is not None:
                counts[removed] -= 1
                if not counts[removed]:
                    del counts[removed]
                if counter and parts:
                    counter.remove(removed, parts[first])
            first += 1
        if len(counts) >= min_distinct and (counter is None or counter.capped_count >= min_distinct):
            yield range(first, last + 1)


class _DistinctCounter:
    """Counts the different keys of each part, up to ``max_count``, and adds them up in ``capped_count``."""

    __slots__ = ("_by_part", "_max_count", "capped_count")

    def __init__(self, max_count: int) -> None:
        self._max_count = max_count
        self._by_part: dict[Hashable, dict[Hashable, int]] = {}
        self.capped_count = 0

    def add(self, key: Hashable, part: Hashable) -> None:
        counts = self._by_part.setdefault(part, {})
        if key not in counts and len(counts) < self._max_count:
            self.capped_count += 1
        counts[key] = counts.get(key, 0) + 1

    def remove(self, key: Hashable, part: Hashable) -> None:
        counts = self._by_part[part]
        counts[key] -= 1
        if not counts[key]:
            del counts[key]
            if len(counts) < self._max_count:
                self.capped_count -= 1


def find_link_runs(
    evidence: MessageEvidence, clicks: Sequence[Click], *, min_links: int, window_s: float, allow_unrelated: bool = True
) -> Iterator[Sequence[Click]]:
    """Find runs in which one source followed many different links. ``clicks`` must be sorted by time.

    With ``allow_unrelated``, clicks without a common network or User-Agent may form a run too, from at least
    ``min_links`` networks. Suits windows of about a second: within a minute, such clicks may come from many readers.
    """
    if len(clicks) < min_links or len(set(map(link_key, clicks))) < min_links:
        return
    network_keys = {click.id: network_key(evidence, click) for click in clicks}

    def get_network(click: Click) -> str:
        return network_keys[click.id]

    # From the narrowest to the widest source.
    runs = [*_find_source_runs(clicks, get_network, get_user_agent, min_links=min_links, window_s=window_s)]
    networks = set(network_keys.values())
    if len(networks) == 1 and "" not in networks:  # most scans: the other sources are parts of this network
        yield from _merge_runs(runs)
        return
    runs += _find_source_runs(clicks, get_user_agent, get_network, min_links=min_links, window_s=window_s)
    if not allow_unrelated:
        clicks = [click for click in clicks if not get_network(click) and not click.user_agent]
    elif len(networks) < min_links and "" not in networks:
        clicks = ()
    runs += (
        run
        for run in find_runs(clicks, key=link_key, min_distinct=min_links, window_s=window_s, part=_user_agent_or_id)
        if len({get_network(click) or click.id for click in run}) >= min_links
    )
    yield from _merge_runs(runs)


def find_datacentre_runs(clicks: Sequence[Click], *, min_links: int, window_s: float) -> Iterator[Sequence[Click]]:
    """Find runs in clicks from data centres, for windows of many minutes.

    A source is one User-Agent, one /24 (IPv6: /48), or clicks with many User-Agents. So a person at a remote desktop,
    with another browser than the scanner, does not pay for it.
    """
    if len(clicks) < min_links or len(set(map(link_key, clicks))) < min_links:
        return
    user_agents = {click.user_agent for click in clicks}
    if len(user_agents) == 1 and "" not in user_agents:  # most scans: the other sources are parts of this one
        yield from find_runs(clicks, key=link_key, min_distinct=min_links, window_s=window_s)
        return
    runs = [
        *_find_source_runs(clicks, get_address_prefix, get_user_agent, min_links=min_links, window_s=window_s),
        *find_runs(clicks, key=link_key, min_distinct=min_links, window_s=window_s, part=_user_agent_or_id),
    ]
    for same_agent_clicks in group_by(clicks, lambda click: click.user_agent or None).values():
        runs += find_runs(same_agent_clicks, key=link_key, min_distinct=min_links, window_s=window_s)
    yield from _merge_runs(runs)


def _find_source_runs(
    clicks: Sequence[Click],
    get_source: Callable[[Click], str],
    get_part: Callable[[Click], str],
    *,
    min_links: int,
    window_s: float,
) -> Iterator[Sequence[Click]]:
    """Runs of each source, and of each of its parts. Clicks whose source is unknown are left out."""
    for source_clicks in group_by(clicks, lambda click: get_source(click) or None).values():
        if len(source_clicks) < min_links:
            continue
        parts = group_by(source_clicks, get_part)
        for part, part_clicks in parts.items():
            if part:
                yield from find_runs(part_clicks, key=link_key, min_distinct=min_links, window_s=window_s)
        if len(parts) > 1 or "" in parts:
            part_of = get_part if "" not in parts else lambda click: get_part(click) or click.id
            yield from find_runs(source_clicks, key=link_key, min_distinct=min_links, window_s=window_s, part=part_of)


def _merge_runs(runs: Sequence[Sequence[Click]]) -> Iterator[Sequence[Click]]:
    """Join the runs that have clicks in common, so that each click is in one run."""
    if len(runs) <= 1:
        yield from runs
        return
    merged: list[dict[str, Click]] = []
    position: dict[str, int] = {}
    for run in runs:
        joined = {click.id: click for click in run}
        for index in {position[click_id] for click_id in joined if click_id in position}:
            joined |= merged[index]
            merged[index] = {}
        position.update(dict.fromkeys(joined, len(merged)))
        merged.append(joined)
    for clicks in merged:
        if clicks:
            yield sorted(clicks.values(), key=_SORT_KEY)


def get_user_agent(click: Click) -> str:
    """The User-Agent; empty if unknown."""
    return click.user_agent


def _user_agent_or_id(click: Click) -> str:
    return click.user_agent or click.id


def get_address_prefix(click: Click) -> str:
    """`address_prefix` of a click."""
    return address_prefix(click.ip)


def expand_runs(runs_with_detail: Iterable[tuple[Sequence[Click], str]]) -> SignalMatches:
    """Give each click of a run the run's detail."""
    return {click.id: detail for run, detail in runs_with_detail for click in run}


def run_duration_s(run: Sequence[Click]) -> float:
    """Seconds from a run's first click to its last."""
    return (run[-1].at - run[0].at).total_seconds()
