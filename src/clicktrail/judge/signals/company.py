"""What other requests from the same place, or for the same link, tell of a request."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Final

from clicktrail.judge.case import Case
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.findings import Findings
from clicktrail.judge.sources import neighbourhood
from clicktrail.judge.visits import Visit, names_a_visitor
from clicktrail.judge.windows import link_of, runs
from clicktrail.model.event import Click

__all__ = [
    "damaged_link_nearby",
    "datacentre_sweep",
    "head_twin",
    "person_elsewhere",
    "shared_address",
    "trap_nearby",
]

_OF_MANY: Final = frozenset({NetworkClass.SSE_EGRESS, NetworkClass.CDN_RELAY, NetworkClass.VPN, NetworkClass.OURS})
"""Networks where many people who have nothing to do with each other have the same address."""


def trap_nearby(case: Case, *, seconds: float) -> Findings:
    """A hidden link of the message followed from the same address, or scanners' network, about the same time."""
    traps = _Moments((_place(case, click), click.at) for click in case.clicks if click.trap and _place(case, click))
    return {
        click.id: f"a hidden link followed from the same place within {seconds:.0f} s"
        for click in case.clicks
        if not click.trap and traps.near(_place(case, click), click.at, before=seconds, after=seconds)
    }


def damaged_link_nearby(case: Case, *, seconds: float) -> Findings:
    """A damaged link tried from the same address within so few seconds that no hand can have mended it."""
    here = (Visit.of(click) for click in case.clicks)
    elsewhere = (visit for visits in case.nearby.values() for visit in visits)
    damaged = _Moments(
        (visit.ip, visit.at) for visit in chain(here, elsewhere) if visit.tampered and names_a_visitor(visit.ip)
    )
    return {
        click.id: f"a damaged link tried from the same address within {seconds:.0f} s"
        for click in case.followed
        if damaged.near(click.ip, click.at, before=seconds, after=seconds)
    }


def shared_address(case: Case, *, recipients: int, domains: int, seconds: float) -> Findings:
    """One address that visits the mail of so many people of so many organisations within so many seconds.

    People of one company share its address, and so do the customers of a relay, a VPN or a security service. Where
    recipients are opaque ids nobody knows their organisations, and it says nothing.
    """
    if not case.nearby:
        return {}
    found = {}
    for visits, clicks in _by_address(case):
        kind = case.networks.get(clicks[0].id)
        if kind and kind.kind in _OF_MANY:
            continue
        known = [visit for visit in visits if "@" in visit.recipient]
        people = _among(visits, "person", different=recipients, seconds=seconds)
        organisations = _among(known, "organisation", different=domains, seconds=seconds)
        words = f"the same address for {recipients} or more people at {domains} or more domains in {seconds:.0f} s"
        both = people & organisations
        found.update({click.id: words for click in clicks if Visit.of(click) in both})
    return found


def datacentre_sweep(case: Case, *, recipients: int, seconds: float) -> Findings:
    """One address of a data centre that visits the mail of so many people within so many seconds."""
    if not case.nearby or not case.hosted:
        return {}
    found = {}
    for visits, clicks in _by_address(case):
        if clicks[0].id in case.hosted:
            swept = _among(visits, "person", different=recipients, seconds=seconds)
            words = f"the same data centre address for {recipients} or more people in {seconds:.0f} s"
            found.update({click.id: words for click in clicks if Visit.of(click) in swept})
    return found


def person_elsewhere(case: Case, *, seconds: float) -> Findings:
    """A link followed from a data centre within seconds of the same link followed from where people are."""
    if not case.hosted:
        return {}
    people = _Moments((link_of(click), click.at) for click in case.followed if _looks_like_a_person(case, click))
    return {
        click.id: f"the same link followed from another network within {seconds:.0f} s"
        for click in case.followed
        if click.id in case.hosted and people.near(link_of(click), click.at, before=seconds, after=seconds)
    }


def head_twin(case: Case, *, seconds: float) -> Findings:
    """A link that was asked about by HEAD from the same place, up to so many seconds before."""
    heads = _Moments(
        ((_place(case, click), link_of(click)), click.at)
        for click in case.followed
        if click.method == "HEAD" and _place(case, click)
    )
    return {
        click.id: "the same link asked about by HEAD before"
        for click in case.followed
        if click.method == "GET" and heads.near((_place(case, click), link_of(click)), click.at, before=seconds)
    }


class _Moments:
    """When what happened, to be asked whether it did about some time."""

    def __init__(self, happened: Iterable[tuple[Hashable, datetime]]) -> None:
        self._at: dict[Hashable, list[datetime]] = {}
        for what, at in sorted(happened, key=lambda moment: moment[1]):
            self._at.setdefault(what, []).append(at)

    def near(self, what: Hashable, at: datetime, *, before: float, after: float = 0) -> bool:
        """Whether it happened up to so many seconds before or after this time."""
        moments = self._at.get(what)
        if not moments:
            return False
        first = bisect_left(moments, at - timedelta(seconds=before))
        return first < len(moments) and moments[first] <= at + timedelta(seconds=after)


def _by_address(case: Case) -> Iterator[tuple[Sequence[Visit], Sequence[Click]]]:
    """By address that visited other messages, too: all its visits in the order of time, and its clicks here."""
    here: dict[str, list[Click]] = {}
    for click in case.followed:
        here.setdefault(click.ip, []).append(click)
    for ip in here.keys() & case.nearby.keys():
        elsewhere = (visit for visit in case.nearby[ip] if not visit.tampered)
        yield sorted((*elsewhere, *map(Visit.of, here[ip])), key=lambda visit: visit.at), here[ip]


def _among(visits: Sequence[Visit], what: str, *, different: int, seconds: float) -> frozenset[Visit]:
    """The visits of an address that so many different ones of this attribute were among within so many seconds."""
    return frozenset(chain.from_iterable(runs(visits, key=attrgetter(what), different=different, seconds=seconds)))


def _looks_like_a_person(case: Case, click: Click) -> bool:
    return (
        click.method == "GET"
        and click.id not in case.programs
        and click.id not in case.agents
        and names_a_visitor(click.ip)
    )


def _place(case: Case, click: Click) -> str:
    """The address, or the network where only programs come from it; empty where the address says nothing."""
    if click.id in case.programs:
        return neighbourhood(case, click)
    return click.ip if names_a_visitor(click.ip) else ""
