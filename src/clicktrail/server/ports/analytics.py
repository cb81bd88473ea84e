"""Where judged events are kept and counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from clicktrail.judge.address_activity import AddressClick
from clicktrail.model.event import AnonymousClick
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.report.accuracy import ConfusionMatrix

__all__ = [
    "Analytics",
    "CachedReport",
    "ClickCursor",
    "ClickPage",
    "ClickSearch",
    "Clicker",
    "JudgedMessage",
    "RecipientClick",
    "StoreObserver",
    "StoredVerdict",
    "VerdictChange",
]

# FOLDED clicks.py: Single clicks to look at: which ones, a page of them, and one recipient's.

ClickCursor = tuple[datetime, str]
"""Where a click stands among a campaign's: when it was, aware, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickSearch:
    """Which clicks one looks for.

    Attributes:
        campaign: of its messages.
        verdicts: with one of these.
        signal: with this one among the reasons; whatever they are where it is empty.
        counted: those that reports count, or those that they do not.
        before: only those that come behind this place when the latest come first; None for all.
    """

    campaign: str
    verdicts: tuple[Verdict, ...] = tuple(Verdict)
    signal: str = ""
    counted: bool = True
    before: ClickCursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickPage:
    """Some of the clicks that were looked for.

    Attributes:
        clicks: the latest first, each as far as it is kept beside its verdict: without its address and headers. An
            anonymous one has no message, no method and no reasons, and its time is cut to the hour.
        next_cursor: the place behind which the search goes on; None where there are no more.
    """

    clicks: tuple[JudgedClick, ...]
    next_cursor: ClickCursor | None


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
class JudgedMessage:
    """A message's timeline and verdicts on its clicks.

    Attributes:
        timeline: all that is known of the message.
        clicks: verdicts as they are now. To be stored only those that are new: the others stand.
        previous_verdicts: the verdicts that stood until now, by click id; none of a click that had none.
    """

    timeline: Timeline
    clicks: tuple[JudgedClick, ...]
    previous_verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    @property
    def changed_clicks(self) -> tuple[tuple[Verdict, JudgedClick], ...]:
        """The clicks whose verdicts are others than before, each behind that one."""
        if not self.previous_verdicts:
            return ()
        stood = ((self.previous_verdicts.get(of.click.id), of) for of in self.clicks)
        return tuple((before, of) for before, of in stood if before and before is not of.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A click got another verdict.

    Attributes:
        at: when, aware.
        click_id: the click's.
        message_id: of its message.
        before: the verdict until then.
        after: the verdict from then on.
        score: the sum of the points.
        signals: those that spoke, the heaviest first.
        rules: versions of what judged.
    """

    at: datetime
    click_id: str
    message_id: str
    before: Verdict
    after: Verdict
    score: int
    signals: tuple[str, ...]
    rules: str


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
    def from_judged(cls, judged: JudgedClick, message_id: str) -> "StoredVerdict":
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedReport:
    """A report as it can be shown at once.

    Attributes:
        report: of one campaign.
        as_of: aware; what was stored after it may be missing. None where nothing is.
    """

    report: CampaignReport
    as_of: datetime | None


class Analytics(Protocol):
    """Events, messages and judged clicks, and the numbers made of them.

    Storing the same again changes nothing: events are known by their id, messages by message id, judged clicks by
    click id, and of two stored under one name the later one stands.
    """

    async def timelines(self, message_ids: Iterable[str]) -> Mapping[str, Timeline]:
        """What is stored of these messages; one that nobody told of has an empty timeline."""
        ...

    async def address_clicks(self, windows: Sequence[tuple[str, datetime, datetime]]) -> Sequence[AddressClick]:
        """The requests by addresses in windows of time, in the order of time, each once.

        Requests on tokens that did not open are among them; what was shortened or erased is not.

        Args:
            windows: an address as it was recorded, the window's first instant and its last, aware.
        """
        ...

    async def last_click_at(self) -> datetime | None:
        """When the latest of all visits was; None where there is none."""
        ...

    async def verdicts(
        self, campaign: str, *, since: datetime | None, part: int, part_count: int
    ) -> Sequence[StoredVerdict]:
        """The verdicts on all clicks of a part of a campaign's messages: of those with a click since then, if given.

        Args:
            campaign: its name.
            since: aware, or None for all.
            part: which part, from 0.
            part_count: into how many parts the messages are divided, by nothing but their names.
        """
        ...

    async def current_verdicts(self, timelines: Iterable[Timeline]) -> Mapping[str, Verdict]:
        """The verdicts that stand on the clicks of messages, by click id; a click that was never judged has none.

        Args:
            timelines: as they are stored.
        """
        ...

    async def history(self, campaign: str, *, click_ids: Sequence[str] = (), limit: int) -> Sequence[VerdictChange]:
        """Changes of verdicts on a campaign's clicks, the latest first, at most so many. A first verdict is none.

        Args:
            campaign: its name.
            click_ids: ids of those that are asked about; all where there are none.
            limit: at most so many changes.
        """
        ...

    async def clicks(self, search: ClickSearch, *, limit: int) -> ClickPage:
        """The next clicks of a search, at most so many.

        Fewer, or none, do not say that there are no more: what was judged again just now may be passed over.
        """
        ...

    async def recipient_clicks(self, recipient: str) -> Sequence[RecipientClick]:
        """What a recipient clicked on, in the order of time. An address is the same in capital and small letters."""
        ...

    async def store(
        self, lines: Sequence[bytes], messages: Sequence[JudgedMessage], anonymous_clicks: Sequence[AnonymousClick] = ()
    ) -> None:
        """Keep events as they arrived, the messages they touch as judged now, and anonymous clicks as they are.

        Verdicts that are others than before go into the history, once however often the same is stored.

        Raises:
            StorageError: nothing or a part was kept; the same call again is safe.
        """
        ...

    async def erase(self, recipient: str) -> None:
        """Delete the events and clicks of a recipient, and the clicks' history.

        An address is the same in capital and small letters.

        Raises:
            StorageError: some may still be there; the same call again is safe.
        """
        ...

    async def shorten_ip_addresses(self, *, before: datetime) -> None:
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

    async def cached_campaigns(self) -> Sequence[CachedReport]:
        """Every campaign for somebody who waits: the large ones as they were counted last, to be counted later."""
        ...

    async def cached_campaign(self, name: str) -> CachedReport | None:
        """One campaign for somebody who waits: a large one as it was counted last, to be counted later."""
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

    async def store_labels(self, truths: Mapping[str, Verdict]) -> None:
        """Keep what really made some clicks, by their ids; of two labels of one click the later one stands.

        Raises:
            StorageError: some may not be kept; the same call again is safe.
        """
        ...

    async def confusion_matrix(self) -> ConfusionMatrix:
        """How verdicts fare against all labels."""
        ...

    async def filtered_counts(
        self, campaigns: Sequence[str], *, click_filter: ClickFilter
    ) -> Mapping[str, FilteredCounts]:
        """What one filter leaves of campaigns; those of which it leaves nothing may be missing."""
        ...


class StoreObserver(Protocol):
    """Is notified of judged clicks once they are stored."""

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Handle messages with the clicks that are new or were judged again. Must not raise."""
        ...
