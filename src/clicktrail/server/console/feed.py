"""Publish clicks to subscribers of live streams when they are stored."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.ports import JudgedMessage

MAX_QUEUED_CLICKS = 1_000
"""Clicks that wait for a slow subscriber before the oldest are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveClick:
    """A click with a new or changed verdict.

    Attributes:
        previous_verdict: None for a new click.
    """

    campaign: str
    judged_click: JudgedClick
    previous_verdict: Verdict | None


class Subscription:
    """A bounded queue of live clicks for one subscriber. When it is full, the oldest clicks are dropped.

    Args:
        campaign: campaign whose clicks are published; None for all.
        queue_size: clicks that the queue holds; with 0, the subscriber is only notified that something was stored.
    """

    def __init__(self, campaign: str | None, *, queue_size: int) -> None:
        self.dropped = 0
        self._campaign = campaign
        self._queue_size = queue_size
        self._queue: deque[LiveClick] = deque(maxlen=queue_size)
        self._change_event = asyncio.Event()
        self._closed = False

    async def wait_for_change(self) -> bool:
        """Wait until something was stored since the last call. Returns False when the feed is closed."""
        await self._change_event.wait()
        if not self._closed:
            self._change_event.clear()
        return not self._closed

    def drain(self) -> list[LiveClick]:
        """Take all queued clicks. There are none if only other events were stored."""
        clicks = list(self._queue)
        self._queue.clear()
        return clicks

    def publish(self, messages: Sequence[JudgedMessage]) -> None:
        """Queue the new and changed clicks of stored messages, and notify the subscriber."""
        own_messages = [message for message in messages if self._campaign in {None, message.timeline.campaign}]
        if not own_messages:
            return
        if self._queue_size:
            clicks = [click for message in own_messages for click in _find_changed_clicks(message)]
            self.dropped += max(0, len(self._queue) + len(clicks) - self._queue_size)
            self._queue.extend(clicks)
        self._change_event.set()

    def close(self) -> None:
        """Notify the subscriber that the feed is closed."""
        self._closed = True
        self._change_event.set()


class ClickFeed:
    """The port `StoreObserver`: publishes stored clicks, except anonymous ones, whose time must stay unknown."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Publish to all subscribers, without waiting for them."""
        for subscription in self._subscriptions:
            subscription.publish(messages)

    @contextmanager
    def subscribe(self, campaign: str | None, *, queue_size: int = MAX_QUEUED_CLICKS) -> Iterator[Subscription]:
        """Subscribe until the context ends. The arguments are those of `Subscription`."""
        subscription = Subscription(campaign, queue_size=queue_size)
        self._subscriptions.add(subscription)
        if self._closed:
            subscription.close()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Close all subscriptions, also those that are made later."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()


def _find_changed_clicks(message: JudgedMessage) -> Iterator[LiveClick]:
    for judged in message.clicks:
        previous_verdict = message.previous_verdicts.get(judged.click.id)
        if previous_verdict is not judged.verdict:
            yield LiveClick(campaign=message.timeline.campaign, judged_click=judged, previous_verdict=previous_verdict)
