"""What the same addresses did on other messages: of late from memory, and before that from analytics."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Final, TypeVar

from clicktrail.judge.address_activity import NEARBY, Visit, in_time, names_a_visitor
from clicktrail.model.event import Click
from clicktrail.server.ports import Analytics

__all__ = ["ENOUGH", "Nearby", "VisitsByAddress", "Window", "windows"]

# FOLDED visits.py: Visits by address, in the order of time, and which of them can make a difference to each
# other.
#
# Thousands may visit from one address in a minute, and each of them looked at for the sake of each other one
# would be
# millions. The judge's signals ask whether there are so many people, or organisations, or agents, about a
# click: so of
# each side of it the nearest few tell as much as all of them.

ENOUGH: Final = 6
"""Other people, and their organisations and agents, on either side of a click. No rule asks for as many."""

_FEW: Final = 12
"""Visits about a time that are given all, and kinds of them that are looked up one by one: where there are more, the
next visits are of enough. Of an address that has made more, visits are kept by kind as well."""

Window = tuple[str, datetime, datetime]
"""An address, and the first and the last instant at which it is looked at."""


_Key = TypeVar("_Key", bound=Hashable)


class VisitsByAddress:
    """Any number of visits, each once."""

    def __init__(self, visits: Iterable[Visit] = ()) -> None:
        self._visits: dict[tuple[str, bool], list[Visit]] = {}
        self._crowds: dict[tuple[str, bool], _Crowd] = {}
        for visit in visits:
            self.add(visit)

    def add(self, visit: Visit) -> bool:
        """Add a visit; False if it is here already."""
        address = visit.ip, visit.tampered
        visits = self._visits.setdefault(address, [])
        place = bisect_left(visits, in_time(visit), key=in_time)
        if visits[place : place + 1] == [visit]:
            return False
        visits.insert(place, visit)
        if crowd := self._crowds.get(address):
            crowd.add(visit)
        return True

    def remove(self, visit: Visit) -> None:
        """Take out a visit that is here."""
        address = visit.ip, visit.tampered
        _remove(self._visits, address, visit)
        if address not in self._visits:
            self._crowds.pop(address, None)
        elif crowd := self._crowds.get(address):
            crowd.remove(visit)

    def of(self, address: str) -> Iterator[Visit]:
        """All the visits of an address."""
        for tampered in (False, True):
            yield from self._visits.get((address, tampered), ())

    def alone(self, address: str) -> bool:
        """Whether an address has made no more than one visit."""
        return len(self._visits.get((address, False), ())) + len(self._visits.get((address, True), ())) <= 1

    def nearest(self, to: Visit) -> Iterator[Visit]:
        """Those visits that tell as much about one as all within `NEARBY` of it; some are for the same message."""
        visits = self._visits.get((to.ip, False), [])
        around = slice(*_bounds(visits, to))
        if around.stop - around.start <= _FEW:
            yield from (visit for visit in visits[around] if visit.message_id != to.message_id)
        else:
            yield from self._crowd((to.ip, False)).nearest(to, visits)
        if hidden := self._visits.get((to.ip, True)):
            for side in chain(_sides(hidden, to), _sides(self._alike(to, tampered=True), to)):
                yield from islice(side, 1)

    def touched(self, by: Visit) -> Iterator[str]:
        """The messages to whose clicks a visit can make a difference."""
        visits = self._visits.get((by.ip, False), [])
        if by.tampered:
            yield from self._uncovered(visits, by)
            return
        for side in _sides(visits, by):
            yield from _told_apart(side, by, (attrgetter("agent"),))
        for side in _sides(self._alike(by, tampered=False), by):
            yield from _told_apart(side, by, (attrgetter("person"), attrgetter("organisation")))

    def _uncovered(self, visits: Sequence[Visit], by: Visit) -> Iterator[str]:
        """The messages of visits to which another damaged link of the same agent is not nearer than this one."""
        others = _sides(self._alike(by, tampered=True), by)
        for side, hidden in zip(_sides(visits, by), others, strict=True):
            limit = next((abs(visit.at - by.at) for visit in hidden if visit != by), NEARBY)
            yield from (visit.message_id for visit in side if abs(visit.at - by.at) <= limit)

    def _alike(self, to: Visit, *, tampered: bool) -> Sequence[Visit]:
        """Those of the same address and agent, in the order of time."""
        visits = self._visits.get((to.ip, tampered), [])
        if len(visits) > _FEW:
            return self._crowd((to.ip, tampered)).alike(to)
        return [visit for visit in visits if visit.agent == to.agent]

    def _crowd(self, address: tuple[str, bool]) -> "_Crowd":
        """An address's visits by kind, kept from the first time on that somebody asks."""
        if address not in self._crowds:
            self._crowds[address] = _Crowd(self._visits[address])
        return self._crowds[address]


