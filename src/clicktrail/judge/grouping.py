"""Group the clicks of a message by source, and find runs: many different links or networks in a short time.

Theory of operation: a *window* is a series of items at most ``window_s`` apart that has at least ``min_distinct``
different keys, such as links. A *run* is the union of overlapping windows, so it may last longer than one window.

A click's source is not known for certain, so `find_link_runs` tries several definitions, the narrowest first: one
User-Agent in one network, one network, one User-Agent in any network, and finally clicks from everywhere. A click in a
run of a narrow source is left out of the wider ones. So a person who clicks during a scan, from another network or with
another browser, does not become part of the scan.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final, Protocol, TypeVar

from clicktrail.judge.evidence import MessageEvidence, SignalMatches, is_public_ip
from clicktrail.model.event import Click

_CACHE_SIZE = 16_384

_PREFIX_BITS: Final = {4: 24, 6: 48}
"""By IP version, the longest prefix that BGP routes: the smallest network that a scanner can announce as its own."""


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


def visitor_key(evidence: MessageEvidence, click: Click) -> tuple[str, str] | None:
    """Identify the visitor: by IP address and User-Agent, or by network alone where few people read mail.

    The User-Agent separates a company's employees from a scanner behind the same IP address. None if the address is
    not public.
    """
    if click.id in evidence.machine_network_click_ids:
        return network_key(evidence, click), ""
    return (click.ip, click.user_agent) if is_public_ip(click.ip) else None


@lru_cache(_CACHE_SIZE)
def address_prefix(ip: str) -> str:
    """The /24 (IPv6: /48) around an IP address; empty if the address is not public."""
    if not is_public_ip(ip):
        return ""
    address = ip_address(ip)
    return str(ip_network((address, _PREFIX_BITS[address.version]), strict=False))


def find_runs(
    items: Sequence[T], *, key: Callable[[T], Hashable], min_distinct: int, window_s: float
) -> Iterator[Sequence[T]]:
    """Find runs: unions of overlapping windows, each with ``min_distinct`` or more different keys in ``window_s``.

    ``items`` must be sorted by time.
    """
    run = range(0)
    for window in _find_windows(items, key=key, min_distinct=min_distinct, window_s=window_s):
        if window.start < run.stop:
            run = range(run.start, window.stop)
            continue
        if run:
            yield items[run.start : run.stop]
        run = window
    if run:
        yield items[run.start : run.stop]


def _find_windows(
    items: Sequence[T], *, key: Callable[[T], Hashable], min_distinct: int, window_s: float
) -> Iterator[range]:
    """Index ranges with enough different keys: for each last item, the longest one within ``window_s``. Linear time."""
    max_duration = timedelta(seconds=window_s)
    key_counts: Counter[Hashable] = Counter()
    first = 0
    for last, item in enumerate(items):
        key_counts[key(item)] += 1
        while item.at - items[first].at > max_duration:
            removed_key = key(items[first])
            key_counts[removed_key] -= 1
            if not key_counts[removed_key]:
                del key_counts[removed_key]
            first += 1
        if len(key_counts) >= min_distinct:
            yield range(first, last + 1)


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
    # From the narrowest to the widest source. A click in a run of a narrow source is left out of the wider ones.
    source_keys: tuple[Callable[[Click], Hashable], ...] = (
        lambda click: (network_keys[click.id], click.user_agent) if network_keys[click.id] else None,
        lambda click: network_keys[click.id] or None,
        lambda click: click.user_agent or None,
    )
    for source_key in source_keys:
        runs = [
            run
            for group in group_by(clicks, source_key).values()
            for run in find_runs(group, key=link_key, min_distinct=min_links, window_s=window_s)
        ]
        yield from runs
        click_ids_in_runs = {click.id for run in runs for click in run}
        clicks = [click for click in clicks if click.id not in click_ids_in_runs]
        if len(clicks) < min_links:
            return
    if not allow_unrelated:
        clicks = [click for click in clicks if not network_keys[click.id] and not click.user_agent]
    for run in find_runs(clicks, key=link_key, min_distinct=min_links, window_s=window_s):
        if len({network_keys[click.id] or click.id for click in run}) >= min_links:
            yield run


def expand_runs(runs_with_detail: Iterable[tuple[Sequence[Click], str]]) -> SignalMatches:
    """Give each click of a run the run's detail."""
    return {click.id: detail for run, detail in runs_with_detail for click in run}


def run_duration_s(run: Sequence[Click]) -> float:
    """Seconds from a run's first click to its last."""
    return (run[-1].at - run[0].at).total_seconds()
