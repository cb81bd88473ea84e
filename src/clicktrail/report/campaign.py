"""The report of one campaign: counts, and the rates computed from them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from clicktrail.model.event import Click
from clicktrail.model.verdict import Verdict

_FIRST_CLICK_ONLY_ESP = "postmark"
"""Postmark's click webhook fires only for the first click of a recipient on a link (Postmark docs, Click webhook)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickCounts:
    """Counted clicks by verdict, including anonymous ones. HEAD, OPTIONS and prefetches are judged but not counted."""

    human: int = 0
    suspected: int = 0
    bot: int = 0
    preview: int = 0

    @property
    def total(self) -> int:
        """Counted clicks of all verdicts: what an ESP shows as "total clicks"."""
        return self.human + self.suspected + self.bot + self.preview

    @classmethod
    def from_verdicts(cls, clicks: Mapping[Verdict, int]) -> "ClickCounts":
        """The counts of a counter of verdicts."""
        return cls(**{verdict.value: clicks.get(verdict, 0) for verdict in Verdict})


def add_up_clicks(counts: Iterable[ClickCounts]) -> ClickCounts:
    """The sum of counts."""
    counts = tuple(counts)
    return ClickCounts(**{verdict.value: sum(getattr(row, verdict.value) for row in counts) for verdict in Verdict})


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueClickers:
    """People with at least one counted click.

    A person is a recipient, or a message if it went to several and the recipient of the click is unknown. Anonymous
    clicks have no person.

    Attributes:
        raw: people with a click of any verdict: what an ESP shows as "unique clicks".
        human: people with at least one human click, even if a bot clicked first.
        engaged: people with at least one click whose landing page reported a key press, pointer press or scroll: the
            signal ``engaged``.
    """

    raw: int = 0
    human: int = 0
    engaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One link of a campaign: a destination at a position, or all links of a group.

    Attributes:
        position: the lowest position of a group.
        url: the destination; for a group, the alphabetically first.
        group: empty for a single link.
    """

    position: int
    url: str
    group: str = ""
    clicks: ClickCounts
    unique: UniqueClickers


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """Number of counted clicks that are not human and have a signal among their reasons."""

    signal: str
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """Which facts a source recorded with its clicks. Includes clicks that are not counted, but no anonymous ones.

    Attributes:
        source: ``clicktrail`` or the ESP's name.
    """

    source: str
    clicks: int
    clicks_with_ip: int
    clicks_with_user_agent: int

    @property
    def gaps(self) -> Iterator[str]:
        """What the source did not record, one sentence each."""
        if not self.clicks_with_ip:
            yield f"clicks from {self.source} have no IP address, so signals about networks were not used"
        if not self.clicks_with_user_agent:
            yield f"clicks from {self.source} have no User-Agent, so signals about programs were not used"
        if self.source == _FIRST_CLICK_ONLY_ESP:
            yield (
                f"{self.source} reports only a recipient's first click on a link, so people who clicked after a scanner"
                " are missing"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """One campaign.

    Attributes:
        campaign: empty for messages sent without a campaign.
        first_sent_at: aware; None if no message of the campaign is known to be sent.
        accepted: recipients whose message the next hop accepted.
        reported_deliveries: messages with a ``delivered`` event.
        opened: messages whose tracking pixel an ESP saw loaded. clicktrail adds none.
        messages_with_engagement: messages with a visitor on a landing page. If 0, `UniqueClickers.engaged` is unknown.
        links: by position; empty in the list of all campaigns, as are ``reasons`` and ``sources``.
        reasons: the most frequent first.
        sources: by name.
    """

    campaign: str
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    reported_deliveries: int = 0
    opened: int = 0
    messages_with_engagement: int = 0
    clicks: ClickCounts = ClickCounts()
    unique: UniqueClickers = UniqueClickers()
    links: tuple[LinkReport, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    sources: tuple[SourceReport, ...] = ()

    @property
    def delivered(self) -> int:
        """Reported deliveries; if none were reported, accepted less bounced."""
        return self.reported_deliveries or max(0, self.accepted - self.bounced)

    @property
    def delivered_basis(self) -> str:
        """What `delivered` is based on: ``delivered`` events, or ``accepted``."""
        return "delivered" if self.reported_deliveries else "accepted"

    @property
    def click_rate_raw(self) -> float:
        """Unique clickers of any verdict ÷ delivered; 0 if nothing was delivered."""
        return _divide(self.unique.raw, self.delivered)

    @property
    def click_rate_human(self) -> float:
        """The click rate: unique human clickers ÷ delivered; 0 if nothing was delivered."""
        return _divide(self.unique.human, self.delivered)

    @property
    def click_to_open_raw(self) -> float | None:
        """Unique clickers of any verdict ÷ messages opened; None if no opens were reported."""
        return _divide(self.unique.raw, self.opened) if self.opened else None

    @property
    def click_to_open_human(self) -> float | None:
        """Unique human clickers ÷ messages opened; None if no opens were reported."""
        return _divide(self.unique.human, self.opened) if self.opened else None

    @property
    def gaps(self) -> list[str]:
        """What is missing from the recorded events, one sentence each."""
        gaps = [gap for source in self.sources for gap in source.gaps]
        if 0 < self.delivered < self.unique.raw:
            gaps.append(
                f"{self.unique.raw} recipients have clicks, but only {self.delivered} deliveries are known,"
                " so rates are too high"
            )
        return gaps


def sort_reports(reports: Iterable[CampaignReport]) -> list[CampaignReport]:
    """Sort reports: the latest sent first, campaigns sent at the same time or never by name."""
    never = datetime.min.replace(tzinfo=UTC)
    by_name = sorted(reports, key=lambda report: report.campaign)
    return sorted(by_name, key=lambda report: report.first_sent_at or never, reverse=True)


class SourceCounter:
    """Counts clicks by source, to build source reports."""

    def __init__(self) -> None:
        self._clicks: Counter[str] = Counter()
        self._with_ip: Counter[str] = Counter()
        self._with_user_agent: Counter[str] = Counter()

    def add(self, click: Click) -> None:
        """Count one click."""
        source = click.esp or click.source
        self._clicks[source] += 1
        self._with_ip[source] += bool(click.ip)
        self._with_user_agent[source] += bool(click.user_agent)

    def build_reports(self) -> tuple[SourceReport, ...]:
        """The report of each source, by name."""
        return tuple(
            SourceReport(
                source=source,
                clicks=clicks,
                clicks_with_ip=self._with_ip[source],
                clicks_with_user_agent=self._with_user_agent[source],
            )
            for source, clicks in sorted(self._clicks.items())
        )

    def list_gaps(self) -> list[str]:
        """What the sources did not record, one sentence each."""
        return [gap for report in self.build_reports() for gap in report.gaps]


def _divide(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
