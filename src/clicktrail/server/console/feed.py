"""What analytics has just stored, for whoever listens at that moment."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.ports import JudgedMessage

__all__ = ["MAX_QUEUED_CLICKS", "ClickFeed", "LiveClick", "Subscription"]

MAX_QUEUED_CLICKS = 1_000
"""Clicks that wait for a listener at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClick:
    """A click that has just got a verdict, or another one.

    Attributes:
        campaign: of its message.
        judged_click: the click and its verdict.
        previous_verdict: the verdict that it had until now; None if none.
    """

    campaign: str
    judged_click: JudgedClick
    previous_verdict: Verdict | None


class Subscription:
    """Somebody who listens, and misses the oldest clicks where they come faster than they are taken.

    Args:
        campaign: the one that they want to hear of; None for all.
        max_queue: clicks that wait for them at most.

    Attributes:
        dropped: how many clicks had to go.
    """

    def __init__(self, campaign: str | None, *, max_queue: int) -> None:
        self.dropped = 0
        self._campaign = campaign
        self._max_queue = max_queue
        self._queue: deque[LiveClick] = deque(maxlen=max_queue)
        self._change_event = asyncio.Event()
        self._closed = False

    async def wait_for_change(self) -> bool:
        """Wait until something was stored since the last call; False once nothing more will come."""
        await self._change_event.wait()
        if not self._closed:
            self._change_event.clear()
        return not self._closed

    def drain(self) -> list[LiveClick]:
        """The clicks since the last call; there may be none, where something else was stored."""
        clicks = list(self._queue)
        self._queue.clear()
        return clicks

    def publish(self, messages: Sequence[JudgedMessage]) -> None:
        """Hand on what they want to hear of."""
        wanted = [message for message in messages if self._campaign in {None, message.timeline.campaign}]
        if not wanted:
            return
        if self._max_queue:
            clicks = [click for message in wanted for click in _find_changed_clicks(message)]
            self.dropped += max(0, len(self._queue) + len(clicks) - self._max_queue)
            self._queue.extend(clicks)
        self._change_event.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._change_event.set()


class ClickFeed:
    """The port Announcements: hands on what was stored. Of anonymous clicks it hears nothing: no moment is theirs."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Tell all who listen. Nobody waits for them."""
        for listener in self._subscriptions:
            listener.publish(messages)

    @contextmanager
    def subscribe(self, campaign: str | None, *, max_queue: int = MAX_QUEUED_CLICKS) -> Iterator[Subscription]:
        """Listen for as long as the block lasts.

        Args:
            campaign: the one to hear of; None for all.
            max_queue: clicks that wait at most; with none one hears of changes alone.
        """
        listener = Subscription(campaign, max_queue=max_queue)
        self._subscriptions.add(listener)
        if self._closed:
            listener.close()
        try:
            yield listener
        finally:
            self._subscriptions.discard(listener)

    def close(self) -> None:
        """Let all who listen go; who comes later hears nothing."""
        self._closed = True
        for listener in self._subscriptions:
            listener.close()


def _find_changed_clicks(message: JudgedMessage) -> Iterator[LiveClick]:
    """Those that had no verdict, or another one: one that was judged again as before is no news."""
    for judged in message.clicks:
        before = message.previous_verdicts.get(judged.click.id)
        if before is not judged.verdict:
            yield LiveClick(campaign=message.timeline.campaign, judged_click=judged, previous_verdict=before)
