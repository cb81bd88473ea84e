"""Many different things in a short time: links that were followed, people who were visited."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Protocol, TypeVar

from clicktrail.judge.address_activity import is_visitor_address
from clicktrail.judge.evidence import MessageEvidence
from clicktrail.model.event import Click

__all__ = [
    "Timed",
    "address_prefix",
    "coarse_network_key",
    "find_link_runs",
    "find_runs",
    "group_by",
    "link_key",
    "network_key",
    "visitor_key",
]


class Timed(Protocol):
    """What happened at some time."""

    @property
    def at(self) -> datetime:
        """When, aware."""
        ...


T = TypeVar("T", bound=Timed)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def group_by(items: Iterable[Item], key: Callable[[Item], Key | None]) -> Mapping[Key, list[Item]]:
    """Items by what they have in common, in their order; without those of which the key says nothing: None."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        if (name := key(item)) is not None:
            groups.setdefault(name, []).append(item)
    return groups


def link_key(click: Click) -> int | str:
    """What tells one link of a message from another: its position, or where nobody told us that, its destination."""
    return click.link if click.link >= 0 else click.url


def find_runs(
    items: Sequence[T], *, key: Callable[[T], Hashable], min_distinct: int, window_s: float
) -> Iterator[Sequence[T]]:
    """The runs in which each item stands in some window of ``window_s`` with at least so many ``min_distinct`` keys.

    Items come in the order of time. Windows that share an item make one run, which may so be longer than a window.
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
    """The index ranges of the windows that hold enough keys, each as wide as it can be, by their last item.

    One pass: a message that thousands of people opened in a browser costs no more for each of its clicks.
    """
    width = timedelta(seconds=window_s)
    seen: Counter[Hashable] = Counter()
    first = 0
    for last, item in enumerate(items):
        seen[key(item)] += 1
        while item.at - items[first].at > width:
            gone = key(items[first])
            seen[gone] -= 1
            if not seen[gone]:
                del seen[gone]
            first += 1
        if len(seen) >= min_distinct:
            yield range(first, last + 1)


# FOLDED sources.py: Which of a message's requests came from one place, as far as addresses and agents can tell.

_CACHE_SIZE = 16_384
_PREFIX_BITS = {4: 24, 6: 48}
"""Bits of an address that its neighbours share: the smallest networks that the Internet's routers tell apart."""


def network_key(evidence: MessageEvidence, click: Click) -> str:
    """The organisation that a request came from, else the network around its address; empty where that says nothing."""
    network = evidence.networks.get(click.id)
    return network.name if network else address_prefix(click.ip)


def coarse_network_key(evidence: MessageEvidence, click: Click) -> str:
    """The same more coarsely: all addresses of one first byte, or of IPv6 the first two, are one place."""
    network = evidence.networks.get(click.id)
    if network or not is_visitor_address(click.ip):
        return network_key(evidence, click)
    return click.ip.partition(":" if ":" in click.ip else ".")[0]


def visitor_key(evidence: MessageEvidence, click: Click) -> tuple[str, str] | None:
    """What requests of one visitor have in common: address and agent, or the network where only programs come from it.

    A company's people and the scanner that it runs itself come from one address, and differ by their agents. None
    where the address says nothing.
    """
    if click.id in evidence.machine_network_click_ids:
        return network_key(evidence, click), ""
    return (click.ip, click.user_agent) if is_visitor_address(click.ip) else None


def find_link_runs(
    evidence: MessageEvidence, clicks: Sequence[Click], *, min_links: int, window_s: float, allow_unrelated: bool = True
) -> Iterator[Sequence[Click]]:
    """The runs of clicks that one source made, as far as that can be told.

    Args:
        evidence: the message.
        clicks: those to look at.
        min_links: how many different ones a run has at least, in some window of ``window_s``.
        window_s: the window's width.
        allow_unrelated: whether requests that have neither network nor agent in common may be one source's: in a second they
            are, in a minute they may be many readers'.

    A scanner may work under one agent from its network, or under many, or under one agent from many networks, or
    spread its requests over all there is: then over as many networks as links. A click that is part of a narrower
    source's run is in no wider one's: so a person who clicks while a scanner is at work, from elsewhere or with another
    browser, is not taken for a part of it.
    """
    if len(clicks) < min_links or len(set(map(link_key, clicks))) < min_links:
        return
    near = {click.id: network_key(evidence, click) for click in clicks}
    wider: tuple[Callable[[Click], Hashable], ...] = (
        lambda click: (near[click.id], click.user_agent) if near[click.id] else None,
        lambda click: near[click.id] or None,
        lambda click: click.user_agent or None,
    )
    for source in wider:
        found = list(_find_runs_by_key(clicks, source, min_links=min_links, window_s=window_s))
        yield from found
        told = {click.id for run in found for click in run}
        clicks = [click for click in clicks if click.id not in told]
        if len(clicks) < min_links:
            return
    if not allow_unrelated:
        clicks = [click for click in clicks if not near[click.id] and not click.user_agent]
    for run in find_runs(clicks, key=link_key, min_distinct=min_links, window_s=window_s):
        if len({near[click.id] or click.id for click in run}) >= min_links:
            yield run


def _find_runs_by_key(
    clicks: Iterable[Click], key: Callable[[Click], Hashable], *, min_links: int, window_s: float
) -> Iterator[Sequence[Click]]:
    """The runs of each source by itself; of those who say nothing of theirs there are none."""
    for group in group_by(clicks, key).values():
        yield from find_runs(group, key=link_key, min_distinct=min_links, window_s=window_s)


@lru_cache(_CACHE_SIZE)
def address_prefix(ip: str) -> str:
    """The network around an address; empty where that says nothing."""
    if not is_visitor_address(ip):
        return ""
    address = ip_address(ip)
    return str(ip_network((address, _PREFIX_BITS[address.version]), strict=False))
