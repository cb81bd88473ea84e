"""Judged messages: what a batch changes in them, and the cache of those that were judged recently."""

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import AnyEvent, Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.address_history import has_shortened_ip_address
from clicktrail.server.pipeline.later_clicks import LaterEvents
from clicktrail.server.ports import JudgedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSnapshot:
    """A message as it was before a batch.

    Attributes:
        judged_clicks: its judged clicks by id; empty if the message was not cached.
        previous_verdicts: verdicts by click id; may contain clicks of other messages.
    """

    timeline: Timeline
    judged_clicks: Mapping[str, JudgedClick] = field(default_factory=dict)
    previous_verdicts: Mapping[str, Verdict]

    @classmethod
    def from_cache(cls, message: JudgedMessage) -> "MessageSnapshot":
        """Make a snapshot of a message that was judged recently."""
        judged_clicks = {judged.click.id: judged for judged in message.clicks}
        verdicts = {click_id: judged.verdict for click_id, judged in judged_clicks.items()}
        return cls(timeline=message.timeline, judged_clicks=judged_clicks, previous_verdicts=verdicts)

    def changed_verdicts(self, message: JudgedMessage, batch_click_ids: Container[str]) -> JudgedMessage:
        """Return the message with only the clicks whose verdicts must be stored, and their previous verdicts.

        A click whose IP address was shortened keeps its verdict, which was computed with the full address.
        """
        # A click is stored with its campaign, so a change of campaign changes every click.
        is_same = self.judged_clicks and self.timeline.campaign == message.timeline.campaign
        stored = self.judged_clicks if is_same else {}
        changed = [
            judged
            for judged in message.clicks
            if judged != stored.get(judged.click.id)
            and (judged.click.id in batch_click_ids or not has_shortened_ip_address(judged.click))
        ]
        previous = {judged.click.id: self.previous_verdicts.get(judged.click.id) for judged in changed}
        return JudgedMessage(
            timeline=message.timeline,
            clicks=tuple(changed),
            previous_verdicts={click_id: verdict for click_id, verdict in previous.items() if verdict},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageUpdate:
    """What a batch adds to a message.

    Attributes:
        timeline: the message with the batch's events, but only the first `MAX_CLICKS_JUDGED_TOGETHER` clicks.
        later_events: clicks of the batch after those, clicks that were among them before, and engagements of others;
            None if there are none.
        is_affected: whether the verdicts on the first clicks can change.
    """

    snapshot: MessageSnapshot
    timeline: Timeline
    later_events: LaterEvents | None
    is_affected: bool

    @classmethod
    def from_events(
        cls, snapshot: MessageSnapshot, events: Sequence[AnyEvent], *, affected_at: datetime | None
    ) -> "MessageUpdate":
        """Add events to a message.

        Args:
            snapshot: the message before.
            events: events of the batch.
            affected_at: time of the first click whose verdict clicks on other messages can change; None without one.
        """
        complete = snapshot.timeline.with_events(events)
        timeline = complete.first_clicks(MAX_CLICKS_JUDGED_TOGETHER)
        if timeline is complete:
            return cls(snapshot=snapshot, timeline=timeline, later_events=None, is_affected=True)
        clicks = timeline.clicks
        first_click_ids = {click.id for click in clicks}

        def is_later(event: AnyEvent) -> bool:
            if isinstance(event, Engagement):
                return event.click_id not in first_click_ids
            return isinstance(event, Click) and event.id not in first_click_ids

        later = {event.id: event for event in (*events, *snapshot.timeline.clicks) if is_later(event)}.values()
        later_events = LaterEvents(
            timeline=timeline,
            clicks=[event for event in later if isinstance(event, Click)],
            engagements=[event for event in later if isinstance(event, Engagement)],
        )
        is_affected = (
            not snapshot.judged_clicks
            or timeline.events != snapshot.timeline.events
            or not all(map(is_later, events))
            or (affected_at is not None and affected_at <= clicks[-1].at)
        )
        return cls(
            snapshot=snapshot,
            timeline=timeline,
            later_events=later_events if later else None,
            is_affected=is_affected,
        )


class MessageCache:
    """LRU cache of judged messages. A message's clicks come in bursts, and most messages are not clicked again.

    Args:
        size: number of messages.
        max_clicks: number of clicks of all messages together.
    """

    def __init__(self, size: int, *, max_clicks: int) -> None:
        self._size = size
        self._max_clicks = max_clicks
        self.clear()

    def clear(self) -> None:
        """Evict all messages."""
        self._messages: OrderedDict[str, JudgedMessage] = OrderedDict()
        self._click_count = 0

    def get_many(self, message_ids: Iterable[str]) -> dict[str, JudgedMessage]:
        """Return those of the messages that are cached, by id."""
        return {message_id: self._messages[message_id] for message_id in message_ids if message_id in self._messages}

    def add(self, messages: Iterable[JudgedMessage]) -> None:
        """Add or replace messages, and evict the least recently judged ones above the cache size."""
        for message in messages:
            self._remove(message.timeline.message_id)
            self._messages[message.timeline.message_id] = message
            self._click_count += len(message.clicks)
        while len(self._messages) > self._size or self._click_count > self._max_clicks:
            self._remove(next(iter(self._messages)))

    def touch(self, message_ids: Iterable[str]) -> None:
        """Note that cached messages were used, so that they are evicted later."""
        for message_id in message_ids:
            if message_id in self._messages:
                self._messages.move_to_end(message_id)

    def evict_before(self, *, before: datetime) -> None:
        """Evict the messages with a click before a time."""
        for message_id, message in tuple(self._messages.items()):
            if any(judged.click.at < before for judged in message.clicks):
                self._remove(message_id)

    def _remove(self, message_id: str) -> None:
        if message := self._messages.pop(message_id, None):
            self._click_count -= len(message.clicks)
