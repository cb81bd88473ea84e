"""What the same addresses did on other messages: of late from memory, and before that from analytics."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from clicktrail.judge.visits import Visit, names_a_visitor
from clicktrail.model.event import Click
from clicktrail.server.pipeline.visits import VisitsByAddress, windows
from clicktrail.server.ports import Analytics

__all__ = ["Nearby"]

REMEMBERED = 100_000
"""Visits kept at hand: those of the last two minutes, at 800 clicks a second."""

_NEVER = datetime.min.replace(tzinfo=UTC)


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

    async def of(self, clicks: Mapping[str, Sequence[Click]]) -> Mapping[str, Sequence[Visit]]:
        """The visits that are near to some clicks, by any name that those go by; their own are among them."""
        wanted = {name: tuple(windows(told)) for name, told in clicks.items()}
        if self._stored_until is None:
            self._stored_until = await self._analytics.last_visit() or _NEVER
        # What was visited since then and is not at hand, nobody has told of.
        old = {window for found in wanted.values() for window in found if window[1] <= self._stored_until}
        stored = VisitsByAddress(await self._analytics.visits(sorted(old)) if old else ())
        return {
            name: [visit for window in found for known in (self._recent, stored) for visit in known.within(window)]
            for name, found in wanted.items()
        }

    def shrink(self) -> None:
        """Let go what is too much to keep at hand: to be called when all of it is stored."""
        while len(self._arrived) > self._remembered:
            visit = self._arrived.popleft()
            self._recent.remove(visit)
            self._stored_until = max(self._stored_until or _NEVER, visit.at)
