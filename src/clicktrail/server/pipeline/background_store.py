"""Store the results of one batch while the next batch is judged.

One store runs at a time, so verdicts are stored in the order in which they were reached. The next batch finds what is
being stored in memory; if a message is not in memory any more, reading it waits for the store.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from clicktrail.model.event import AnonymousClick
from clicktrail.server.ports import BackgroundTask, EventStore, JudgedMessage, RecordedEvent, StoreObserver, Worker


@dataclass(slots=True, kw_only=True)
class BatchResults:
    """What is stored of a batch.

    Attributes:
        changes: messages with events in the batch or with changed verdicts, each with only its new and changed clicks.
        judged_count: number of judged messages.
    """

    events: Sequence[RecordedEvent] = ()
    anonymous_clicks: Sequence[AnonymousClick] = ()
    changes: list[JudgedMessage] = field(default_factory=list)
    judged_count: int = 0


class BackgroundStore:
    """Stores results, at once or in the background.

    Attributes:
        observers: are notified of messages once they are stored.
    """

    def __init__(self, event_store: EventStore, worker: Worker) -> None:
        self.observers: tuple[StoreObserver, ...] = ()
        self._event_store = event_store
        self._worker = worker
        self._task: BackgroundTask | None = None
        self._message_ids: AbstractSet[str] = frozenset()

    @property
    def is_running(self) -> bool:
        """Whether a store was begun that was not waited for by `finish` yet."""
        return self._task is not None

    @property
    def is_done(self) -> bool:
        """Whether a store has ended that was not waited for by `finish` yet."""
        return self._task is not None and self._task.is_done

    def begin(self, results: BatchResults, *, on_stored: Callable[[], Awaitable[None]]) -> None:
        """Begin to store results in the background. Call `finish` before.

        Args:
            results: what to store.
            on_stored: called once they are stored; its exceptions are those of the store.
        """
        self._message_ids = {change.timeline.message_id for change in results.changes}
        self._task = self._worker.start(self._store_and_call(results, on_stored))

    async def finish(self) -> None:
        """Wait until nothing is being stored.

        Raises:
            Exception: the store in the background failed.
        """
        if task := self._task:
            try:
                await task.wait()
            finally:
                if task.is_done:
                    self._task = None

    async def wait_for(self, message_ids: Iterable[str]) -> None:
        """Wait until none of these messages is being stored.

        Raises:
            Exception: the store in the background failed; `finish` raises the same exception.
        """
        if self._task and not self._message_ids.isdisjoint(message_ids):
            await self._task.wait()

    async def store(self, results: BatchResults) -> None:
        """Store results after the store in the background.

        Raises:
            StorageError: a part may be stored; it is safe to repeat the call.
            Exception: the store in the background failed; `finish` raises the same exception.
        """
        if self._task:
            await self._task.wait()
        await self._store(results)

    async def _store_and_call(self, results: BatchResults, on_stored: Callable[[], Awaitable[None]]) -> None:
        await self._store(results)
        await on_stored()

    async def _store(self, results: BatchResults) -> None:
        await self._event_store.store(results.events, results.changes, results.anonymous_clicks)
        for observer in self.observers:
            observer.on_stored(results.changes)
