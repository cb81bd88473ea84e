"""Clicks as they get their verdicts, for whoever listens at that moment."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.ports import JudgedMessage

__all__ = ["ROOM", "Listener", "LiveClick", "LiveClicks"]

ROOM = 1_000
"""Clicks that wait for a listener at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClick:
    """A click that has just got a verdict, or another one.

    Attributes:
        campaign: of its message.
        judged: the click and its verdict.
        before: the verdict that it had until now; None if none.
    """

    campaign: str
    judged: JudgedClick
    before: Verdict | None


class Listener:
    """Somebody who listens, and misses the oldest clicks where they come faster than they are taken.

    Args:
        campaign: the one whose clicks they want to hear of; None for all.

    Attributes:
        missed: how many clicks had to go.
    """

    def __init__(self, campaign: str | None) -> None:
        self.missed = 0
        self._campaign = campaign
        self._clicks: deque[LiveClick] = deque(maxlen=ROOM)
        self._news = asyncio.Event()
        self._ended = False

    async def heard(self) -> list[LiveClick]:
        """The clicks since the last call, as soon as there are any; none once nothing more will come."""
        await self._news.wait()
        clicks = list(self._clicks)
        self._clicks.clear()
        if not self._ended:
            self._news.clear()
        return clicks

    def tell(self, clicks: Sequence[LiveClick]) -> None:
        """Hand on what they want to hear of."""
        wanted = [click for click in clicks if self._campaign in {None, click.campaign}]
        if wanted:
            self.missed += max(0, len(self._clicks) + len(wanted) - ROOM)
            self._clicks.extend(wanted)
            self._news.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._news.set()


class LiveClicks:
    """The port Announcements: hands each verdict on once it is stored. Anonymous clicks have no moment to tell of."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._ended = False

    def stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Tell all who listen. Nobody waits for them."""
        if not self._listeners:
            return
        clicks = [
            LiveClick(campaign=message.timeline.campaign, judged=judged, before=message.before.get(judged.click.id))
            for message in messages
            for judged in message.clicks
        ]
        for listener in self._listeners:
            listener.tell(clicks)

    @contextmanager
    def listening(self, campaign: str | None) -> Iterator[Listener]:
        """Listen for as long as the block lasts.

        Args:
            campaign: the one to hear of; None for all.
        """
        listener = Listener(campaign)
        self._listeners.add(listener)
        if self._ended:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def end(self) -> None:
        """Let all who listen go; who comes later hears nothing."""
        self._ended = True
        for listener in self._listeners:
            listener.end()
