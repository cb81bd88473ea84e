"""What the pipeline needs from the outside, and the edges provide."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport

__all__ = ["Analytics", "Clock", "Entry", "Ids", "Journal", "JournalReader", "JudgedMessage"]


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Aware, UTC, cut to milliseconds."""
        ...


class Ids(Protocol):
    """Names for new things."""

    def new(self) -> str:
        """An id that nobody else has given out or will: ``[0-9a-z]`` only, at most 26 characters."""
        ...


class Journal(Protocol):
    """Where an event goes before anybody is answered: one writer's end of it."""

    def append(self, line: bytes, on_commit: Callable[[bool], None]) -> None:
        """Write one encoded event, and say when it is on disk.

        Never raises. ``on_commit(True)`` is called once the line survives a power cut, ``on_commit(False)`` as soon
        as it is clear that it will not be written; either may happen before this call returns.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal and where it stood.

    Attributes:
        line: the encoded event, as it was appended.
        place: where reading goes on behind it; opaque, meaningful to the reader that gave it.
    """

    line: bytes
    place: object


class JournalReader(Protocol):
    """The other end: every writer's lines, each writer's in order, from where reading stopped last."""

    def read(self, limit: int) -> Sequence[Entry]:
        """The next lines, at most ``limit``; empty where there are none yet. Advances in memory only."""
        ...

    def commit(self) -> None:
        """Remember durably that all that was read so far is done with."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMessage:
    """A message's timeline and the verdicts on its clicks."""

    timeline: Timeline
    clicks: tuple[JudgedClick, ...]


class Analytics(Protocol):
    """Events, messages and judged clicks, and the numbers made of them.

    Storing the same again changes nothing: events are known by their id, messages by message id, judged clicks by
    click id, and of two stored under one name the later one stands.
    """

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """What is stored of these messages; one that nobody told of has an empty timeline."""
        ...

    async def store(self, lines: Sequence[bytes], judged: Sequence[JudgedMessage]) -> None:
        """Keep events as they arrived, and the messages they touch as judged now.

        Raises:
            StorageError: nothing or a part was kept; the same call again is safe.
        """
        ...

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Every campaign, the latest sent first, without links and reasons."""
        ...

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links and reasons; None if there is no such campaign."""
        ...
