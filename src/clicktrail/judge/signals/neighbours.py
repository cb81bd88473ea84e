"""What other requests from the same place, or for the same link, tell of a request."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Final

from clicktrail.judge.address_activity import Visit, names_a_visitor, number_of
from clicktrail.judge.evidence import Case
from clicktrail.judge.grouping import grouped, link_of, place, runs
from clicktrail.judge.networks import NetworkClass
from clicktrail.judge.signals.base import Findings
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
    """A hidden link of the message followed by the same visitor, or from scanners' network, about the same time."""
    hidden = [(where, click.at) for click in case.clicks if click.trap and (where := place(case, click))]
    if not hidden:
        return {}
    traps = _Moments(hidden)
    return {
        click.id: f"a hidden link followed from the same place within {seconds:.0f} s"
        for click in case.clicks
        if not click.trap and traps.near(place(case, click), click.at, before=seconds, after=seconds)
    }


def damaged_link_nearby(case: Case, *, seconds: float) -> Findings:
    """A damaged link tried from the same address within so few seconds that no hand can have mended it.

    Where people are, by the same agent, too: a company's scanner tries them from the address of its people.
    """
    here = (Visit.of(click) for click in case.clicks)
    elsewhere = (visit for visits in case.nearby.values() for visit in visits)
    tried = [visit for visit in chain(here, elsewhere) if visit.tampered and names_a_visitor(visit.ip)]
    if not tried:
        return {}
    by_anybody = _Moments((visit.ip, visit.at) for visit in tried)
    by_agent = _Moments(((visit.ip, visit.agent), visit.at) for visit in tried)
    return {
        click.id: f"a damaged link tried from the same address within {seconds:.0f} s"
        for click in case.followed
        if (
            by_anybody.near(click.ip, click.at, before=seconds, after=seconds)
            if click.id in case.programs
            else by_agent.near((click.ip, number_of(click.user_agent)), click.at, before=seconds, after=seconds)
        )
    }


def shared_address(case: Case, *, recipients: int, domains: int, seconds: float, agents: int) -> Findings:
    """One address that visits the mail of so many people of so many organisations within so many seconds, as one agent.

    People of one company share its address, and so do the customers of a relay, a VPN or a security service. A phone
    carrier's, and some providers', do as well: they come with as many agents as there are phones and browsers, and a
    scanner with one or a few. Where recipients are opaque ids nobody knows their organisations, and it says nothing.
    """
    if not case.nearby:
        return {}
    found = {}
    for visits, clicks in _by_address(case):
        kind = case.networks.get(clicks[0].id)
        if kind and kind.kind in _OF_MANY:
            continue
        crowd = _among(visits, "agent", different=agents, seconds=seconds)
        swept = _swept(visits, clicks, recipients=recipients, domains=domains, seconds=seconds) - crowd
        words = f"the same address for {recipients} or more people at {domains} or more domains in {seconds:.0f} s"
        found.update({click.id: words for click in clicks if Visit.of(click) in swept})
    return found


def datacentre_sweep(case: Case, *, recipients: int, domains: int, seconds: float) -> Findings:
    """One address of a data centre that visits the mail of so many people within so many seconds, as one agent.

    They are of so many organisations, or opaque ids: at one company's remote desktops its people have one address.
    """
    if not case.nearby or not case.hosted:
        return {}
    found = {}
    for visits, clicks in _by_address(case):
        if clicks[0].id in case.hosted:
            opaque = frozenset(visit for visit in visits if not visit.organisation)
            swept = _swept(visits, clicks, recipients=recipients, domains=domains, seconds=seconds)
            swept |= _swept(visits, clicks, recipients=recipients, domains=1, seconds=seconds) & opaque
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
    """A link that the same visitor, or scanners' network, asked about by HEAD up to so many seconds before."""
    asked = [click for click in case.followed if click.method == "HEAD"]
    if not asked:
        return {}
    heads = _Moments(((where, link_of(click)), click.at) for click in asked if (where := place(case, click)))
    return {
        click.id: "the same link asked about by HEAD before"
        for click in case.followed
        if click.method == "GET" and heads.near((place(case, click), link_of(click)), click.at, before=seconds)
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
    here = grouped(case.followed, lambda click: click.ip)
    for ip in here.keys() & case.nearby.keys():
        elsewhere = (visit for visit in case.nearby[ip] if not visit.tampered)
        yield sorted((*elsewhere, *map(Visit.of, here[ip])), key=lambda visit: visit.at), here[ip]


def _swept(
    visits: Sequence[Visit], clicks: Iterable[Click], *, recipients: int, domains: int, seconds: float
) -> frozenset[Visit]:
    """The visits under these clicks' agents, each in a time with so many people, and at so many organisations."""
    swept: frozenset[Visit] = frozenset()
    for agent in {number_of(click.user_agent) for click in clicks}:
        alike = [visit for visit in visits if visit.agent == agent]
        people = _among(alike, "person", different=recipients, seconds=seconds)
        if people:
            known = [visit for visit in alike if visit.organisation] if domains > 1 else alike
            swept |= people & _among(known, "organisation", different=domains, seconds=seconds)
    return swept


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
