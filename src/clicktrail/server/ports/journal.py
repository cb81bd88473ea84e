"""Write events to the journal before a request is answered, and read them back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Journal(Protocol):
    """The writing end of the journal, for one writer."""

    @property
    def is_degraded(self) -> bool:
        """Whether events currently wait in memory because the disk cannot be written."""

    @property
    def failed_count(self) -> int:
        """Number of events so far that were not on disk when ``on_commit`` was called; they may be written later."""

    @property
    def buffered_count(self) -> int:
        """Number of events that wait in memory now."""

    @property
    def dropped_count(self) -> int:
        """Number of events so far that were dropped and will never be on disk."""

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Append one encoded event, and call back once it is durable. Never raises.

        ``on_commit(True)`` is called once the event is as durable as the settings require. ``on_commit(False)`` is
        called as soon as the event cannot be committed in time: it is then written later, or dropped. Either call can
        happen before this method returns.
        """


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event of the journal.

    Attributes:
        position: where the entry is, for the log.
        is_past: whether the event was recorded earlier, and imported or tried again now.
    """

    line: bytes
    position: object
    is_past: bool = False


class JournalReader(Protocol):
    """The reading end: the events of all writers, each writer's in order, from the committed position on."""

    @property
    def position(self) -> object:
        """Position behind the entries read so far."""

    async def read(self, limit: int) -> Sequence[JournalEntry]:
        """Return up to ``limit`` next entries; empty if there are none yet. The new position is not yet committed."""

    async def erase(self, entries: Sequence[JournalEntry]) -> None:
        """Overwrite entries that were read, because their recipients are erased.

        Raises:
            StorageError: some may be left; it is safe to repeat the call.
        """

    async def commit(self, position: object = None) -> None:
        """Durably store a position, so that the entries before it are not read again.

        Args:
            position: None for the position behind all entries read so far.

        Raises:
            StorageError: the position could not be written; it is safe to repeat the call.
        """
