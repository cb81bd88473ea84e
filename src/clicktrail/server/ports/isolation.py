"""Keep events that fail, and work that takes long, from stopping everything else."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from clicktrail.errors import EventError
from clicktrail.server.ports.journal import JournalEntry

_Result = TypeVar("_Result")


class Quarantine(Protocol):
    """Journal entries that could not be processed."""

    async def add(self, entry: JournalEntry, *, reason: str) -> None:
        """Durably store an entry. An entry that is already included is not stored twice.

        Raises:
            StorageError: it may not be stored.
        """


class AttemptLog(Protocol):
    """Remembers which batches a process began and did not finish, because an event killed it."""

    def limit_entries(self, limit: int) -> int:
        """Return how many entries to read: fewer than ``limit`` after processes have died."""

    def begin(self, entries: Sequence[JournalEntry]) -> bool:
        """Note that a batch is begun. Return whether it is a single entry that has killed several processes."""

    def end(self) -> None:
        """Note that the batch is finished."""


class BackgroundTask(Protocol):
    """A coroutine that runs in the background."""

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""

    async def wait(self) -> None:
        """Wait until it has ended, and raise its exception, if any. It goes on if the wait is cancelled."""


class Worker(Protocol):
    """A thread beside the event loop, so that the loop stays responsive."""

    def start(self, coroutine: Coroutine[object, object, None]) -> BackgroundTask:
        """Run a coroutine of the event loop in the background."""

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function and return its result, or raise its exception."""

    def run_limited(self, function: Callable[[], _Result]) -> _Result:
        """Call a function in the thread.

        Raises:
            TimeLimitError: it took too long.
        """


class TimeLimitError(Exception):
    """A function took too long."""


class DeferredTask:
    """Implements `BackgroundTask`: the coroutine runs when it is waited for."""

    def __init__(self, coroutine: Coroutine[object, object, None]) -> None:
        self._coroutine: Coroutine[object, object, None] | None = coroutine
        self._error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self._coroutine is None

    async def wait(self) -> None:
        """Run the coroutine at the first call, and raise its exception, if any."""
        coroutine, self._coroutine = self._coroutine, None
        if self._error:
            raise self._error
        if coroutine:
            try:
                await coroutine
            except BaseException as error:
                self._error = error
                raise


class InlineWorker:
    """Runs functions in the calling thread, without a time limit."""

    def start(self, coroutine: Coroutine[object, object, None]) -> BackgroundTask:
        """Run a coroutine when it is waited for."""
        return DeferredTask(coroutine)

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function."""
        return function()

    def run_limited(self, function: Callable[[], _Result]) -> _Result:
        """Run a function."""
        return function()


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What keeps events that fail, and work that takes long, from stopping everything else.

    Attributes:
        worker: runs what takes long.
        quarantine: takes the entries that cannot be processed. Without one, every error is raised.
        attempts: keeps an event from killing one process after another.
        on_unreadable: called for each entry that is not an event. The entry is skipped; it stays in the journal.
        on_failure: called after each failed attempt, except if a store is unavailable, with the number of entries.
    """

    worker: Worker = field(default_factory=InlineWorker)
    quarantine: Quarantine | None = None
    attempts: AttemptLog | None = None
    on_unreadable: Callable[[JournalEntry, EventError], None] = lambda _entry, _error: None
    on_failure: Callable[[Exception, int], None] = lambda _error, _entry_count: None
