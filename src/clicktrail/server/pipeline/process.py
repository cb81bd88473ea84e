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
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.address_history import AddressHistory
from clicktrail.server.pipeline.shared_address import SharedAddressDetector
from clicktrail.server.ports import EventStore, JournalEntry, JournalReader, JudgedMessage, StoreObserver

__all__ = ["MessageCache", "MessageSnapshot", "Processor"]

# FOLDED news.py: What a batch makes of a message, against what was known of it before.


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSnapshot:
    """A message before a batch.

    Attributes:
        timeline: what had been told of it.
        judged_clicks: its clicks as they were judged, by id; empty where the message was not at hand.
        verdicts: those that stand, by click id. Other messages' may be among them.
    """

    timeline: Timeline
    judged_clicks: Mapping[str, JudgedClick] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict]

    @classmethod
    def from_cache(cls, message: JudgedMessage) -> "MessageSnapshot":
        """A message that was judged lately."""
        judged = {of.click.id: of for of in message.clicks}
        return cls(
            timeline=message.timeline, judged_clicks=judged, verdicts={name: of.verdict for name, of in judged.items()}
        )

    def changed_verdicts(self, message: JudgedMessage, batch_click_ids: Container[str]) -> JudgedMessage:
        """The message with those verdicts alone that analytics may not have, and the ones that stood until now.

        Of an old click only the network is kept, and so the verdict stands that was given when more was known.

        Args:
            message: as it is judged now.
            batch_click_ids: clicks of the batch, by id.
        """
        stored = self.judged_clicks if self.timeline.campaign == message.timeline.campaign else {}
        news = [
            judged
            for judged in message.clicks
            if judged != stored.get(judged.click.id)
            and ("/" not in judged.click.ip or judged.click.id in batch_click_ids)
        ]
        before = {name: verdict for judged in news if (verdict := self.verdicts.get(name := judged.click.id))}
        return JudgedMessage(timeline=message.timeline, clicks=tuple(news), previous_verdicts=before)


# FOLDED recent.py: The messages that were judged last: a message's clicks come in bursts, and most are never
# heard of again.


