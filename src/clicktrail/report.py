"""Every number that the product shows, defined once.

What is counted and what is made of the counts is defined here. ``summarise`` counts in Python, message by message;
the console counts by SQL, which is tested against it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clicktrail.model.event import AnonymousClick, Bounced, Click, Delivered
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict

__all__ = ["CampaignReport", "Clicks", "LinkReport", "ReasonCount", "Unique", "as_json", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """Counted clicks by verdict, anonymous ones too. HEAD, OPTIONS and prefetches are judged but never in here."""

    human: int = 0
    suspected: int = 0
    bot: int = 0
    preview: int = 0

    @property
    def total(self) -> int:
        """All counted clicks, whoever made them: what an ESP shows as "total clicks"."""
        return self.human + self.suspected + self.bot + self.preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Unique:
    """People with at least one counted click.

    A person is a recipient; where a message went to several and its recipient is unknown, the message. Anonymous clicks
    are nobody's.

    Attributes:
        raw: with a click of any verdict: what an ESP shows as "unique clicks".
        human: with at least one human click. A bot that came first does not bury the person.
        engaged: with at least one click whose landing page saw its visitor press, type or scroll: the signal
            ``engaged`` among its reasons.
    """

    raw: int = 0
    human: int = 0
    engaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkReport:
    """One link of a campaign: a destination at a position, or all links of a group.

    Attributes:
        position: of several the lowest.
        url: the destination, of several the first by the alphabet.
        group: empty if the link stands for itself.
        clicks: counted clicks.
        unique: clickers.
    """

    position: int
    url: str
    group: str = ""
    clicks: Clicks
    unique: Unique


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many counted clicks of a campaign that are not human have this signal among their reasons."""

    signal: str
    clicks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """One campaign.

    Attributes:
        campaign: its name; empty for messages sent without one.
        first_sent_at: when its first message left; None if nobody told us.
        accepted: recipients whose message the next hop took.
        bounced: messages that bounced.
        delivered_events: messages of which a delivery was told.
        clicks: counted clicks.
        unique: clickers.
        links: by position; empty in overviews.
        reasons: the most frequent first; empty in overviews.
    """

    campaign: str
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    delivered_events: int = 0
    clicks: Clicks = Clicks()
    unique: Unique = Unique()
    links: tuple[LinkReport, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()

    @property
    def delivered(self) -> int:
        """Deliveries as told; where nobody told of any, what was accepted and did not bounce."""
        return self.delivered_events or max(0, self.accepted - self.bounced)

    @property
    def delivered_basis(self) -> str:
        """What ``delivered`` rests on: ``delivered`` or ``accepted``."""
        return "delivered" if self.delivered_events else "accepted"

    @property
    def click_rate_raw(self) -> float:
        """Unique clickers of any verdict ÷ delivered; 0 where nothing was delivered."""
        return _rate(self.unique.raw, self.delivered)

    @property
    def click_rate_human(self) -> float:
        """Unique human clickers ÷ delivered: the click rate."""
        return _rate(self.unique.human, self.delivered)


def summarise(
    messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]],
    anonymous: Iterable[AnonymousClick] = (),
    *,
    by_link: bool = True,
) -> list[CampaignReport]:
    """Count messages and the verdicts on their clicks, by campaign, the latest sent first, with links and reasons.

    Each message and each anonymous click comes once. Memory grows with clickers and links, not with clicks; without
    ``by_link`` reports have no links, and personalised ones take none.
    """
    tallies: dict[str, _Tally] = {}
    for timeline, clicks in messages:
        tallies.setdefault(timeline.campaign, _Tally(by_link=by_link)).add(timeline, clicks)
    for click in anonymous:
        tallies.setdefault(click.campaign, _Tally(by_link=by_link)).count(click, Verdict(click.verdict))
    reports = [tally.report(campaign) for campaign, tally in sorted(tallies.items())]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(reports, key=lambda report: report.first_sent_at or never, reverse=True)


