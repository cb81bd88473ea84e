"""Count in Python, message by message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clicktrail.model.event import AnonymousClick, Bounced, Click, Delivered, Engagement, Opened
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report.campaign import CampaignReport, Clicks, LinkReport, ReasonCount, Sources, Unique

__all__ = ["summarise"]


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
    opened: int = 0
    landed: int = 0
    everyone: _Clickers = field(default_factory=_Clickers)
    links: dict[tuple[int, str] | str, _LinkTally] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    sources: Sources = field(default_factory=Sources)

    def add(self, timeline: Timeline, clicks: Sequence[JudgedClick]) -> None:
        if (sent := timeline.sent) is not None:
            self.accepted += sent.recipients
            self.first_sent_at = min(self.first_sent_at or sent.at, sent.at)
        self.bounced += any(isinstance(event, Bounced) for event in timeline.events)
        self.delivered += any(isinstance(event, Delivered) for event in timeline.events)
        self.opened += any(isinstance(event, Opened) for event in timeline.events)
        self.landed += any(isinstance(event, Engagement) for event in timeline.events)
        for judged in clicks:
            self.sources.see(judged.click)
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
            opened=self.opened,
            landed=self.landed,
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
            sources=self.sources.reports(),
        )
