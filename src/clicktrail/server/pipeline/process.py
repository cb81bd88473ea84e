"""Journal in, judged messages out.

A batch of the journal's lines is grouped by message, each message's timeline is completed and judged as a whole, with
those that the same addresses visited at the same time, and all of it is stored before the journal's cursor moves on.
Whatever fails on the way, the same batch comes again; since storing the same again changes nothing, every event counts,
and none counts twice.
"""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clicktrail.errors import EventError
from clicktrail.judge import Judge
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.address_history import Nearby
from clicktrail.server.pipeline.shared_address import AddressWatch
from clicktrail.server.ports import Analytics, Entry, JournalReader, JudgedMessage

__all__ = ["Known", "Processor", "RecentMessages"]

# FOLDED news.py: What a batch makes of a message, against what was known of it before.


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message before a batch.

    Attributes:
        timeline: what had been told of it.
        judged: its clicks as they were judged, by id; empty where the message was not at hand.
        verdicts: those that stand, by click id. Other messages' may be among them.
    """

    timeline: Timeline
    judged: Mapping[str, JudgedClick] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict]

    @classmethod
    def at_hand(cls, message: JudgedMessage) -> "Known":
        """A message that was judged lately."""
        judged = {of.click.id: of for of in message.clicks}
        return cls(timeline=message.timeline, judged=judged, verdicts={name: of.verdict for name, of in judged.items()})

    def news(self, message: JudgedMessage, told: Container[str]) -> JudgedMessage:
        """The message with those verdicts alone that analytics may not have, and the ones that stood until now.

        Of an old click only the network is kept, and so the verdict stands that was given when more was known.

        Args:
            message: as it is judged now.
            told: clicks of the batch, by id.
        """
        stored = self.judged if self.timeline.campaign == message.timeline.campaign else {}
        news = [
            judged
            for judged in message.clicks
            if judged != stored.get(judged.click.id) and ("/" not in judged.click.ip or judged.click.id in told)
        ]
        before = {name: verdict for judged in news if (verdict := self.verdicts.get(name := judged.click.id))}
        return JudgedMessage(timeline=message.timeline, clicks=tuple(news), before=before)


# FOLDED recent.py: The messages that were judged last: a message's clicks come in bursts, and most are never
# heard of again.


class RecentMessages:
    """Messages at hand, the latest of them.

    Args:
        size: how many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_message: OrderedDict[str, JudgedMessage] = OrderedDict()

    def of(self, message_ids: Iterable[str]) -> dict[str, JudgedMessage]:
        """Those of these messages that are at hand, by id."""
        return {name: self._by_message[name] for name in message_ids if name in self._by_message}

    def keep(self, messages: Iterable[JudgedMessage]) -> None:
        """Have messages at hand as they are judged now, and let go what is too much."""
        for message in messages:
            self._by_message[message.timeline.message_id] = message
            self._by_message.move_to_end(message.timeline.message_id)
        while len(self._by_message) > self._size:
            self._by_message.popitem(last=False)

    def forget_old(self, *, before: datetime) -> None:
        """Let go the messages with a click of before a time."""
        for name, message in tuple(self._by_message.items()):
            if any(judged.click.at < before for judged in message.clicks):
                del self._by_message[name]


REMEMBERED = 10_000
"""Messages kept at hand."""

_VISITS = 10
"""Visits kept at hand, by message: far smaller than one, and there should be those of the last minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Lines read and not yet stored.

    Attributes:
        entries: how many were read.
        lines: those that are events, without anonymous clicks: a line of its own would keep when it was read.
        anonymous: anonymous clicks.
        events: the events that belong to a message, by its id.
        clicks: the requests among all of them.
    """

    entries: int
    lines: tuple[bytes, ...]
    anonymous: tuple[AnonymousClick, ...]
    events: Mapping[str, list[AnyEvent]]
    clicks: tuple[Click, ...]


