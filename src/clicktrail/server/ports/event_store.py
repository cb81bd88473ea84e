"""Store events and verdicts, and read them back to judge again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict


class RecordedEvent(NamedTuple):
    """An event and the journal line that it was decoded from."""

    line: bytes
    event: AnyEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMessage:
    """A message's timeline and verdicts on its clicks.

    Attributes:
        clicks: judged clicks; when stored, only those that are new or changed.
        previous_verdicts: verdicts that these replace, by click id. New clicks have none.
        has_message_events: False if no event other than a click is new: then only the clicks are stored.
    """

    timeline: Timeline
    clicks: tuple[JudgedClick, ...]
    previous_verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    has_message_events: bool = True

    @property
    def changed_clicks(self) -> tuple[tuple[Verdict, JudgedClick], ...]:
        """Changed clicks as (previous verdict, judged click)."""
        if not self.previous_verdicts:
            return ()
        pairs = ((self.previous_verdicts.get(judged.click.id), judged) for judged in self.clicks)
        return tuple((previous, judged) for previous, judged in pairs if previous and previous is not judged.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """The stored verdict on one click.

    Attributes:
        person: key that reports count unique clickers by: the recipient, or the message id if unknown.
        signals: names of the signals that gave points, highest points first.
        rules: versions of rules, network data and agent list.
    """

    click_id: str
    message_id: str
    person: str
    verdict: Verdict
    score: int
    counted: bool
    signals: tuple[str, ...]
    rules: str

    @classmethod
    def from_judged(cls, judged: JudgedClick, message_id: str) -> "StoredVerdict":
        """The verdict as it is stored for a judged click."""
        return cls(
            click_id=judged.click.id,
            message_id=message_id,
            person=judged.click.recipient or message_id,
            verdict=judged.verdict,
            score=judged.score,
            counted=judged.counted,
            signals=tuple(reason.signal for reason in judged.reasons),
            rules=judged.rules,
        )


class ErasedRows(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted of a recipient.

    Attributes:
        events: events of every type, clicks included.
        clicks: judged clicks, anonymous ones included.
    """

    events: int = 0
    clicks: int = 0


class EventStore(Protocol):
    """Events, messages and judged clicks.

    Storing is idempotent: events are keyed by event id, messages by message id, judged clicks by click id. Of two
    rows with the same key, the later one replaces the earlier.
    """

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """Return the timelines of messages by message id; a message without events has an empty timeline.

        A timeline has the first `MAX_CLICKS_JUDGED_TOGETHER` clicks of the message and their engagements, and as many
        of its other events. If all timelines are too many for memory, those of some messages are returned, at least
        one: request the others again.
        """

    async def clicks_by_id(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Click]:
        """Return the clicks of messages with these ids."""

    async def engagements(self, message_ids: Iterable[str], click_ids: Iterable[str]) -> Sequence[Engagement]:
        """Return the engagements of clicks; of very many of one click, the first."""

    async def interval_clicks(self, intervals: Iterable[tuple[str, datetime]], *, limit: int) -> Sequence[Click]:
        """Return the first clicks of messages in intervals.

        Args:
            intervals: (message id, start of an `INTERVAL`).
            limit: maximum number of clicks in one interval.
        """

    async def later_clicks(self, message_id: str, *, after: Click, limit: int) -> Sequence[Click]:
        """Return the next clicks of a message after one of its clicks, by time and id."""

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        """Return the clicks of IP addresses in time windows, in chronological order, without duplicates.

        Of each IP address, only the first `MAX_CLICKS_PER_INTERVAL` clicks of every `INTERVAL` need to be returned.
        Clicks on tampered tokens are included. Clicks with shortened IP addresses and erased clicks are not.

        Args:
            windows: (IP address, first instant, last instant), aware, both inclusive.
        """

    async def last_click_at(self) -> datetime | None:
        """Return the time of the latest click; None if there are no clicks."""

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, part_count: int
    ) -> Sequence[StoredVerdict]:
        """Return the verdicts on all clicks of one part of a campaign's messages.

        Args:
            campaign: name of the campaign.
            since: only messages with a click at this time or later, aware; None for all messages.
            part: number of the part, from 0.
            part_count: number of parts. A message's part depends on its id only.
        """

    async def current_verdicts(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        """Return the stored verdicts on the clicks of stored timelines, by click id. Unjudged clicks are left out."""

    async def store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick] = (),
    ) -> None:
        """Store events, the judged messages they affect, and anonymous clicks.

        Storing the same batch again adds no changed verdict to the history twice.

        Raises:
            StorageError: nothing or only a part was stored; it is safe to repeat the call.
        """

    async def erase(self, recipient: str) -> ErasedRows:
        """Delete a recipient's events and clicks, and the history of these clicks, from tables and files.

        An address is also found in the URLs and other texts of events. The recipient's messages still count as sent.

        Raises:
            StorageError: some may be left; it is safe to repeat the call.
        """

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Replace IP addresses before a time with their networks: ``192.0.2.0/24``, ``2001:db8::/48``.

        Raises:
            StorageError: some may be left unshortened; it is safe to repeat the call.
        """


class StoreObserver(Protocol):
    """Is notified of judged clicks once they are stored."""

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Handle messages with the clicks that are new or were judged again. Must not raise."""
