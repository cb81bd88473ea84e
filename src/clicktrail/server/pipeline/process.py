"""Read events from the journal, judge the messages they affect, and store both.

The processor groups a batch of events by message, completes each message's timeline, and judges it as a whole. Messages
that the same IP addresses clicked on at about the same time are judged again too. Everything is stored before the
journal's position is committed. If a store is unavailable, the same batch is processed again; storing is idempotent, so
every event counts exactly once. After any other error the batch is narrowed down (`PendingBatch`), and the entries that
cause it are put into quarantine before the position is committed.

The work for a batch is bounded: of a message with very many clicks only the first are judged together, messages are
loaded a part at a time, and `AddressHistory` compares a bounded number of clicks.
"""

from collections.abc import AsyncIterator, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from clicktrail.errors import StorageError
from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import AnonymousClick, Delivered, Sent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.pipeline.address_history import AddressHistory
from clicktrail.server.pipeline.batch import Batch, BatchPart, JudgingError, PendingBatch, decode_batch
from clicktrail.server.pipeline.dominant_address import DominantAddressDetector
from clicktrail.server.pipeline.judged_messages import MessageCache, MessageSnapshot, MessageUpdate
from clicktrail.server.pipeline.later_clicks import LaterClicks
from clicktrail.server.ports import (
    EventStore,
    Isolation,
    JournalEntry,
    JournalReader,
    JudgedMessage,
    StoreObserver,
    TimeLimitError,
    Worker,
)

MESSAGE_CACHE_SIZE = 10_000
"""Messages in memory."""

_CACHED_CLICKS_PER_MESSAGE = 5
"""Clicks in memory per cached message, on average. More than 19 in 20 messages have fewer."""

_ADDRESS_CLICKS_PER_MESSAGE = 10
"""Address history kept in memory, per cached message. A click is far smaller than a message."""

_OWN_SOURCE = "clicktrail"
_KILLED_PROCESS = "the engine died while it processed the event"

_MAX_UNSTORED_CLICKS = 50_000
"""Judged clicks in memory before they are stored: with more, a batch is stored in parts."""


