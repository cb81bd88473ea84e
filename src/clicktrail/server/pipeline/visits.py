"""Visits by address, in the order of time."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from clicktrail.judge.visits import NEARBY, Visit, names_a_visitor
from clicktrail.model.event import Click

__all__ = ["VisitsByAddress", "Window", "windows"]

Window = tuple[str, datetime, datetime]
"""An address, and the first and the last instant at which it is looked at."""


class VisitsByAddress:
    """Any number of visits, each once."""

    def __init__(self, visits: Iterable[Visit] = ()) -> None:
        self._by_address: dict[str, list[Visit]] = {}
        for visit in visits:
            self.add(visit)

    def add(self, visit: Visit) -> bool:
        """Add a visit; False if it is here already."""
        visits = self._by_address.setdefault(visit.ip, [])
        same_time = visits[bisect_left(visits, visit.at, key=_at) : bisect_right(visits, visit.at, key=_at)]
        if visit in same_time:
            return False
        insort(visits, visit, key=_at)
        return True

    def remove(self, visit: Visit) -> None:
        """Take out a visit that is here."""
        visits = self._by_address[visit.ip]
        del visits[visits.index(visit, bisect_left(visits, visit.at, key=_at))]
        if not visits:
            del self._by_address[visit.ip]

    def within(self, window: Window) -> Sequence[Visit]:
        """The visits of a window, in the order of time."""
        address, since, until = window
        visits = self._by_address.get(address, ())
        return visits[bisect_left(visits, since, key=_at) : bisect_right(visits, until, key=_at)]


def windows(clicks: Iterable[Click]) -> Iterator[Window]:
    """When which addresses are looked at for the sake of these clicks: windows of one address do not overlap."""
    by_address: dict[str, list[datetime]] = {}
    for click in clicks:
        if names_a_visitor(click.ip):
            by_address.setdefault(click.ip, []).append(click.at)
    for address, times in by_address.items():
        since, until = None, None
        for at in sorted(times):
            if until is not None and since is not None and at - NEARBY > until:
                yield address, since, until
                since = None
            since = since or at - NEARBY
            until = at + NEARBY
        if since and until:
            yield address, since, until


def _at(visit: Visit) -> datetime:
    return visit.at
