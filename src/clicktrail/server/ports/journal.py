"""Where events go before anybody is answered, and where they are read again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Journal",
    "JournalEntry",
    "JournalReader",
]


class Journal(Protocol):
    """Where an event goes before anybody is answered: one writer's end of it."""

    @property
    def is_degraded(self) -> bool:
        """Whether lines have to wait for the disk just now."""
        ...

    @property
    def failed_count(self) -> int:
        """Lines so far that were not on disk when that was told: written later, or waiting, or let go."""
        ...

    @property
    def buffered_count(self) -> int:
        """Lines that wait in memory now."""
        ...

    @property
    def dropped_count(self) -> int:
        """Lines so far that will never be on disk."""
        ...

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Write one encoded event, and say when it is on disk.

        Never raises. ``on_commit(True)`` is called once the line is as safe as the settings ask for,
        ``on_commit(False)`` as soon as it is clear that nobody should wait for that: the line is written later, or let
        go. Either may happen before this call returns.
        """
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal and where it stood.

    Attributes:
        line: the encoded event, as it was appended.
        position: where reading goes on behind it; opaque, meaningful to the reader that gave it.
    """

    line: bytes
    position: object


class JournalReader(Protocol):
    """The other end: every writer's lines, each writer's in order, from where reading stopped last."""

    async def read(self, limit: int) -> Sequence[JournalEntry]:
        """The next lines, at most ``limit``; empty where there are none yet. Advances in memory only."""
        ...

    async def commit(self) -> None:
        """Remember durably that all that was read so far is done with."""
        ...
