"""What the same addresses did on other messages: of late from memory, and before that from analytics."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from clicktrail.judge.visits import NEARBY, Visit, names_a_visitor
from clicktrail.model.event import Click
from clicktrail.server.pipeline.visits import VisitsByAddress, windows
from clicktrail.server.ports import Analytics

__all__ = ["Nearby"]

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