class Processor:
    """Feeds analytics from the journal, one batch a call.

    Args:
        reader: the journal's reading end.
        analytics: where judged messages go.
        judge: gives every click of a timeline its verdict.
        on_unreadable: told of each line that is no event. It is passed over; the journal still holds it.
        remembered: how many messages to keep at hand.

    Attributes:
        addresses: those of the latest clicks.
        processed: events stored since the start.
        unreadable: lines since the start that were no events.
        tampered: clicks since the start on tokens that somebody had changed.
        judged: messages judged since the start, once for each batch that touched them.
        oldest: when the first event of the batch in hand happened; None where all that was read is stored.
    """

    def __init__(
        self,
        reader: JournalReader,
        analytics: Analytics,
        *,
        judge: Judge,
        on_unreadable: Callable[[Entry, EventError], None],
        remembered: int = REMEMBERED,
    ) -> None:
        self._reader = reader
        self._analytics = analytics
        self._judge = judge
        self._on_unreadable = on_unreadable
        self._remembered = remembered
        self._recent = RecentMessages(remembered)
        self._nearby = Nearby(analytics, remembered=_VISITS * remembered)
        self._erased: Container[str] = ()
        self._cleared = False
        self._shortened_before: datetime | None = None
        self._pending: _Batch | None = None
        self.addresses = AddressWatch()
        self.processed = 0
        self.unreadable = 0
        self.tampered = 0
        self.judged = 0
        self.oldest: datetime | None = None

    def forget(self, erased: Container[str]) -> None:
        """Pass over the events of recipients from the next batch on, and forget what is at hand.

        Args:
            erased: all whom somebody asked to erase.
        """
        self._erased = erased
        self.clear()

    def clear(self) -> None:
        """Have nothing at hand from the next batch on: what is stored may be other than it was."""
        self._cleared = True

    async def shorten_addresses(self, *, before: datetime) -> None:
        """Of what happened before a time keep only the network of each address, in analytics and at hand.

        From the next batch on, that is; one that is in hand may bring an address back until the next call.

        Raises:
            StorageError: some may still be whole; the same call again is safe.
        """
        await self._analytics.shorten_addresses(before=before)
        self._shortened_before = before

    async def run_once(self, limit: int) -> int:
        """Store and judge the next lines, at most ``limit``; how many there were, 0 where there are none yet.

        Raises:
            StorageError: the batch is kept and comes first in the next call.
        """
        self._let_go()
        batch = self._pending or self._read(limit)
        if batch.entries == 0:
            return 0
        self._pending = batch
        self._nearby.add(batch.clicks)
        events = await self._touched(batch)
        known = await self._known(events)
        judged = await self._judged(known[name].timeline.with_events(told) for name, told in events.items())
        told = {click.id for click in batch.clicks}
        compared = [known[message.timeline.message_id].news(message, told) for message in judged]
        news = [message for message in compared if message.clicks or message.timeline.message_id in batch.events]
        await self._analytics.store(batch.lines, news, batch.anonymous)
        self._reader.commit()
        self._recent.keep(judged)
        self._nearby.shrink()
        self._pending = self.oldest = None
        self.processed += len(batch.lines) + len(batch.anonymous)
        self.judged += len(judged)
        return batch.entries

    def _let_go(self) -> None:
        """Have no more at hand than is to be known."""
        if self._cleared:
            self._recent = RecentMessages(self._remembered)
            self._nearby.forget()
            self._cleared = False
        if self._shortened_before:
            self._recent.forget_old(before=self._shortened_before)
            self._nearby.forget_old(before=self._shortened_before)
            self._shortened_before = None

    def _read(self, limit: int) -> _Batch:
        entries = self._reader.read(limit)
        lines: list[bytes] = []
        anonymous: list[AnonymousClick] = []
        events: dict[str, list[AnyEvent]] = {}
        clicks: list[Click] = []
        for entry in entries:
            try:
                event = decode(entry.line)
            except EventError as error:
                self.unreadable += 1
                self._on_unreadable(entry, error)
                continue
            if event.recipient in self._erased:
                continue
            if isinstance(event, AnonymousClick):
                anonymous.append(event)
                continue
            lines.append(entry.line)
            self._see(event)
            if isinstance(event, Click):
                clicks.append(event)
            # A click on a token that did not open belongs to no message: kept as an event, part of no campaign.
            if event.message_id:
                events.setdefault(event.message_id, []).append(event)
        return _Batch(
            entries=len(entries),
            lines=tuple(lines),
            anonymous=tuple(anonymous),
            events=events,
            clicks=tuple(clicks),
        )

    def _see(self, event: AnyEvent) -> None:
        """Take note of an event of ours: what an ESP tells may be old, and its clients are no affair of our proxies."""
        if event.source != "clicktrail":
            return
        self.oldest = min(self.oldest or event.at, event.at)
        if isinstance(event, Click):
            self.addresses.see(event.ip)
            self.tampered += event.tampered

    async def _touched(self, batch: _Batch) -> dict[str, list[AnyEvent]]:
        """The events of a batch by message, and without any, the messages on which they throw another light."""
        touched = await self._nearby.touched(batch.clicks)
        return {message_id: [] for message_id in sorted(touched)} | dict(batch.events)

    async def _known(self, message_ids: Iterable[str]) -> dict[str, Known]:
        """What is known of messages, be they at hand or not."""
        known = {name: Known.at_hand(message) for name, message in self._recent.of(message_ids).items()}
        if missing := [name for name in message_ids if name not in known]:
            timelines = await self._analytics.timelines(missing)
            verdicts = await self._analytics.verdicts_on(timelines.values())
            known |= {name: Known(timeline=timeline, verdicts=verdicts) for name, timeline in timelines.items()}
        return known

    async def _judged(self, timelines: Iterable[Timeline]) -> list[JudgedMessage]:
        by_message = {timeline.message_id: timeline for timeline in timelines}
        nearby = await self._nearby.of({name: timeline.clicks for name, timeline in by_message.items()})
        return [
            JudgedMessage(timeline=timeline, clicks=self._judge(timeline, nearby=nearby[name]))
            for name, timeline in by_message.items()
        ]
