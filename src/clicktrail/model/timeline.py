"""One message's events, in the order in which they happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.event import AnyEvent, Click, Delivered, Engagement, Sent

__all__ = ["Timeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that is known of one message.

    Attributes:
        message_id: our id of the message.
        events: sorted by time, then id; each id once.
    """

    message_id: str
    events: tuple[AnyEvent, ...]

    @classmethod
    def from_events(cls, message_id: str, events: Iterable[AnyEvent]) -> "Timeline":
        """Bring events into order and drop those that are told twice, whatever order they come in."""
        by_id = {event.id: event for event in events}
        return cls(
            message_id=message_id,
            events=tuple(sorted(by_id.values(), key=lambda event: (event.at, event.id))),
        )

    def with_events(self, events: Iterable[AnyEvent]) -> "Timeline":
        """This timeline and further events."""
        return Timeline.from_events(self.message_id, (*self.events, *events))

    @property
    def clicks(self) -> tuple[Click, ...]:
        """Every request, HEAD and prefetch among them."""
        return tuple(event for event in self.events if isinstance(event, Click))

    @property
    def engagements(self) -> tuple[Engagement, ...]:
        """What landing pages told us."""
        return tuple(event for event in self.events if isinstance(event, Engagement))

    @property
    def sent(self) -> Sent | None:
        """When and how the message left, if we know."""
        for event in self.events:  # asked many times for each click: no generator
            if isinstance(event, Sent):
                return event
        return None

    @property
    def campaign(self) -> str:
        """What the message was sent under; where nobody told of its sending, what the first event to name one says."""
        if sent := self.sent:
            return sent.campaign
        return next((event.campaign for event in self.events if event.campaign), "")

    @property
    def arrived_at(self) -> datetime | None:
        """When a click became possible: the delivery where known, else the sending."""
        delivered = next((event for event in self.events if isinstance(event, Delivered)), None)
        known = delivered or self.sent
        return known.at if known else None
