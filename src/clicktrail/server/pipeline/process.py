"""Read events from the journal, judge the messages they affect, and store both.

The processor groups a batch of events by message, completes each message's timeline, and judges it as a whole. Messages
that the same IP addresses clicked on at about the same time are judged again too. Everything is stored before the
journal's position is committed. After an error the same batch is processed again; storing is idempotent, so every
event counts exactly once.

The work for a batch is bounded: of a message with very many clicks only the first are judged
together, messages are loaded a part at a time, and `AddressHistory` compares a bounded number of clicks.
"""

from collections.abc import AsyncIterator, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from clicktrail.errors import EventError
from clicktrail.judge import Judge
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, Delivered, Sent, decode_event
from clicktrail.model.timeline import Timeline
from clicktrail.server.pipeline.address_history import AddressHistory
from clicktrail.server.pipeline.dominant_address import DominantAddressDetector
from clicktrail.server.pipeline.judged_messages import MessageCache, MessageSnapshot, MessageUpdate
from clicktrail.server.pipeline.later_clicks import LaterClicks
from clicktrail.server.ports import EventStore, JournalEntry, JournalReader, JudgedMessage, StoreObserver

MESSAGE_CACHE_SIZE = 10_000
"""Messages in memory."""

_CACHED_CLICKS_PER_MESSAGE = 5
"""Clicks in memory per cached message, on average. More than 19 in 20 messages have fewer."""

_ADDRESS_CLICKS_PER_MESSAGE = 10
"""Address history kept in memory, per cached message. A click is far smaller than a message."""

_MAX_UNSTORED_CLICKS = 50_000
"""Judged clicks in memory before they are stored: with more, a batch is stored in parts."""