class Processor:
    """Brings events from the journal into the event store, one batch per call.

    Args:
        cache_size: number of judged messages to keep in memory.

    Attributes:
        worker: runs what takes long.
        judged_message_count: messages judged since the start, once per batch that affects them.
        quarantined_count: entries put into quarantine since the start.
        oldest_event_at: time of the oldest event that is read but not stored; None if all are stored.
    """

    def __init__(
        self,
        reader: JournalReader,
        event_store: EventStore,
        *,
        judge: Judge,
        isolation: Isolation | None = None,
        cache_size: int = MESSAGE_CACHE_SIZE,
    ) -> None:
        self._reader = reader
        self._event_store = event_store
        self._isolation = isolation or Isolation()
        self.worker = self._isolation.worker
        self._judge = _LimitedJudge(judge, self.worker)
        self._later_clicks = LaterClicks(event_store, self._judge, self.worker)
        self._message_cache = MessageCache(cache_size, max_clicks=_CACHED_CLICKS_PER_MESSAGE * cache_size)
        self._address_history = AddressHistory(
            event_store, cache_size=_ADDRESS_CLICKS_PER_MESSAGE * cache_size, worker=self.worker
        )
        self._erased_recipients: Container[str] = ()
        self._erased_entries: list[JournalEntry] = []
        self._is_cache_invalid = False
        self._ip_addresses_shortened_before: datetime | None = None
        self._pending = PendingBatch()
        self.observers: tuple[StoreObserver, ...] = ()
        self.dominant_address_detector = DominantAddressDetector()
        self.processed_count = 0
        self.unreadable_count = 0
        self.tampered_count = 0
        self.judged_message_count = 0
        self.quarantined_count = 0
        self.oldest_event_at: datetime | None = None

    @property
    def has_unstored_batch(self) -> bool:
        """Whether a batch was read that could not be stored yet."""
        return self._pending.entry_count > 0

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

        Entries that fail again and again are put into quarantine, and the others are processed.

        Raises:
            StorageError: a store is unavailable. The batch is kept, and the next call processes the rest of it.
        """
        if not self._pending.entry_count:
            entries = await self._reader.read(
                self._isolation.attempts.limit_entries(limit) if self._isolation.attempts else limit
            )
            if not entries:
                return 0
            self._pending = PendingBatch(entries)
        entry_count = self._pending.entry_count
        if self._isolation.attempts and self._isolation.attempts.begin(self._pending.entries):
            await self._put_into_quarantine(self._pending.entries[0], _KILLED_PROCESS)
        while self._pending.parts:
            await self._attempt(self._pending.parts[0])
        if self._erased_entries:
            await self._reader.erase(self._erased_entries)
            self._erased_entries = []
        await self._reader.commit()
        if self._isolation.attempts:
            self._isolation.attempts.end()
        self._address_history.evict_excess()
        self._pending = PendingBatch()
        self.oldest_event_at = None
        return entry_count

    async def _attempt(self, part: BatchPart) -> None:
        """Process a part of the batch. If that fails, narrow it down to the entries that are the cause."""
        try:
            self._evict_stale()
            await self._process_part(part)
        except Exception as error:
            self._is_cache_invalid = True  # it may hold what was not stored
            if self._isolation.quarantine is None or (isinstance(error, StorageError) and error.retryable):
                raise
            self._isolation.on_failure(error, len(part.entries))
            if entry := self._pending.handle_failure(error):
                await self._put_into_quarantine(entry, _describe_failure(error))
        else:
            self._pending.parts.popleft()

    async def _put_into_quarantine(self, entry: JournalEntry, reason: str) -> None:
        if self._isolation.quarantine:
            await self._isolation.quarantine.add(entry, reason=reason)
            self.quarantined_count += 1
        self._pending.parts.popleft()

    async def _process_part(self, part: BatchPart) -> None:
        if part.batch is None:
            part.batch = await self.worker.run(
                partial(decode_batch, part.entries, erased_recipients=self._erased_recipients)
            )
        batch = part.batch
        # An ESP's events can be old.
        event_times = [event.at for event in batch.events if event.source == _OWN_SOURCE]
        self.oldest_event_at = min((*event_times, *filter(None, [self.oldest_event_at])), default=None)
        judged_count = await self._process(batch, skipped_message_ids=part.skipped_message_ids)
        self._erased_entries += batch.erased
        self._update_counters(batch)
        self.judged_message_count += judged_count

    def _update_counters(self, batch: Batch) -> None:
        self.processed_count += len(batch.lines) + len(batch.anonymous_clicks)
        self.unreadable_count += len(batch.unreadable)
        for entry, error in batch.unreadable:
            self._isolation.on_unreadable(entry, error)
        for click in batch.clicks:
            if click.source == _OWN_SOURCE:  # an ESP's clicks do not pass our proxies
                self.dominant_address_detector.add(click.ip)
                self.tampered_count += click.tampered

    async def _process(self, batch: Batch, *, skipped_message_ids: frozenset[str]) -> int:
        """Judge and store a batch; return the number of judged messages."""
        self._address_history.add(batch.clicks)
        affected = await self._address_history.affected_messages(batch.clicks)
        other_ids = affected.keys() - batch.events_by_message.keys() - skipped_message_ids
        message_ids = [*sorted(other_ids), *batch.events_by_message]
        judged_count = 0
        unstored = _Unstored(lines=batch.lines, anonymous_clicks=batch.anonymous_clicks)
        changed_deliveries: list[Timeline] = []
        async for snapshots in self._load_snapshots(message_ids):
            updates = await self.worker.run(partial(_update_messages, snapshots, batch, affected))
            judged = await self._judge_first_clicks([update.timeline for update in updates if update.is_affected])
            later = await self._later_clicks.judge_events(
                [update.later_events for update in updates if update.later_events]
            )
            self._message_cache.touch(snapshots)
            unstored.judged += judged.values()
            unstored.changes += await self.worker.run(partial(_select_changes, updates, judged, later, batch))
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

    async def _judge_first_clicks(self, timelines: Sequence[Timeline]) -> dict[str, JudgedMessage]:
        by_message = {timeline.message_id: timeline for timeline in timelines}
        nearby_clicks = await self._address_history.find_nearby_clicks(
            {message_id: timeline.clicks for message_id, timeline in by_message.items()}
        )
        return await self.worker.run(
            lambda: {
                message_id: JudgedMessage(
                    timeline=timeline, clicks=self._judge(timeline, address_clicks=nearby_clicks[message_id])
                )
                for message_id, timeline in by_message.items()
            }
        )

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


class _LimitedJudge:
    """A judge with a time limit for each message, which names the message that it fails on."""

    def __init__(self, judge: Judge, worker: Worker) -> None:
        self._judge = judge
        self._worker = worker

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        try:
            return self._worker.run_limited(partial(self._judge, timeline, address_clicks=address_clicks))
        except Exception as error:
            raise JudgingError(timeline.message_id) from error


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
    batch: Batch,
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


def _has_changed_delivery(update: MessageUpdate, batch: Batch) -> bool:
    """Whether the verdicts or the campaign of all later clicks can change: the message was sent or delivered."""
    if len(update.timeline.clicks) < MAX_CLICKS_JUDGED_TOGETHER:
        return False
    events = batch.events_by_message.get(update.timeline.message_id, ())
    return any(isinstance(event, Sent | Delivered) for event in events)


def _update_messages(
    snapshots: Mapping[str, MessageSnapshot], batch: Batch, affected: Mapping[str, datetime]
) -> list[MessageUpdate]:
    return [
        MessageUpdate.from_events(
            snapshot, batch.events_by_message.get(message_id, ()), affected_at=affected.get(message_id)
        )
        for message_id, snapshot in snapshots.items()
    ]


def _describe_failure(error: Exception) -> str:
    """Describe an error without its message, which can quote the event."""
    cause = error.__cause__ if isinstance(error, JudgingError) and error.__cause__ else error
    if isinstance(cause, TimeLimitError):
        return "judging the message took too long"
    if isinstance(cause, StorageError):
        return str(cause)
    where = "judging the message" if isinstance(error, JudgingError) else "processing the event"
    return f"{where} failed: {type(cause).__name__}"
