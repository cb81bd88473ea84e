"""Judge recorded events by message."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick

_KEY_SEPARATOR: Final = "\x1f"
"""Occurs in no campaign's name and in no recipient."""


def message_key(event: AnyEvent) -> str:
    """Identify an event's message: by its ID, else by campaign and recipient, else by the event's own ID."""
    if event.message_id:
        return event.message_id
    return _KEY_SEPARATOR.join((event.campaign, event.recipient)) if event.recipient else event.id


def judge_messages(
    events: Iterable[AnyEvent], judge: Judge, address_clicks: Mapping[str, Iterable[AddressClick]]
) -> Iterator[tuple[Timeline, tuple[JudgedClick, ...]]]:
    """Judge every message, in the order of message keys; events may be in any order.

    ``address_clicks`` has, by message key, clicks on other messages from the same IP addresses.
    """
    events_by_message: dict[str, list[AnyEvent]] = {}
    for event in events:
        events_by_message.setdefault(message_key(event), []).append(event)
    for key, message_events in sorted(events_by_message.items()):
        timeline = Timeline.from_events(key, message_events)
        yield timeline, judge(timeline, address_clicks=address_clicks.get(key, ()))


def is_reportable(timeline: Timeline) -> bool:
    """Whether reports include the message: not if it consists of clicks whose tampered token names no message."""
    return any(event.message_id or event.campaign for event in timeline.events)
