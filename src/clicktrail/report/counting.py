"""Count reports in Python, message by message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clicktrail.model.event import AnonymousClick, Bounced, Click, Delivered, Engagement, Opened
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report.campaign import (
    CampaignReport,
    ClickCounts,
    LinkReport,
    ReasonCount,
    SourceCounter,
    UniqueClickers,
    sort_reports,
)


def build_reports(
    messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]],
    anonymous_clicks: Iterable[AnonymousClick] = (),
    *,
    include_links: bool = True,
) -> list[CampaignReport]:
    """Count messages and their judged clicks. Returns a report for each campaign, the latest sent first.

    Each message and each anonymous click must come once. Memory grows with the number of clickers and links, not of
    clicks. Without ``include_links`` reports have no links: personalised links would take a lot of memory.
    """
    tallies: dict[str, _CampaignTally] = {}
    for timeline, clicks in messages:
        tally = tallies.setdefault(timeline.campaign, _CampaignTally(include_links=include_links))
        tally.add_message(timeline, clicks)
    for click in anonymous_clicks:
        tally = tallies.setdefault(click.campaign, _CampaignTally(include_links=include_links))
        tally.add_click(click, Verdict(click.verdict))
    return sort_reports(tally.build_report(campaign) for campaign, tally in tallies.items())


@dataclass(slots=True)
class _ClickTally:
    clicks_by_verdict: Counter[Verdict] = field(default_factory=Counter)
    clickers: set[str] = field(default_factory=set)
    human_clickers: set[str] = field(default_factory=set)
    engaged_clickers: set[str] = field(default_factory=set)

    def add(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str]) -> None:
        self.clicks_by_verdict[verdict] += 1
        if person := click.recipient or click.message_id:
            self.clickers.add(person)
            if verdict is Verdict.HUMAN:
                self.human_clickers.add(person)
            if "engaged" in signals:
                self.engaged_clickers.add(person)

    def count_clicks(self) -> ClickCounts:
        return ClickCounts.from_verdicts(self.clicks_by_verdict)

    def count_unique_clickers(self) -> UniqueClickers:
        return UniqueClickers(
            raw=len(self.clickers), human=len(self.human_clickers), engaged=len(self.engaged_clickers)
        )


@dataclass(slots=True)
class _LinkTally:
    """One link, or the links of one group."""

    positions: set[int] = field(default_factory=set)
    url: str = ""
    group: str = ""
    clicks: _ClickTally = field(default_factory=_ClickTally)

    def add_click(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str]) -> None:
        self.positions.add(click.link)
        self.url = min(self.url or click.url, click.url or self.url)  # the alphabetically first that is not empty
        self.group = click.group
        self.clicks.add(click, verdict, signals)

    def build_report(self) -> LinkReport:
        return LinkReport(
            position=min(self.positions),
            url=self.url,
            group=self.group,
            clicks=self.clicks.count_clicks(),
            unique=self.clicks.count_unique_clickers(),
        )


@dataclass(slots=True)
class _CampaignTally:
    include_links: bool
    first_sent_at: datetime | None = None
    accepted: int = 0
    bounced: int = 0
    reported_deliveries: int = 0
    opened: int = 0
    messages_with_engagement: int = 0
    clicks: _ClickTally = field(default_factory=_ClickTally)
    links: dict[tuple[int, str] | str, _LinkTally] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    sources: SourceCounter = field(default_factory=SourceCounter)

    def add_message(self, timeline: Timeline, clicks: Sequence[JudgedClick]) -> None:
        if (sent := timeline.sent) is not None:
            self.accepted += sent.recipients
            self.first_sent_at = min(self.first_sent_at or sent.at, sent.at)
        self.bounced += any(isinstance(event, Bounced) for event in timeline.events)
        self.reported_deliveries += any(isinstance(event, Delivered) for event in timeline.events)
        self.opened += any(isinstance(event, Opened) for event in timeline.events)
        self.messages_with_engagement += any(isinstance(event, Engagement) for event in timeline.events)
        for judged in clicks:
            self.sources.add(judged.click)
            if judged.counted:
                signals = frozenset(reason.signal for reason in judged.reasons)
                self.add_click(judged.click, judged.verdict, signals)
                if judged.verdict is not Verdict.HUMAN:
                    self.reasons.update(signals)

    def add_click(self, click: Click | AnonymousClick, verdict: Verdict, signals: frozenset[str] = frozenset()) -> None:
        self.clicks.add(click, verdict, signals)
        if self.include_links:
            link = self.links.setdefault(click.group or (click.link, click.url), _LinkTally())
            link.add_click(click, verdict, signals)

    def build_report(self, campaign: str) -> CampaignReport:
        return CampaignReport(
            campaign=campaign,
            first_sent_at=self.first_sent_at,
            accepted=self.accepted,
            bounced=self.bounced,
            reported_deliveries=self.reported_deliveries,
            opened=self.opened,
            messages_with_engagement=self.messages_with_engagement,
            clicks=self.clicks.count_clicks(),
            unique=self.clicks.count_unique_clickers(),
            links=tuple(
                sorted(
                    (link.build_report() for link in self.links.values()),
                    key=lambda link: (link.position, link.url, link.group),
                )
            ),
            reasons=tuple(
                ReasonCount(signal=signal, clicks=clicks)
                for signal, clicks in sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))
            ),
            sources=self.sources.build_reports(),
        )
