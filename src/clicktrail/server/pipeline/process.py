"""Read events from the journal, judge the messages they affect, and store both.

While one batch is stored, the next one is read and judged; it is stored after the first one. The journal's position
behind a batch is committed once the batch is stored. If a store is unavailable, the same batch is processed again, and
what was judged meanwhile is judged again; storing is idempotent, so every event counts exactly once. After any other
error the batch is narrowed down (`PendingBatch`), and the entries that cause it are put into quarantine before the
position is committed. A batch that failed, and the one after it, are processed one after the other.
"""

from collections import deque
from collections.abc import Container
from datetime import datetime
from functools import partial

from clicktrail.errors import StorageError
from clicktrail.judge import Judge
from clicktrail.model.event import Click
from clicktrail.server.pipeline.background_store import BackgroundStore, BatchResults
from clicktrail.server.pipeline.batch import Batch, JudgingError, PendingBatch, decode_batch
from clicktrail.server.pipeline.batch_judge import MESSAGE_CACHE_SIZE, BatchJudge
from clicktrail.server.pipeline.dominant_address import DominantAddressDetector
from clicktrail.server.ports import EventStore, Isolation, JournalEntry, JournalReader, StoreObserver, TimeLimitError

_KILLED_PROCESS = "the engine died while it processed the event"