class MessageCache:
    """Messages at hand, the latest of them.

    Args:
        size: how many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._messages: OrderedDict[str, JudgedMessage] = OrderedDict()

    def get_many(self, message_ids: Iterable[str]) -> dict[str, JudgedMessage]:
        """Those of these messages that are at hand, by id."""
        return {name: self._messages[name] for name in message_ids if name in self._messages}

    def add(self, messages: Iterable[JudgedMessage]) -> None:
        """Have messages at hand as they are judged now, and let go what is too much."""
        for message in messages:
            self._messages[message.timeline.message_id] = message
            self._messages.move_to_end(message.timeline.message_id)
        while len(self._messages) > self._size:
            self._messages.popitem(last=False)

    def evict_before(self, *, before: datetime) -> None:
        """Let go the messages with a click of before a time."""
        for name, message in tuple(self._messages.items()):
            if any(judged.click.at < before for judged in message.clicks):
                del self._messages[name]


MESSAGE_CACHE_SIZE = 10_000
"""Messages kept at hand."""

_CACHED_CLICKS_PER_MESSAGE = 10
"""Visits kept at hand, by message: far smaller than one, and there should be those of the last minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Lines read and not yet stored.

    Attributes:
        entry_count: how many were read.
        lines: those that are events, without anonymous clicks: a line of its own would keep when it was read.
        anonymous_clicks: anonymous clicks.
        events_by_message: the events that belong to a message, by its id.
        clicks: the requests among all of them.
    """

    entry_count: int
    lines: tuple[bytes, ...]
    anonymous_clicks: tuple[AnonymousClick, ...]
    events_by_message: Mapping[str, list[AnyEvent]]
    clicks: tuple[Click, ...]


class Processor:
    """Feeds analytics from the journal, one batch a call.

    Args:
        reader: the journal's reading end.
        event_store: where judged messages are stored.
        judge: gives every click of a timeline its verdict.
        on_unreadable: told of each line that is no event. It is passed over; the journal still holds it.
        cache_size: how many messages to keep at hand.

    Attributes:
        observers: notified of new and changed verdicts once they are stored.
        shared_address_detector: those of the latest clicks.
        processed_count: events stored since the start.
        unreadable_count: lines since the start that were no events.
        tampered_count: clicks since the start on tokens that somebody had changed.
        judged_message_count: messages judged since the start, once for each batch that touched them.
        oldest_event_at: when the first event of the batch in hand happened; None where all that was read is stored.
    """

    def __init__(
        self,
        reader: JournalReader,
        event_store: EventStore,
        *,
        judge: Judge,
        on_unreadable: Callable[[JournalEntry, EventError], None],
        cache_size: int = MESSAGE_CACHE_SIZE,
    ) -> None:
        self._reader = reader
        self._event_store = event_store
        self._judge = judge
        self._on_unreadable = on_unreadable
        self._cache_size = cache_size
        self._message_cache = MessageCache(cache_size)
        self._address_history = AddressHistory(event_store, cache_size=_CACHED_CLICKS_PER_MESSAGE * cache_size)
        self._erased: Container[str] = ()
        self._is_cache_invalid = False
        self._truncated_before: datetime | None = None
        self._pending: _Batch | None = None
        self.observers: tuple[StoreObserver, ...] = ()
        self.shared_address_detector = SharedAddressDetector()
        self.processed_count = 0
        self.unreadable_count = 0
        self.tampered_count = 0
        self.judged_message_count = 0
        self.oldest_event_at: datetime | None = None

    def skip_recipients(self, erased: Container[str]) -> None:
        """Pass over the events of recipients from the next batch on, and forget what is at hand.

        Args:
            erased: all whom somebody asked to erase.
        """
        self._erased = erased
        self.invalidate_cache()

    def invalidate_cache(self) -> None:
        """Have nothing at hand from the next batch on: what is stored may be other than it was."""
        self._is_cache_invalid = True

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Of what happened before a time keep only the network of each address, in analytics and at hand.

        From the next batch on, that is; one that is in hand may bring an address back until the next call.

        Raises:
            StorageError: some may still be whole; the same call again is safe.
        """
        await self._event_store.shorten_ip_addresses(before=before)
        self._truncated_before = before

    async def run_once(self, limit: int) -> int:
        """Store and judge the next lines, at most ``limit``; how many there were, 0 where there are none yet.

        Raises:
            StorageError: the batch is kept and comes first in the next call.
        """
        self._evict_stale()
        batch = self._pending or await self._read_batch(limit)
        if batch.entry_count == 0:
            return 0
        self._pending = batch
        self._address_history.add(batch.clicks)
        events = await self._add_affected_messages(batch)
        known = await self._load_snapshots(events)
        judged = await self._judge_messages(known[name].timeline.with_events(told) for name, told in events.items())
        told = {click.id for click in batch.clicks}
        compared = [known[message.timeline.message_id].changed_verdicts(message, told) for message in judged]
        news = [
            message for message in compared if message.clicks or message.timeline.message_id in batch.events_by_message
        ]
        await self._event_store.store(batch.lines, news, batch.anonymous_clicks)
        for observer in self.observers:
            observer.on_stored(news)
        await self._reader.commit()
        self._message_cache.add(judged)
        self._address_history.evict_excess()
        self._pending = self.oldest_event_at = None
        self.processed_count += len(batch.lines) + len(batch.anonymous_clicks)
        self.judged_message_count += len(judged)
        return batch.entry_count

    def _evict_stale(self) -> None:
        """Have no more at hand than is to be known."""
        if self._is_cache_invalid:
            self._message_cache = MessageCache(self._cache_size)
            self._address_history.clear()
            self._is_cache_invalid = False
        if self._truncated_before:
            self._message_cache.evict_before(before=self._truncated_before)
            self._address_history.evict_before(before=self._truncated_before)
            self._truncated_before = None

    async def _read_batch(self, limit: int) -> _Batch:
        entries = await self._reader.read(limit)
        lines: list[bytes] = []
        anonymous: list[AnonymousClick] = []
        events: dict[str, list[AnyEvent]] = {}
        clicks: list[Click] = []
        for entry in entries:
            try:
                event = decode_event(entry.line)
            except EventError as error:
                self.unreadable_count += 1
                self._on_unreadable(entry, error)
                continue
            if event.recipient in self._erased:
                continue
            if isinstance(event, AnonymousClick):
                anonymous.append(event)
                continue
            lines.append(entry.line)
            self._observe_event(event)
            if isinstance(event, Click):
                clicks.append(event)
            # A click on a token that did not open belongs to no message: kept as an event, part of no campaign.
            if event.message_id:
                events.setdefault(event.message_id, []).append(event)
        return _Batch(
            entry_count=len(entries),
            lines=tuple(lines),
            anonymous_clicks=tuple(anonymous),
            events_by_message=events,
            clicks=tuple(clicks),
        )

    def _observe_event(self, event: AnyEvent) -> None:
        """Take note of an event of ours: what an ESP tells may be old, and its clients are no affair of our proxies."""
        if event.source != "clicktrail":
            return
        self.oldest_event_at = min(self.oldest_event_at or event.at, event.at)
        if isinstance(event, Click):
            self.shared_address_detector.add(event.ip)
            self.tampered_count += event.tampered

    async def _add_affected_messages(self, batch: _Batch) -> dict[str, list[AnyEvent]]:
        """The events of a batch by message, and without any, the messages on which they throw another light."""
        touched = await self._address_history.affected_message_ids(batch.clicks)
        return {message_id: [] for message_id in sorted(touched)} | dict(batch.events_by_message)

    async def _load_snapshots(self, message_ids: Iterable[str]) -> dict[str, MessageSnapshot]:
        """What is known of messages, be they at hand or not."""
        known = {
            name: MessageSnapshot.from_cache(message)
            for name, message in self._message_cache.get_many(message_ids).items()
        }
        if missing := [name for name in message_ids if name not in known]:
            timelines = await self._event_store.timelines(missing)
            verdicts = await self._event_store.current_verdicts(timelines.values())
            known |= {
                name: MessageSnapshot(timeline=timeline, verdicts=verdicts) for name, timeline in timelines.items()
            }
        return known

    async def _judge_messages(self, timelines: Iterable[Timeline]) -> list[JudgedMessage]:
        by_message = {timeline.message_id: timeline for timeline in timelines}
        nearby = await self._address_history.find_nearby_clicks(
            {name: timeline.clicks for name, timeline in by_message.items()}
        )
        return [
            JudgedMessage(timeline=timeline, clicks=self._judge(timeline, address_clicks=nearby[name]))
            for name, timeline in by_message.items()
        ]