def as_json(report: CampaignReport) -> dict[str, object]:
    """The shape of ``clicktrail report --json`` and the API; rates are fractions of 1."""
    return {
        "campaign": report.campaign,
        "delivered": report.delivered,
        "delivered_basis": report.delivered_basis,
        "accepted": report.accepted,
        "bounced": report.bounced,
        "clicks": _clicks_as_json(report.clicks),
        "unique": _unique_as_json(report.unique),
        "click_rate": {"raw": report.click_rate_raw, "human": report.click_rate_human},
        "links": [
            {
                "position": link.position,
                "url": link.url,
                "group": link.group,
                "clicks": _clicks_as_json(link.clicks),
                "unique": _unique_as_json(link.unique),
            }
            for link in report.links
        ],
        "reasons": [{"signal": reason.signal, "clicks": reason.clicks} for reason in report.reasons],
    }


@dataclass(slots=True)
class _Clickers:
    """Clicks by verdict, and who made them."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    humans: set[str] = field(default_factory=set)
    engaged: set[str] = field(default_factory=set)

    def add(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str]) -> None:
        self.verdicts[verdict] += 1
        if person := click.recipient or click.message_id:
            self.people.add(person)
            if verdict is Verdict.HUMAN:
                self.humans.add(person)
            if "engaged" in signals:
                self.engaged.add(person)

    @property
    def clicks(self) -> Clicks:
        return Clicks(
            human=self.verdicts[Verdict.HUMAN],
            suspected=self.verdicts[Verdict.SUSPECTED],
            bot=self.verdicts[Verdict.BOT],
            preview=self.verdicts[Verdict.PREVIEW],
        )

    @property
    def unique(self) -> Unique:
        return Unique(raw=len(self.people), human=len(self.humans), engaged=len(self.engaged))


@dataclass(slots=True)
class _LinkTally:
    """One link, or those of one group, while it is counted."""

    positions: set[int] = field(default_factory=set)
    url: str = ""
    group: str = ""
    clickers: _Clickers = field(default_factory=_Clickers)

    def add(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str]) -> None:
        self.positions.add(click.link)
        self.url = min(self.url or click.url, click.url or self.url)
        self.group = click.group
        self.clickers.add(click, verdict, signals)

    def report(self) -> LinkReport:
        return LinkReport(
            position=min(self.positions),
            url=self.url,
            group=self.group,
            clicks=self.clickers.clicks,
            unique=self.clickers.unique,
        )


@dataclass(slots=True)
class _Tally:
    """One campaign while it is counted."""

    by_link: bool
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    delivered: int = 0
    everyone: _Clickers = field(default_factory=_Clickers)
    links: dict[tuple[int, str] | str, _LinkTally] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, timeline: Timeline, clicks: Sequence[JudgedClick]) -> None:
        if (sent := timeline.sent) is not None:
            self.accepted += sent.recipients
            self.first_sent_at = min(self.first_sent_at or sent.at, sent.at)
        self.bounced += any(isinstance(event, Bounced) for event in timeline.events)
        self.delivered += any(isinstance(event, Delivered) for event in timeline.events)
        for judged in clicks:
            if judged.counted:
                signals = frozenset(reason.signal for reason in judged.reasons)
                self.count(judged.click, judged.verdict, signals)
                if judged.verdict is not Verdict.HUMAN:
                    self.reasons.update(signals)

    def count(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str] = frozenset()) -> None:
        self.everyone.add(click, verdict, signals)
        if self.by_link:
            self.links.setdefault(click.group or (click.link, click.url), _LinkTally()).add(click, verdict, signals)

    def report(self, campaign: str) -> CampaignReport:
        return CampaignReport(
            campaign=campaign,
            first_sent_at=self.first_sent_at,
            accepted=self.accepted,
            bounced=self.bounced,
            delivered_events=self.delivered,
            clicks=self.everyone.clicks,
            unique=self.everyone.unique,
            links=tuple(
                sorted(
                    (link.report() for link in self.links.values()),
                    key=lambda link: (link.position, link.url, link.group),
                )
            ),
            reasons=tuple(
                ReasonCount(signal=signal, clicks=clicks)
                for signal, clicks in sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))
            ),
        )


def _clicks_as_json(clicks: Clicks) -> dict[str, int]:
    return {
        "total": clicks.total,
        "human": clicks.human,
        "suspected": clicks.suspected,
        "bot": clicks.bot,
        "preview": clicks.preview,
    }


def _unique_as_json(unique: Unique) -> dict[str, int]:
    return {"raw": unique.raw, "human": unique.human, "engaged": unique.engaged}


def _rate(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
