"""Judge the messages that a batch affects, and keep what later batches need of them in memory.

Each message's timeline is completed and judged as a whole. Messages that the same IP addresses clicked on at about the
same time are judged again too.

The work for a batch is bounded: of a message with very many clicks only the first are judged together, messages are
loaded a part at a time, and `AddressHistory` compares a bounded number of clicks.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.event import Bounced, Click, Delivered, Sent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.pipeline.address_history import AddressHistory
from clicktrail.server.pipeline.background_store import BackgroundStore, BatchResults
from clicktrail.server.pipeline.batch import Batch, JudgingError
from clicktrail.server.pipeline.judged_messages import MessageCache, MessageSnapshot, MessageUpdate
from clicktrail.server.pipeline.later_clicks import LaterClicks
from clicktrail.server.ports import EventStore, JudgedMessage, Worker

MESSAGE_CACHE_SIZE = 10_000
"""Messages in memory."""

_CACHED_CLICKS_PER_MESSAGE = 5
"""Clicks in memory per cached message, on average. More than 19 in 20 messages have fewer."""

_ADDRESS_CLICKS_PER_MESSAGE = 10
"""Address history kept in memory, per cached message. A click is far smaller than a message."""

_MAX_UNSTORED_CLICKS = 50_000
"""Judged clicks in memory before they are stored: with more, a batch is stored in parts."""


class BatchJudge:
    """Judges one batch after the other. A batch may be judged while the one before is being stored.

    Args:
        event_store: holds what is not in memory.
        background_store: stores results.
        judge: judges messages.
        worker: runs what takes long.
        cache_size: number of judged messages to keep in memory.
    """

    def __init__(
        self,
        event_store: EventStore,
        background_store: BackgroundStore,
        judge: Judge,
        *,
        worker: Worker,
        cache_size: int = MESSAGE_CACHE_SIZE,
    ) -> None:
        self._event_store = event_store
        self._background_store = background_store
        self._worker = worker
        self._judge = _LimitedJudge(judge, worker)
        self._later_clicks = LaterClicks(event_store, self._judge, worker)
        self._message_cache = MessageCache(cache_size, max_clicks=_CACHED_CLICKS_PER_MESSAGE * cache_size)
        self._address_history = AddressHistory(
            event_store, cache_size=_ADDRESS_CLICKS_PER_MESSAGE * cache_size, worker=worker
        )
        self._latest_click_count = 0
        self._is_cache_invalid = False
        self._ip_addresses_shortened_before: datetime | None = None

    @property
    def is_stale(self) -> bool:
        """Whether memory differs from what is stored, so that `evict_stale` must be called."""
        return self._is_cache_invalid or self._ip_addresses_shortened_before is not None

    def invalidate_cache(self) -> None:
        """Clear the in-memory cache before the next batch, because stored data has changed."""
        self._is_cache_invalid = True

    def evict_before(self, *, before: datetime) -> None:
        """Evict clicks before a time before the next batch, because their stored IP addresses were shortened."""
        self._ip_addresses_shortened_before = before

    def evict_stale(self) -> None:
        """Evict what differs from what is stored. Nothing may be being stored."""
        if self._is_cache_invalid:
            self._message_cache.clear()
            self._address_history.clear()
            self._is_cache_invalid = False
        if self._ip_addresses_shortened_before:
            self._message_cache.evict_before(before=self._ip_addresses_shortened_before)
            self._address_history.evict_before(before=self._ip_addresses_shortened_before)
            self._ip_addresses_shortened_before = None

    async def judge(self, batch: Batch, *, skipped_message_ids: frozenset[str] = frozenset()) -> BatchResults:
        """Judge a batch, and return what is left to store. Of a batch with very many clicks, parts are stored before.

        Raises:
            JudgingError: the judge failed on a message.
            StorageError: a store is unavailable.
        """
        await self._worker.run(partial(self._add_address_clicks, batch))
        affected = await self._address_history.affected_messages(batch.clicks)
        other_ids = affected.keys() - batch.events_by_message.keys() - skipped_message_ids
        message_ids = [*sorted(other_ids), *batch.events_by_message]
        judged_count = click_count = 0
        results = BatchResults(events=batch.recorded, anonymous_clicks=batch.anonymous_clicks)
        changed_deliveries: list[Timeline] = []
        async for snapshots in self._load_snapshots(message_ids):
            updates = await self._worker.run(partial(_update_messages, snapshots, batch, affected))
            judged = await self._judge_first_clicks([update.timeline for update in updates if update.is_affected])
            later = await self._judge_later_clicks(updates)
            self._message_cache.touch(snapshots)
            self._message_cache.add(judged.values())
            results.changes += await self._worker.run(partial(_select_changes, updates, judged, later, batch))
            judged_count += len(judged.keys() | later.keys())
            changed_deliveries += (update.timeline for update in updates if _has_changed_delivery(update, batch))
            click_count += sum(len(message.clicks) for message in judged.values())
            if click_count > _MAX_UNSTORED_CLICKS:
                await self._background_store.store(results)
                results, click_count = BatchResults(), 0
        if changed_deliveries:
            await self._background_store.store(results)
            results = BatchResults()
        for timeline in changed_deliveries:
            async for message in self._later_clicks.judge_all(timeline):
                await self._background_store.store(BatchResults(changes=[message]))
        results.judged_count = judged_count
        return results

    def _add_address_clicks(self, batch: Batch) -> None:
        self._address_history.evict_excess(unstored=self._latest_click_count)
        self._latest_click_count = len(batch.clicks)
        self._address_history.add(batch.clicks)

    async def _load_snapshots(self, message_ids: Sequence[str]) -> AsyncIterator[Mapping[str, MessageSnapshot]]:
        """Yield the messages as they were before the batch, a part at a time."""
        cached = self._message_cache.get_many(message_ids)
        if cached:
            yield {message_id: MessageSnapshot.from_cache(message) for message_id, message in cached.items()}
        missing_ids = [message_id for message_id in message_ids if message_id not in cached]
        await self._background_store.wait_for(missing_ids)
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
        return await self._worker.run(
            lambda: {
                message_id: JudgedMessage(
                    timeline=timeline, clicks=self._judge(timeline, address_clicks=nearby_clicks[message_id])
                )
                for message_id, timeline in by_message.items()
            }
        )

    async def _judge_later_clicks(self, updates: Sequence[MessageUpdate]) -> Mapping[str, JudgedMessage]:
        later_events = [update.later_events for update in updates if update.later_events]
        await self._background_store.wait_for(events.timeline.message_id for events in later_events)
        return await self._later_clicks.judge_events(later_events)


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
            events = batch.events_by_message.get(message_id, ())
            has_message_events = not all(isinstance(event, Click) for event in events)
            changes.append(replace(changed, has_message_events=has_message_events))
    return changes


def _has_changed_delivery(update: MessageUpdate, batch: Batch) -> bool:
    """Whether verdicts or campaign of all later clicks can change: the message was sent, delivered or bounced."""
    if len(update.timeline.clicks) < MAX_CLICKS_JUDGED_TOGETHER:
        return False
    events = batch.events_by_message.get(update.timeline.message_id, ())
    return any(isinstance(event, Sent | Delivered | Bounced) for event in events)


def _update_messages(
    snapshots: Mapping[str, MessageSnapshot], batch: Batch, affected: Mapping[str, datetime]
) -> list[MessageUpdate]:
    return [
        MessageUpdate.from_events(
            snapshot, batch.events_by_message.get(message_id, ()), affected_at=affected.get(message_id)
        )
        for message_id, snapshot in snapshots.items()
    ]
