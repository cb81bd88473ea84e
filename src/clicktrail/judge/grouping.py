"""Many different things in a short time: links that were followed, people who were visited."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Protocol, TypeVar

from clicktrail.judge.address_activity import names_a_visitor
from clicktrail.judge.evidence import Case
from clicktrail.model.event import Click

__all__ = ["Timed", "grouped", "link_of", "neighbourhood", "place", "prefix", "region", "runs", "sweeps"]


class Timed(Protocol):
    """What happened at some time."""

    @property
    def at(self) -> datetime:
        """When, aware."""
        ...


T = TypeVar("T", bound=Timed)
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


def grouped(items: Iterable[Item], key: Callable[[Item], Key | None]) -> Mapping[Key, list[Item]]:
    """Items by what they have in common, in their order; without those of which the key says nothing: None."""
    groups: dict[Key, list[Item]] = {}
    for item in items:
        if (name := key(item)) is not None:
            groups.setdefault(name, []).append(item)
    return groups


def link_of(click: Click) -> int | str:
    """What tells one link of a message from another: its position, or where nobody told us that, its destination."""
    return click.link if click.link >= 0 else click.url


def runs(items: Sequence[T], *, key: Callable[[T], Hashable], different: int, seconds: float) -> Iterator[Sequence[T]]:
    """The runs in which each item stands in some window of ``seconds`` with at least so many ``different`` keys.

    Items come in the order of time. Windows that share an item make one run, which may so be longer than a window.
    """
    run = range(0)
    for window in _windows(items, key=key, different=different, seconds=seconds):
        if window.start < run.stop:
            run = range(run.start, window.stop)
            continue
        if run:
            yield items[run.start : run.stop]
        run = window
    if run:
        yield items[run.start : run.stop]


def _windows(items: Sequence[T], *, key: Callable[[T], Hashable], different: int, seconds: float) -> Iterator[range]:
    """The index ranges of the windows that hold enough keys, each as wide as it can be, by their last item.

    One pass: a message that thousands of people opened in a browser costs no more for each of its clicks.
    """
    width = timedelta(seconds=seconds)
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
        if len(seen) >= different:
            yield range(first, last + 1)


# FOLDED sources.py: Which of a message's requests came from one place, as far as addresses and agents can tell.

_REMEMBERED = 16_384
_PREFIXES = {4: 24, 6: 48}
"""Bits of an address that its neighbours share: the smallest networks that the Internet's routers tell apart."""


def neighbourhood(case: Case, click: Click) -> str:
    """The organisation that a request came from, else the network around its address; empty where that says nothing."""
    network = case.networks.get(click.id)
    return network.name if network else prefix(click.ip)


def region(case: Case, click: Click) -> str:
    """The same more coarsely: all addresses of one first byte, or of IPv6 the first two, are one place."""
    network = case.networks.get(click.id)
    if network or not names_a_visitor(click.ip):
        return neighbourhood(case, click)
    return click.ip.partition(":" if ":" in click.ip else ".")[0]


def place(case: Case, click: Click) -> tuple[str, str] | None:
    """What requests of one visitor have in common: address and agent, or the network where only programs come from it.

    A company's people and the scanner that it runs itself come from one address, and differ by their agents. None
    where the address says nothing.
    """
    if click.id in case.programs:
        return neighbourhood(case, click), ""
    return (click.ip, click.user_agent) if names_a_visitor(click.ip) else None


def sweeps(
    case: Case, clicks: Sequence[Click], *, links: int, seconds: float, scattered: bool = True
) -> Iterator[Sequence[Click]]:
    """The runs of clicks that one source made, as far as that can be told.

    Args:
        case: the message.
        clicks: those to look at.
        links: how many different ones a run has at least, in some window of ``seconds``.
        seconds: the window's width.
        scattered: whether requests that have neither network nor agent in common may be one source's: in a second they
            are, in a minute they may be many readers'.

    A scanner may work under one agent from its network, or under many, or under one agent from many networks, or
    spread its requests over all there is: then over as many networks as links. A click that is part of a narrower
    source's run is in no wider one's: so a person who clicks while a scanner is at work, from elsewhere or with another
    browser, is not taken for a part of it.
    """
    if len(clicks) < links or len(set(map(link_of, clicks))) < links:
        return
    near = {click.id: neighbourhood(case, click) for click in clicks}
    wider: tuple[Callable[[Click], Hashable], ...] = (
        lambda click: (near[click.id], click.user_agent) if near[click.id] else None,
        lambda click: near[click.id] or None,
        lambda click: click.user_agent or None,
    )
    for source in wider:
        found = list(_runs(clicks, source, links=links, seconds=seconds))
        yield from found
        told = {click.id for run in found for click in run}
        clicks = [click for click in clicks if click.id not in told]
        if len(clicks) < links:
            return
    if not scattered:
        clicks = [click for click in clicks if not near[click.id] and not click.user_agent]
    for run in runs(clicks, key=link_of, different=links, seconds=seconds):
        if len({near[click.id] or click.id for click in run}) >= links:
            yield run


def _runs(
    clicks: Iterable[Click], source: Callable[[Click], Hashable], *, links: int, seconds: float
) -> Iterator[Sequence[Click]]:
    """The runs of each source by itself; of those who say nothing of theirs there are none."""
    for group in grouped(clicks, source).values():
        yield from runs(group, key=link_of, different=links, seconds=seconds)


@lru_cache(_REMEMBERED)
def prefix(ip: str) -> str:
    """The network around an address; empty where that says nothing."""
    if not names_a_visitor(ip):
        return ""
    address = ip_address(ip)
    return str(ip_network((address, _PREFIXES[address.version]), strict=False))
