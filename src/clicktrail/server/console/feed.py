"""What analytics has just stored, for whoever listens at that moment."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.ports import JudgedMessage

__all__ = ["ROOM", "Feed", "Listener", "LiveClick"]

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
        campaign: the one that they want to hear of; None for all.
        room: clicks that wait for them at most.

    Attributes:
        missed: how many clicks had to go.
    """

    def __init__(self, campaign: str | None, *, room: int) -> None:
        self.missed = 0
        self._campaign = campaign
        self._room = room
        self._clicks: deque[LiveClick] = deque(maxlen=room)
        self._changed = asyncio.Event()
        self._ended = False

    async def changed(self) -> bool:
        """Wait until something was stored since the last call; False once nothing more will come."""
        await self._changed.wait()
        if not self._ended:
            self._changed.clear()
        return not self._ended

    def take(self) -> list[LiveClick]:
        """The clicks since the last call; there may be none, where something else was stored."""
        clicks = list(self._clicks)
        self._clicks.clear()
        return clicks

    def tell(self, messages: Sequence[JudgedMessage]) -> None:
        """Hand on what they want to hear of."""
        wanted = [message for message in messages if self._campaign in {None, message.timeline.campaign}]
        if not wanted:
            return
        if self._room:
            clicks = [click for message in wanted for click in _clicks_of(message)]
            self.missed += max(0, len(self._clicks) + len(clicks) - self._room)
            self._clicks.extend(clicks)
        self._changed.set()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._changed.set()


class Feed:
    """The port Announcements: hands on what was stored. Of anonymous clicks it hears nothing: no moment is theirs."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._ended = False

    def stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Tell all who listen. Nobody waits for them."""
        for listener in self._listeners:
            listener.tell(messages)

    @contextmanager
    def listening(self, campaign: str | None, *, room: int = ROOM) -> Iterator[Listener]:
        """Listen for as long as the block lasts.

        Args:
            campaign: the one to hear of; None for all.
            room: clicks that wait at most; with none one hears of changes alone.
        """
        listener = Listener(campaign, room=room)
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


def _clicks_of(message: JudgedMessage) -> Iterator[LiveClick]:
    """Those that had no verdict, or another one: one that was judged again as before is no news."""
    for judged in message.clicks:
        before = message.before.get(judged.click.id)
        if before is not judged.verdict:
            yield LiveClick(campaign=message.timeline.campaign, judged=judged, before=before)
