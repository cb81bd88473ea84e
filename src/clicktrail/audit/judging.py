"""Group events by message and judge each message as the running system does."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clicktrail.judge import Judge
from clicktrail.judge.visits import Visit
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick

__all__ = ["is_reported", "judged_messages", "message_of"]

_BETWEEN: Final = "\x1f"
"""Stands in no campaign's name and in no recipient's."""


def message_of(event: AnyEvent) -> str:
    """What names an event's message: its id; else campaign and recipient; else the event, alone."""
    if event.message_id:
        return event.message_id
    return _BETWEEN.join((event.campaign, event.recipient)) if event.recipient else event.id


def judged_messages(
    events: Iterable[AnyEvent], judge: Judge, nearby: Mapping[str, Iterable[Visit]]
) -> Iterator[tuple[Timeline, tuple[JudgedClick, ...]]]:
    """Every message among these events with the verdicts on its clicks, by name, whatever order the events come in.

    Args:
        events: all there are of these messages.
        judge: gives every click of a timeline its verdict.
        nearby: by message, what its addresses did on other messages.
    """
    messages: dict[str, list[AnyEvent]] = {}
    for event in events:
        messages.setdefault(message_of(event), []).append(event)
    for name, told in sorted(messages.items()):
        timeline = Timeline.of(name, told)
        yield timeline, judge(timeline, nearby=nearby.get(name, ()))


def is_reported(timeline: Timeline) -> bool:
    """Whether a message is one: a click on a damaged token names neither message nor campaign, nor does a report."""
    return any(event.message_id or event.campaign for event in timeline.events)
