"""Visits by address, in the order of time, and which of them can make a difference to each other.

Thousands may visit from one address in a minute, and each of them looked at for the sake of each other one would be
millions. The judge's signals ask whether there are so many people, or organisations, about a click: so of each side of
it the nearest few tell as much as all of them.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Final, TypeVar

from clicktrail.judge.visits import NEARBY, Visit, in_time, names_a_visitor
from clicktrail.model.event import Click

__all__ = ["ENOUGH", "VisitsByAddress", "Window", "windows"]

ENOUGH: Final = 6
"""Other people, and their organisations, on either side of a click. No rule asks for as many."""

_CROWD: Final = 64
"""Visits by an address from which on they are kept by organisation as well."""

_FEW: Final = 12
"""Visits about a time that are given all, and organisations at an address that are looked up one by one: where there
are more, the next visits are of enough."""

Window = tuple[str, datetime, datetime]
"""An address, and the first and the last instant at which it is looked at."""


_Key = TypeVar("_Key", bound=Hashable)


class VisitsByAddress:
    """Any number of visits, each once."""

    def __init__(self, visits: Iterable[Visit] = ()) -> None:
        self._visits: dict[tuple[str, bool], list[Visit]] = {}
        self._organisations: dict[str, dict[str, list[Visit]]] = {}
        for visit in visits:
            self.add(visit)

    def add(self, visit: Visit) -> bool:
        """Add a visit; False if it is here already."""
        visits = self._visits.setdefault((visit.ip, visit.tampered), [])
        place = bisect_left(visits, in_time(visit), key=in_time)
        if visits[place : place + 1] == [visit]:
            return False
        visits.insert(place, visit)
        if visit.ip in self._organisations and not visit.tampered:
            insort(self._organisations[visit.ip].setdefault(visit.organisation, []), visit, key=_at)
        elif len(visits) > _CROWD and not visit.tampered:
            organisations = self._organisations[visit.ip] = {}
            for known in visits:
                organisations.setdefault(known.organisation, []).append(known)
        return True

    def remove(self, visit: Visit) -> None:
        """Take out a visit that is here."""
        _remove(self._visits, (visit.ip, visit.tampered), visit)
        if visit.ip in self._organisations and not visit.tampered:
            _remove(self._organisations[visit.ip], visit.organisation, visit)
            if not self._organisations[visit.ip]:
                del self._organisations[visit.ip]

    def of(self, address: str) -> Iterator[Visit]:
        """All the visits of an address."""
        for tampered in (False, True):
            yield from self._visits.get((address, tampered), ())

    def alone(self, address: str) -> bool:
        """Whether an address has made no more than one visit."""
        return sum(len(self._visits.get((address, tampered), ())) for tampered in (False, True)) <= 1

    def nearest(self, to: Visit) -> Iterator[Visit]:
        """Those visits that tell as much about one as all within `NEARBY` of it; some are for the same message."""
        visits = self._visits.get((to.ip, False), [])
        around = slice(*_bounds(visits, to))
        if around.stop - around.start <= _FEW:
            yield from (visit for visit in visits[around] if visit.message_id != to.message_id)
        else:
            yield from self._nearest_of_many(visits, to)
        if hidden := self._visits.get((to.ip, True)):
            for side in _sides(hidden, to):
                yield from islice(side, 1)

    def _nearest_of_many(self, visits: Sequence[Visit], to: Visit) -> Iterator[Visit]:
        for side in _sides(visits, to):
            yield from _different((visit for visit in side if visit.message_id != to.message_id), attrgetter("person"))
        organisations = self._organisations.get(to.ip)
        if organisations is None or len(organisations) > _FEW:
            for side in _sides(visits, to):
                yield from _different(side, attrgetter("organisation"))
            return
        for these in organisations.values():
            for side in _sides(these, to):
                yield from islice(side, 1)

    def touched(self, by: Visit) -> Iterator[str]:
        """The messages to whose clicks a visit can make a difference."""
        nearer = _sides(self._visits[by.ip, True], by) if by.tampered else ((), ())
        for side, hidden in zip(_sides(self._visits.get((by.ip, False), ()), by), nearer, strict=True):
            # Behind another damaged link this one tells nothing new.
            limit = next((abs(visit.at - by.at) for visit in hidden if visit != by), NEARBY)
            seen = (visit for visit in side if visit != by and abs(visit.at - by.at) <= limit)
            yield from (_told_apart(seen, by) if not by.tampered else (visit.message_id for visit in seen))


def windows(clicks: Iterable[Click]) -> Iterator[Window]:
    """When which addresses are looked at for the sake of these clicks: windows of one address do not overlap."""
    by_address: dict[str, list[datetime]] = {}
    for click in clicks:
        if names_a_visitor(click.ip):
            by_address.setdefault(click.ip, []).append(click.at)
    for address, times in by_address.items():
        first = last = min(times)
        for at in sorted(times):
            if at - last > 2 * NEARBY:
                yield address, first - NEARBY, last + NEARBY
                first = at
            last = at
        yield address, first - NEARBY, last + NEARBY


def _sides(visits: Sequence[Visit], of: Visit) -> Iterator[Iterator[Visit]]:
    """What was before a visit, and what was with it and after it, each from the nearest on."""
    first, last = _bounds(visits, of)
    middle = bisect_left(visits, of.at, lo=first, hi=last, key=_at)
    yield (visits[place] for place in range(middle - 1, first - 1, -1))
    yield (visits[place] for place in range(middle, last))


def _bounds(visits: Sequence[Visit], of: Visit) -> tuple[int, int]:
    """Where those within `NEARBY` of a visit begin and end."""
    first = bisect_left(visits, of.at - NEARBY, key=_at)
    return first, bisect_right(visits, of.at + NEARBY, lo=first, key=_at)


def _different(outward: Iterable[Visit], key: Callable[[Visit], str]) -> Iterator[Visit]:
    """Of visits from the nearest on: the first of each kind, until there are enough kinds."""
    seen: set[str] = set()
    for visit in outward:
        if key(visit) not in seen:
            yield visit
            seen.add(key(visit))
            if len(seen) >= ENOUGH:
                return


def _told_apart(outward: Iterator[Visit], by: Visit) -> Iterator[str]:
    """The other way round: messages of visits from the nearest on, until so much is between that no more is told."""
    people: set[str] = set()
    organisations: set[str] = set()
    for visit in outward:
        if visit.message_id != by.message_id:
            yield visit.message_id
        people.add(visit.person)
        organisations.add(visit.organisation)
        known = by.organisation in organisations or len(organisations) > ENOUGH
        if known and (by.person in people or len(people) > ENOUGH):
            return


def _remove(lists: dict[_Key, list[Visit]], key: _Key, visit: Visit) -> None:
    visits = lists[key]
    del visits[visits.index(visit, bisect_left(visits, visit.at, key=_at))]
    if not visits:
        del lists[key]


def _at(visit: Visit) -> datetime:
    return visit.at