class Processor:
    """Brings events from the journal into the event store, one batch per call.

    Args:
        on_unreadable: called for each entry that is not an event. The entry is skipped; it stays in the journal.
        cache_size: number of judged messages to keep in memory.

    Attributes:
        judged_message_count: messages judged since the start, once per batch that affects them.
        oldest_event_at: time of the oldest event that is read but not stored; None if all are stored.
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
        self._later_clicks = LaterClicks(event_store, judge)
        self._message_cache = MessageCache(cache_size, max_clicks=_CACHED_CLICKS_PER_MESSAGE * cache_size)
        self._address_history = AddressHistory(event_store, cache_size=_ADDRESS_CLICKS_PER_MESSAGE * cache_size)
        self._erased_recipients: Container[str] = ()
        self._is_cache_invalid = False
        self._ip_addresses_shortened_before: datetime | None = None
        self._pending: _Batch | None = None
        self.observers: tuple[StoreObserver, ...] = ()
        self.dominant_address_detector = DominantAddressDetector()
        self.processed_count = 0
        self.unreadable_count = 0
        self.tampered_count = 0
        self.judged_message_count = 0
        self.oldest_event_at: datetime | None = None

    def skip_recipients(self, erased: Container[str]) -> None:
        """Skip these recipients' events from the next batch on, and clear the in-memory cache.

        Args:
            erased: all erased recipients, not only new ones.
        """
        self._erased_recipients = erased
        self.invalidate_cache()

    def invalidate_cache(self) -> None:
        """Clear the in-memory cache before the next batch, because stored data has changed."""
        self._is_cache_invalid = True

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Replace IP addresses before a time with their networks, in the event store and in memory.

        A batch that is being processed can store a full IP address until the next call.

        Raises:
            StorageError: some may be left unshortened; it is safe to repeat the call.
        """
        await self._event_store.shorten_ip_addresses(before=before)
        self._ip_addresses_shortened_before = before

    async def run_once(self, limit: int) -> int:
        """Process up to ``limit`` journal entries; return how many, 0 if there are none yet.

        Raises:
            StorageError: the batch is kept, and the next call processes it again.
        """
        self._evict_stale()
        batch = self._pending or await self._read_batch(limit)
        if batch.entry_count == 0:
            return 0
        self._pending = batch
        judged_count = await self._process(batch)
        await self._reader.commit()
        self._address_history.evict_excess()
        self._pending = self.oldest_event_at = None
        self.processed_count += len(batch.lines) + len(batch.anonymous_clicks)
        self.judged_message_count += judged_count
        return batch.entry_count

    async def _process(self, batch: "_Batch") -> int:
        """Judge and store a batch; return the number of judged messages."""
        self._address_history.add(batch.clicks)
        affected = await self._address_history.affected_messages(batch.clicks)
        message_ids = [*sorted(affected.keys() - batch.events_by_message.keys()), *batch.events_by_message]
        judged_count = 0
        unstored = _Unstored(lines=batch.lines, anonymous_clicks=batch.anonymous_clicks)
        changed_deliveries: list[Timeline] = []
        async for snapshots in self._load_snapshots(message_ids):
            updates = [
                MessageUpdate.from_events(
                    snapshot, batch.events_by_message.get(message_id, ()), affected_at=affected.get(message_id)
                )
                for message_id, snapshot in snapshots.items()
            ]
            judged = await self._judge_first_clicks(update.timeline for update in updates if update.is_affected)
            later = await self._later_clicks.judge_events(
                [update.later_events for update in updates if update.later_events]
            )
            self._message_cache.touch(snapshots)
            unstored.judged += judged.values()
            unstored.changes += _select_changes(updates, judged, later, batch)
            judged_count += len(judged.keys() | later.keys())
            changed_deliveries += (update.timeline for update in updates if _has_changed_delivery(update, batch))
            if sum(len(message.clicks) for message in unstored.judged) > _MAX_UNSTORED_CLICKS:
                await self._store(unstored)
                unstored = _Unstored()
        await self._store(unstored)
        for timeline in changed_deliveries:
            async for message in self._later_clicks.judge_all(timeline):
                await self._store(_Unstored(changes=[message]))
        return judged_count

    async def _read_batch(self, limit: int) -> "_Batch":
        entries = await self._reader.read(limit)
        lines: list[bytes] = []
        anonymous_clicks: list[AnonymousClick] = []
        events_by_message: dict[str, list[AnyEvent]] = {}
        clicks: list[Click] = []
        for entry in entries:
            try:
                event = decode_event(entry.line)
            except EventError as error:
                self.unreadable_count += 1
                self._on_unreadable(entry, error)
                continue
            if event.recipient in self._erased_recipients:
                continue
            if isinstance(event, AnonymousClick):
                anonymous_clicks.append(event)
                continue
            lines.append(entry.line)
            self._update_counters(event)
            if isinstance(event, Click):
                clicks.append(event)
            # A click on a token that cannot be opened has no message: it is stored as an event, in no campaign.
            if event.message_id:
                events_by_message.setdefault(event.message_id, []).append(event)
        return _Batch(
            entry_count=len(entries),
            lines=tuple(lines),
            anonymous_clicks=tuple(anonymous_clicks),
            events_by_message=events_by_message,
            clicks=tuple(clicks),
        )

    def _update_counters(self, event: AnyEvent) -> None:
        # An ESP's events can be old, and its clicks do not pass our proxies.
        if event.source != "clicktrail":
            return
        self.oldest_event_at = min(self.oldest_event_at or event.at, event.at)
        if isinstance(event, Click):
            self.dominant_address_detector.add(event.ip)
            self.tampered_count += event.tampered

    async def _load_snapshots(self, message_ids: Sequence[str]) -> AsyncIterator[Mapping[str, MessageSnapshot]]:
        """Yield the messages as they were before the batch, a part at a time."""
        cached = self._message_cache.get_many(message_ids)
        if cached:
            yield {message_id: MessageSnapshot.from_cache(message) for message_id, message in cached.items()}
        missing_ids = [message_id for message_id in message_ids if message_id not in cached]
        while missing_ids:
            timelines = await self._event_store.timelines(missing_ids)
            verdicts = await self._event_store.current_verdicts(timelines.values())
            yield {
                message_id: MessageSnapshot(timeline=timeline, previous_verdicts=verdicts)
                for message_id, timeline in timelines.items()
            }
            missing_ids = [message_id for message_id in missing_ids if message_id not in timelines]

    async def _judge_first_clicks(self, timelines: Iterable[Timeline]) -> dict[str, JudgedMessage]:
        by_message = {timeline.message_id: timeline for timeline in timelines}
        nearby_clicks = await self._address_history.find_nearby_clicks(
            {message_id: timeline.clicks for message_id, timeline in by_message.items()}
        )
        return {
            message_id: JudgedMessage(
                timeline=timeline, clicks=self._judge(timeline, address_clicks=nearby_clicks[message_id])
            )
            for message_id, timeline in by_message.items()
        }

    async def _store(self, unstored: "_Unstored") -> None:
        await self._event_store.store(unstored.lines, unstored.changes, unstored.anonymous_clicks)
        self._message_cache.add(unstored.judged)
        for observer in self.observers:
            observer.on_stored(unstored.changes)

    def _evict_stale(self) -> None:
        if self._is_cache_invalid:
            self._message_cache.clear()
            self._address_history.clear()
            self._is_cache_invalid = False
        if self._ip_addresses_shortened_before:
            self._message_cache.evict_before(before=self._ip_addresses_shortened_before)
            self._address_history.evict_before(before=self._ip_addresses_shortened_before)
            self._ip_addresses_shortened_before = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Journal entries that are read and not yet stored.

    Attributes:
        lines: encoded events, without anonymous clicks: the order of lines would reveal when they were made.
        events_by_message: events by message id; events without a message are left out.
        clicks: all clicks, with or without a message.
    """

    entry_count: int
    lines: tuple[bytes, ...]
    anonymous_clicks: tuple[AnonymousClick, ...]
    events_by_message: Mapping[str, list[AnyEvent]]
    clicks: tuple[Click, ...]


@dataclass(slots=True, kw_only=True)
class _Unstored:
    """Results of a batch that are not stored yet.

    Attributes:
        changes: messages with only their new and changed clicks.
        judged: messages whose first clicks were judged, with all of these.
    """

    lines: Sequence[bytes] = ()
    anonymous_clicks: Sequence[AnonymousClick] = ()
    changes: list[JudgedMessage] = field(default_factory=list)
    judged: list[JudgedMessage] = field(default_factory=list)


def _select_changes(
    updates: Iterable[MessageUpdate],
    judged: Mapping[str, JudgedMessage],
    later: Mapping[str, JudgedMessage],
    batch: _Batch,
) -> list[JudgedMessage]:
    """The messages with events in the batch or with changed verdicts, each with only its new and changed clicks."""
    batch_click_ids = {click.id for click in batch.clicks}
    changes = []
    for update in updates:
        message_id = update.timeline.message_id
        changed = JudgedMessage(timeline=update.timeline, clicks=())
        if message_id in judged:
            changed = update.snapshot.changed_verdicts(judged[message_id], batch_click_ids)
        if message_id in later:
            changed = replace(
                changed,
                clicks=(*changed.clicks, *later[message_id].clicks),
                previous_verdicts={**changed.previous_verdicts, **later[message_id].previous_verdicts},
            )
        if changed.clicks or message_id in batch.events_by_message:
            changes.append(changed)
    return changes


def _has_changed_delivery(update: MessageUpdate, batch: _Batch) -> bool:
    """Whether the verdicts or the campaign of all later clicks can change: the message was sent or delivered."""
    if len(update.timeline.clicks) < MAX_CLICKS_JUDGED_TOGETHER:
        return False
    events = batch.events_by_message.get(update.timeline.message_id, ())
    return any(isinstance(event, Sent | Delivered) for event in events)
