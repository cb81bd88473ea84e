"""The events of one message, ordered by time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clicktrail.model.event import AnyEvent, Bounced, Click, Delivered, Engagement, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All known events of one message, sorted by time, then id; each id once.

    Attributes:
        clicks: all requests, including HEAD and prefetches.
    """

    message_id: str
    events: tuple[AnyEvent, ...]
    clicks: tuple[Click, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Select the clicks, which are read many times for each click."""
        object.__setattr__(self, "clicks", tuple(event for event in self.events if isinstance(event, Click)))

    @classmethod
    def from_events(cls, message_id: str, events: Iterable[AnyEvent]) -> "Timeline":
        """Order events and drop duplicate ids."""
        by_id = {event.id: event for event in events}
        return cls(message_id=message_id, events=tuple(sorted(by_id.values(), key=lambda event: (event.at, event.id))))

    def with_events(self, events: Iterable[AnyEvent]) -> "Timeline":
        """Return this timeline with more events."""
        return Timeline.from_events(self.message_id, (*self.events, *events))

    def first_clicks(self, limit: int) -> "Timeline":
        """Return this timeline with only the first ``limit`` clicks, and the engagements that belong to them.

        The message's first engagement stays too, so that the message keeps having one.
        """
        clicks = self.clicks
        if len(clicks) < limit:
            return self
        kept_ids = {click.id for click in clicks[:limit]}
        first_engagement = next(iter(self.engagements), None)
        return Timeline(
            message_id=self.message_id,
            events=tuple(
                event
                for event in self.events
                if not isinstance(event, Click | Engagement)
                or (event.id if isinstance(event, Click) else event.click_id) in kept_ids
                or event is first_engagement
            ),
        )

    def split(self, groups: Iterable[Sequence[Click]], engagements: Iterable[Engagement]) -> Iterator["Timeline"]:
        """Yield a timeline for each group of clicks, with their engagements and the message's sending and delivery.

        Also with its bounces.
        """
        engagements_by_click: dict[str, list[Engagement]] = {}
        for engagement in engagements:
            engagements_by_click.setdefault(engagement.click_id, []).append(engagement)
        message_events = tuple(event for event in (self.sent, self.delivered, *self.bounces) if event)
        for clicks in groups:
            own_engagements = (event for click in clicks for event in engagements_by_click.get(click.id, ()))
            yield Timeline.from_events(self.message_id, (*message_events, *clicks, *own_engagements))

    @property
    def engagements(self) -> tuple[Engagement, ...]:
        """Reports of landing pages."""
        return tuple(event for event in self.events if isinstance(event, Engagement))

    @property
    def sent(self) -> Sent | None:
        """The `sent` event; None if there is none."""
        for event in self.events:  # read many times for each click; a generator is slower
            if isinstance(event, Sent):
                return event
        return None

    @property
    def delivered(self) -> Delivered | None:
        """The first delivery; None if there is none."""
        return next((event for event in self.events if isinstance(event, Delivered)), None)

    @property
    def bounces(self) -> tuple[Bounced, ...]:
        """Permanent refusals by the recipients' servers."""
        return tuple(event for event in self.events if isinstance(event, Bounced))

    @property
    def campaign(self) -> str:
        """Campaign of the `sent` event, else of the first event that has one."""
        if sent := self.sent:
            return sent.campaign
        return next((event.campaign for event in self.events if event.campaign), "")

    @property
    def arrived_at(self) -> datetime | None:
        """Earliest time at which the recipient could click: delivery if known, else sending."""
        known = self.delivered or self.sent
        return known.at if known else None
