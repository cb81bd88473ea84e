"""What the pipeline needs from the outside, and the edges provide."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clicktrail.judge.visits import Visit
from clicktrail.model.consent import Consent, Said
from clicktrail.model.edit import LinkEdit
from clicktrail.model.event import AnonymousClick
from clicktrail.model.stored import LinkSet, ShortMessage
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, Filter, Filtered
from clicktrail.report.labels import Confusion

__all__ = [
    "Analytics",
    "Clicker",
    "Clock",
    "Codes",
    "Consents",
    "Entry",
    "Erasures",
    "Ids",
    "Journal",
    "JournalReader",
    "JudgedMessage",
    "LinkEdits",
    "LinkSets",
    "RecipientClick",
    "ShortLinks",
]


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


class Codes(Protocol):
    """Codes of short links."""

    def new(self) -> int:
        """`CODE_BITS` random bits that nobody can guess."""
        ...


class Journal(Protocol):
    """Where an event goes before anybody is answered: one writer's end of it."""

    @property
    def in_trouble(self) -> bool:
        """Whether lines have to wait for the disk just now."""
        ...

    @property
    def failed(self) -> int:
        """Lines so far that were not on disk when that was told: written later, or waiting, or let go."""
        ...

    @property
    def buffered(self) -> int:
        """Lines that wait in memory now."""
        ...

    @property
    def let_go(self) -> int:
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
    """A message's timeline and verdicts on its clicks.

    Attributes:
        timeline: all that is known of the message.
        clicks: verdicts as they are now. To be stored only those that are new: the others stand.
    """

    timeline: Timeline
    clicks: tuple[JudgedClick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """What a click is to reports.

    Attributes:
        click_id: the click's.
        message_id: of its message.
        person: by whom reports count clickers.
        verdict: what made the click.
        score: the sum of the points.
        counted: whether reports count the click.
        signals: those that spoke, the heaviest first.
        rules: versions of what judged.
    """

    click_id: str
    message_id: str
    person: str
    verdict: Verdict
    score: int
    counted: bool
    signals: tuple[str, ...]
    rules: str

    @classmethod
    def of(cls, judged: JudgedClick, message_id: str) -> "StoredVerdict":
        """A verdict on a click, as it is when it is stored."""
        return cls(
            click_id=judged.click.id,
            message_id=message_id,
            person=judged.click.recipient or message_id,
            verdict=judged.verdict,
            score=judged.score,
            counted=judged.counted,
            signals=tuple(reason.signal for reason in judged.reasons),
            rules=judged.rules,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientClick:
    """A click of one recipient, as one would tell it to them.

    Attributes:
        campaign: of its message; empty if none.
        message_id: of its message.
        at: when it was.
        link: position of the link in the message.
        url: the destination.
        verdict: what made it.
        counted: whether reports count it.
    """

    campaign: str
    message_id: str
    at: datetime
    link: int
    url: str
    verdict: Verdict
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicker:
    """A recipient who really clicked.

    Attributes:
        recipient: address or opaque id.
        clicks: their human clicks.
        last_at: when the last of them was.
    """

    recipient: str
    clicks: int
    last_at: datetime


class Analytics(Protocol):
    """Events, messages and judged clicks, and the numbers made of them.

    Storing the same again changes nothing: events are known by their id, messages by message id, judged clicks by
    click id, and of two stored under one name the later one stands.
    """

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """What is stored of these messages; one that nobody told of has an empty timeline."""
        ...

    async def visits(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[Visit]:
        """The requests by addresses in windows of time, in the order of time, each once.

        Requests on tokens that did not open are among them; what was shortened or erased is not.

        Args:
            windows: an address as it was recorded, the window's first instant and its last, aware.
        """
        ...

    async def last_visit(self) -> datetime | None:
        """When the latest of all visits was; None where there is none."""
        ...

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, parts: int
    ) -> Sequence[StoredVerdict]:
        """The verdicts on all clicks of a part of a campaign's messages: of those with a click since then, if given.

        Args:
            campaign: its name.
            since: aware, or None for all.
            part: which part, from 0.
            parts: into how many parts the messages are divided, by nothing but their names.
        """
        ...

    async def clicks_of(self, recipient: str) -> Sequence[RecipientClick]:
        """What a recipient clicked on, in the order of time. An address is the same in capital and small letters."""
        ...

    async def store(
        self, lines: Sequence[bytes], judged: Sequence[JudgedMessage], anonymous: Sequence[AnonymousClick] = ()
    ) -> None:
        """Keep events as they arrived, the messages they touch as judged now, and anonymous clicks as they are.

        Raises:
            StorageError: nothing or a part was kept; the same call again is safe.
        """
        ...

    async def erase(self, recipient: str) -> None:
        """Delete the events and clicks of a recipient. An address is the same in capital and small letters.

        Raises:
            StorageError: some may still be there; the same call again is safe.
        """
        ...

    async def shorten_addresses(self, *, before: datetime) -> None:
        """Of what happened before a time keep only the network of each address: ``192.0.2.0/24``, ``2001:db8::/48``.

        Raises:
            StorageError: some may still be whole; the same call again is safe.
        """
        ...

    async def campaigns(self) -> Sequence[CampaignReport]:
        """Every campaign, the latest sent first, without links, reasons and sources."""
        ...

    async def campaign(self, name: str) -> CampaignReport | None:
        """One campaign with its links, reasons and sources; None if there is no such campaign."""
        ...

    async def clickers(self, *, since: datetime, campaign: str | None, after: str, limit: int) -> Sequence[Clicker]:
        """Recipients with a counted human click, ascending by the bytes of their names.

        Args:
            since: when the click was at the earliest, aware.
            campaign: of this one alone; of any where None.
            after: only names behind this one; the empty one is before all.
            limit: at most so many.
        """
        ...

    async def label(self, truths: Mapping[str, Verdict]) -> None:
        """Keep what really made some clicks, by their ids; of two labels of one click the later one stands.

        Raises:
            StorageError: some may not be kept; the same call again is safe.
        """
        ...

    async def confusion(self) -> Confusion:
        """How verdicts fare against all labels."""
        ...

    async def filtered(self, campaigns: Sequence[str], *, by: Filter) -> Mapping[str, Filtered]:
        """What one filter leaves of campaigns; those of which it leaves nothing may be missing."""
        ...


class LinkSets(Protocol):
    """The link sets that campaign tokens name by number."""

    async def add(self, link_set: LinkSet) -> int:
        """Keep a link set durably. Returns its number, which no other has or had.

        Raises:
            StorageError: it may or may not have been kept, under a number that nobody knows.
        """
        ...

    async def find(self, number: int) -> LinkSet | None:
        """One link set; None if there is none of that number.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class ShortLinks(Protocol):
    """Where short tokens lead."""

    async def add(self, message: ShortMessage) -> None:
        """Keep a message's links durably.

        Raises:
            StorageError: they were not kept for sure, or the code is taken. Another code may be tried.
        """
        ...

    async def find(self, code: int) -> ShortMessage | None:
        """The message with a code; None if there is none.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def delete(self, *, before: datetime, limit: int) -> int:
        """Delete messages that were added before a time, the oldest first and at most so many; how many there were.

        Raises:
            StorageError: some may still be there; the same call again is safe.
        """
        ...


class Consents(Protocol):
    """What recipients said to being tracked. An address is the same in capital and small letters."""

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Keep what a recipient said last.

        Raises:
            StorageError: it was not kept for sure; the same call again is safe.
        """
        ...

    async def find(self, recipient: str) -> Consent | None:
        """What a recipient said last; None if nothing.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def said(self, *, since: datetime | None) -> Sequence[Said]:
        """What was said at a time and later; without one, by whom tracking was denied, whenever that was.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class LinkEdits(Protocol):
    """What was changed about links after they were sent."""

    async def add(self, edit: LinkEdit) -> None:
        """Keep an edit durably.

        Raises:
            StorageError: it was not kept for sure; the same call again is safe.
        """
        ...

    async def all(self) -> Sequence[LinkEdit]:
        """Every edit there ever was, in the order of time.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...


class Erasures(Protocol):
    """The recipients of whom nothing may be recorded any more."""

    async def add(self, recipient: str, mark: str, *, at: datetime) -> None:
        """Begin to erase a recipient: short messages have the mark in their place, and they deny being tracked.

        Args:
            recipient: address or opaque id.
            mark: what is kept of them for good.
            at: aware.

        Raises:
            StorageError: it was not done for sure; the same call again is safe.
        """
        ...

    async def marks(self) -> Sequence[str]:
        """What is kept of all who were erased.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def pending(self) -> Sequence[str]:
        """Recipients whom analytics has not erased yet.

        Raises:
            StorageError: nobody can tell just now.
        """
        ...

    async def done(self, recipient: str) -> None:
        """Forget the name of a recipient whom analytics has erased.

        Raises:
            StorageError: it was not done for sure; the same call again is safe.
        """
        ...