class _Crowd:
    """The visits of an address by agent, and those of an agent by organisation."""

    def __init__(self, visits: Iterable[Visit]) -> None:
        self._agents: dict[int, list[Visit]] = {}
        self._organisations: dict[int, dict[str, list[Visit]]] = {}
        for visit in visits:
            self.add(visit)

    def add(self, visit: Visit) -> None:
        """Add a visit that is not here."""
        insort(self._agents.setdefault(visit.agent, []), visit, key=_at)
        insort(self._organisations.setdefault(visit.agent, {}).setdefault(visit.organisation, []), visit, key=_at)

    def remove(self, visit: Visit) -> None:
        """Take out a visit that is here."""
        _remove(self._agents, visit.agent, visit)
        _remove(self._organisations[visit.agent], visit.organisation, visit)
        if not self._organisations[visit.agent]:
            del self._organisations[visit.agent]

    def alike(self, to: Visit) -> Sequence[Visit]:
        """Those of the same agent, in the order of time."""
        return self._agents.get(to.agent, ())

    def nearest(self, to: Visit, visits: Sequence[Visit]) -> Iterator[Visit]:
        """The nearest agents, and of its own agent the nearest people and organisations."""
        for side in _sides(self.alike(to), to):
            yield from _different((visit for visit in side if visit.message_id != to.message_id), attrgetter("person"))
        yield from _nearest_kinds(self._agents, visits, to, attrgetter("agent"))
        organisations = self._organisations.get(to.agent, {})
        yield from _nearest_kinds(organisations, self.alike(to), to, attrgetter("organisation"))


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


def _nearest_kinds(
    kinds: Mapping[_Key, Sequence[Visit]], visits: Sequence[Visit], to: Visit, kind: Callable[[Visit], Hashable]
) -> Iterator[Visit]:
    """On each side the nearest visit of each kind, or of enough kinds where there are many."""
    if len(kinds) <= _FEW:
        for of_a_kind in kinds.values():
            for side in _sides(of_a_kind, to):
                yield from islice(side, 1)
        return
    for side in _sides(visits, to):
        yield from _different(side, kind)


def _different(outward: Iterable[Visit], kind: Callable[[Visit], Hashable]) -> Iterator[Visit]:
    """Of visits from the nearest on: the first of each kind, until there are enough kinds."""
    seen: set[Hashable] = set()
    for visit in outward:
        if kind(visit) not in seen:
            yield visit
            seen.add(kind(visit))
            if len(seen) >= ENOUGH:
                return


def _told_apart(outward: Iterable[Visit], by: Visit, kinds: Sequence[Callable[[Visit], Hashable]]) -> Iterator[str]:
    """The other way round: messages of visits from the nearest on, until so much is between that no more is told."""
    seen: list[set[Hashable]] = [set() for _ in kinds]
    for visit in outward:
        if visit == by:
            continue
        if visit.message_id != by.message_id:
            yield visit.message_id
        for kind, known in zip(kinds, seen, strict=True):
            known.add(kind(visit))
        if all(kind(by) in known or len(known) > ENOUGH for kind, known in zip(kinds, seen, strict=True)):
            return