class Processor:
    """Brings events from the journal into the event store.

    Args:
        cache_size: number of judged messages to keep in memory.

    Attributes:
        worker: runs what takes long.
        judged_message_count: messages judged since the start, once per batch that affects them.
        quarantined_count: entries put into quarantine since the start.
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
        self._background_store = BackgroundStore(event_store, self.worker)
        self._batch_judge = BatchJudge(
            event_store, self._background_store, judge, worker=self.worker, cache_size=cache_size
        )
        self._erased_recipients: Container[str] = ()
        # Batches that are read and not committed. Between two calls: one that is being stored, or those that failed.
        self._pending: deque[PendingBatch] = deque()
        self.dominant_address_detector = DominantAddressDetector()
        self.processed_count = 0
        self.unreadable_count = 0
        self.tampered_count = 0
        self.damaged_count = 0
        self.judged_message_count = 0
        self.quarantined_count = 0

    @property
    def observers(self) -> tuple[StoreObserver, ...]:
        """Are notified of messages once they are stored."""
        return self._background_store.observers

    @observers.setter
    def observers(self, observers: tuple[StoreObserver, ...]) -> None:
        self._background_store.observers = observers

    @property
    def has_unstored_batch(self) -> bool:
        """Whether a batch was read that is not stored yet."""
        return bool(self._pending)

    @property
    def oldest_event_at(self) -> datetime | None:
        """Time of the oldest event that is read but not stored; None if all are stored."""
        return min((batch.oldest_event_at for batch in self._pending if batch.oldest_event_at), default=None)

    def skip_recipients(self, erased: Container[str]) -> None:
        """Skip these recipients' events from the next batch on, and clear the in-memory cache.

        Args:
            erased: all erased recipients, not only new ones.
        """
        self._erased_recipients = erased
        self.invalidate_cache()

    def invalidate_cache(self) -> None:
        """Clear the in-memory cache before the next batch, because stored data has changed."""
        self._batch_judge.invalidate_cache()

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
        """Replace IP addresses before a time with their networks, in the event store and in memory.

        A batch that is being processed can store a full IP address until the next call.

        Raises:
            StorageError: some may be left unshortened; it is safe to repeat the call.
        """
        await self._event_store.shorten_ip_addresses(before=before)
        self._batch_judge.evict_before(before=before)

    async def run_once(self, limit: int) -> int:
        """Process up to ``limit`` journal entries, and return how many, once they are stored.

        Raises:
            StorageError: a store is unavailable. The batch is kept, and the next call processes the rest of it.
        """
        entry_count = await self.judge_next(limit)
        await self.finish()
        return entry_count

    async def judge_next(self, limit: int) -> int:
        """Judge up to ``limit`` journal entries, begin to store them, and return how many; 0 if there are none yet.

        The batch before is stored afterwards, or without new entries, this one. Entries that fail again and again are
        put into quarantine, and the others are processed.

        Raises:
            StorageError: a store is unavailable. The batches are kept, and the next call processes the first of them.
        """
        if self._has_failed_batch or self._background_store.is_done or self._batch_judge.is_stale:
            await self._finish_store()
            if self._pending:
                return await self._process_first_batch()
            self._batch_judge.evict_stale()
        attempts = self._isolation.attempts
        entry_limit = attempts.limit_entries(limit) if attempts else limit
        entries = await self._reader.read(entry_limit)
        if not entries:
            await self.finish()
            return 0
        batch = PendingBatch(entries, end_position=self._reader.position)
        self._pending.append(batch)
        is_suspect = self._begin_attempt(*self._pending) or entry_limit < limit
        if is_suspect or not await self._judge_and_begin_store(batch):
            await self.finish()
        return len(entries)

    async def finish(self) -> None:
        """Wait until all entries that were read are stored.

        Raises:
            StorageError: a store is unavailable; the next call of any method that processes tries again.
        """
        await self._finish_store()
        while self._pending:
            await self._process_first_batch()

    @property
    def _has_failed_batch(self) -> bool:
        return len(self._pending) > self._background_store.is_running

    async def _judge_and_begin_store(self, batch: PendingBatch) -> bool:
        """Judge a batch while the one before is stored, then begin to store it; return False if one of them failed."""
        try:
            results = await self._judge_first_part(batch)
        except Exception as error:
            # If the store of the batch before failed, that may be the cause.
            if await self._finish_store():
                await self._handle_failure(error)
            return False
        if not await self._finish_store():
            return False
        self._background_store.begin(results, on_stored=partial(self._finish_batch, batch, results))
        return True

    async def _finish_store(self) -> bool:
        """Wait for the store in the background; return False if it failed."""
        try:
            await self._background_store.finish()
        except Exception as error:
            await self._handle_failure(error)
            return False
        return True

    async def _finish_batch(self, batch: PendingBatch, results: BatchResults) -> None:
        self._finish_first_part(batch, results)
        await self._commit_first_batch()

    async def _process_first_batch(self) -> int:
        """Judge, store and commit the first pending batch, part by part. Nothing may be being stored."""
        batch = self._pending[0]
        if self._begin_attempt(batch) and batch.parts:
            await self._put_first_part_into_quarantine(batch, batch.entries[0], _KILLED_PROCESS)
        while batch.parts:
            try:
                self._batch_judge.evict_stale()
                results = await self._judge_first_part(batch)
                await self._background_store.store(results)
            except Exception as error:
                await self._handle_failure(error)
            else:
                self._finish_first_part(batch, results)
        await self._commit_first_batch()
        return len(batch.entries)

    async def _judge_first_part(self, batch: PendingBatch) -> BatchResults:
        part = batch.parts[0]
        if part.batch is None:
            part.batch = await self.worker.run(
                partial(decode_batch, part.entries, erased_recipients=self._erased_recipients)
            )
        event_times = [event.at for event in part.batch.current_events]
        batch.oldest_event_at = min((*event_times, *filter(None, [batch.oldest_event_at])), default=None)
        return await self._batch_judge.judge(part.batch, skipped_message_ids=part.skipped_message_ids)

    async def _handle_failure(self, error: Exception) -> None:
        """Narrow down the first pending batch to the entries that are the cause, or raise the error."""
        batch = self._pending[0]
        self.invalidate_cache()  # it may hold what was not stored
        is_unavailable = isinstance(error, StorageError) and error.retryable
        if is_unavailable or not batch.parts or self._isolation.quarantine is None:
            raise error
        self._isolation.on_failure(error, len(batch.parts[0].entries))
        if entry := batch.handle_failure(error):
            await self._put_first_part_into_quarantine(batch, entry, _describe_failure(error))

    async def _put_first_part_into_quarantine(self, batch: PendingBatch, entry: JournalEntry, reason: str) -> None:
        if self._isolation.quarantine:
            await self._isolation.quarantine.add(entry, reason=reason)
            self.quarantined_count += 1
        batch.parts.popleft()

    def _finish_first_part(self, batch: PendingBatch, results: BatchResults) -> None:
        part = batch.parts.popleft()
        if part.batch:
            batch.erased_entries += part.batch.erased
            self._update_counters(part.batch)
        self.judged_message_count += results.judged_count

    async def _commit_first_batch(self) -> None:
        batch = self._pending[0]
        if batch.erased_entries:
            await self._reader.erase(batch.erased_entries)
            batch.erased_entries = []
        await self._reader.commit(batch.end_position)
        self._pending.popleft()
        if self._isolation.attempts:
            self._isolation.attempts.end()
            self._begin_attempt(*self._pending)

    def _begin_attempt(self, *batches: PendingBatch) -> bool:
        """Note that batches are being processed; return whether it is a single entry that has killed processes."""
        entries = [entry for batch in batches for entry in batch.entries]
        return bool(self._isolation.attempts and entries and self._isolation.attempts.begin(entries))

    def _update_counters(self, batch: Batch) -> None:
        self.processed_count += len(batch.recorded) + len(batch.anonymous_clicks)
        self.unreadable_count += len(batch.unreadable)
        for entry, error in batch.unreadable:
            self._isolation.on_unreadable(entry, error)
        for event in batch.current_events:
            if isinstance(event, Click):
                self.dominant_address_detector.add(event.ip)
                self.tampered_count += event.tampered
                self.damaged_count += event.damage != ""


def _describe_failure(error: Exception) -> str:
    """Describe an error without its message, which can quote the event."""
    cause = error.__cause__ if isinstance(error, JudgingError) and error.__cause__ else error
    if isinstance(cause, TimeLimitError):
        return "judging the message took too long"
    if isinstance(cause, StorageError):
        return str(cause)
    where = "judging the message" if isinstance(error, JudgingError) else "processing the event"
    return f"{where} failed: {type(cause).__name__}"
