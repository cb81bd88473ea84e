"""Which of a message's requests came from one place, as far as addresses and agents can tell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network

from clicktrail.judge.case import Case
from clicktrail.judge.visits import names_a_visitor
from clicktrail.judge.windows import link_of, runs
from clicktrail.model.event import Click

__all__ = ["neighbourhood", "sweeps"]

_REMEMBERED = 16_384
_PREFIXES = {4: 24, 6: 48}
"""Bits of an address that its neighbours share: the smallest networks that the Internet's routers tell apart."""


def neighbourhood(case: Case, click: Click) -> str:
    """The organisation that a request came from, else the network around its address; empty where that says nothing."""
    network = case.networks.get(click.id)
    return network.name if network else _prefix(click.ip)


def sweeps(case: Case, clicks: Sequence[Click], *, links: int, seconds: float) -> Iterator[Sequence[Click]]:
    """The runs of clicks that one source made, as far as that can be told.

    A scanner may spread its requests over the addresses of its network, or over many networks under one agent, or
    over all there is. A click that is part of a narrower source's run is in no wider one's: so a person who clicks
    while a scanner is at work, from elsewhere and with another browser, is not taken for a part of it.
    """
    if len(clicks) < links or len(set(map(link_of, clicks))) < links:
        return
    wider: tuple[Callable[[Click], str | None], ...] = (
        lambda click: neighbourhood(case, click) or None,
        lambda click: click.user_agent or None,
        lambda _click: "",
    )
    for source in wider:
        found = [
            run
            for group in _groups(clicks, source)
            for run in runs(group, key=link_of, different=links, seconds=seconds)
        ]
        yield from found
        told = {click.id for run in found for click in run}
        clicks = [click for click in clicks if click.id not in told]
        if len(clicks) < links:
            return


def _groups(clicks: Iterable[Click], source: Callable[[Click], str | None]) -> Iterable[Sequence[Click]]:
    groups: dict[str, list[Click]] = {}
    for click in clicks:
        name = source(click)
        if name is not None:
            groups.setdefault(name, []).append(click)
    return groups.values()


@lru_cache(_REMEMBERED)
def _prefix(ip: str) -> str:
    if not names_a_visitor(ip):
        return ""
    address = ip_address(ip)
    return str(ip_network((address, _PREFIXES[address.version]), strict=False))