def _remove(lists: dict[_Key, list[Visit]], key: _Key, visit: Visit) -> None:
    visits = lists[key]
    del visits[visits.index(visit, bisect_left(visits, visit.at, key=_at))]
    if not visits:
        del lists[key]


def _at(visit: Visit) -> datetime:
    return visit.at


REMEMBERED = 100_000
"""Visits kept at hand: those of the last two minutes, at 800 clicks a second."""

_NEVER = datetime.min.replace(tzinfo=UTC)

_Known = Callable[[str], VisitsByAddress]
"""By address, where its visits are."""


class Nearby:
    """Knows the visits of every address.

    Args:
        analytics: where visits are stored.
        remembered: how many of the latest to keep at hand.
    """

    def __init__(self, analytics: Analytics, *, remembered: int = REMEMBERED) -> None:
        self._analytics = analytics
        self._remembered = remembered
        self.forget()

    def forget(self) -> None:
        """Have nothing at hand."""
        self._arrived: deque[Visit] = deque()
        self._recent = VisitsByAddress()
        self._stored_until: datetime | None = None

    def add(self, clicks: Iterable[Click]) -> None:
        """Take note of clicks. One that is known leaves no trace."""
        for visit in (Visit.of(click) for click in clicks if names_a_visitor(click.ip)):
            if self._recent.add(visit):
                self._arrived.append(visit)

    async def touched(self, clicks: Sequence[Click]) -> set[str]:
        """The messages to which these clicks can make a difference, by clicks of the same addresses."""
        known = await self._known(clicks)
        return {message_id for visit in _in_company(clicks, known) for message_id in known(visit.ip).touched(visit)} - {
            ""
        }

    async def of(self, clicks: Mapping[str, Sequence[Click]]) -> Mapping[str, set[Visit]]:
        """By message: the visits on other messages that can make a difference to its clicks, which are known by now."""
        known = await self._known(click for told in clicks.values() for click in told)
        return {
            message_id: {
                other
                for visit in _in_company(told, known)
                for other in known(visit.ip).nearest(visit)
                if other.message_id != message_id
            }
            for message_id, told in clicks.items()
        }

    def forget_old(self, *, before: datetime) -> None:
        """Have nothing at hand of before a time: to be called when all of it is stored."""
        for visit in self._arrived:
            if visit.at < before:
                self._let_go(visit)
        self._arrived = deque(visit for visit in self._arrived if visit.at >= before)

    def shrink(self) -> None:
        """Let go what is too much to keep at hand: to be called when all of it is stored."""
        while len(self._arrived) > self._remembered:
            self._let_go(self._arrived.popleft())

    def _let_go(self, visit: Visit) -> None:
        self._recent.remove(visit)
        self._stored_until = max(self._stored_until or _NEVER, visit.at)

    async def _known(self, clicks: Iterable[Click]) -> _Known:
        """Where to look for the visits of an address about the time of its clicks."""
        if self._stored_until is None:
            self._stored_until = await self._analytics.last_visit() or _NEVER
        # What was visited since then and is not at hand, nobody has told of.
        since = self._stored_until + NEARBY
        old = [*windows(click for click in clicks if click.at <= since)]
        if not old:
            return lambda _address: self._recent
        both = VisitsByAddress(await self._analytics.visits(old))
        addresses = {address for address, _, _ in old}
        for address in addresses:
            for visit in self._recent.of(address):
                both.add(visit)
        return lambda address: both if address in addresses else self._recent


def _in_company(clicks: Iterable[Click], known: _Known) -> Iterator[Visit]:
    """The visits by addresses that have made others."""
    for click in clicks:
        if names_a_visitor(click.ip) and not known(click.ip).alone(click.ip):
            yield Visit.of(click)
