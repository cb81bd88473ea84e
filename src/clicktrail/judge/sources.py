"""Which of a message's requests came from one place, as far as addresses and agents can tell."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

from clicktrail.judge.case import Case
from clicktrail.judge.visits import names_a_visitor
from clicktrail.judge.windows import grouped, link_of, runs
from clicktrail.model.event import Click

__all__ = ["neighbourhood", "place", "prefix", "region", "sweeps"]

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
