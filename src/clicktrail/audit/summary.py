"""Everything that an audit shows, counted while messages are judged."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clicktrail.audit.judging import is_reportable
from clicktrail.audit.link_names import name_link
from clicktrail.audit.plausibility import CampaignFacts
from clicktrail.audit.scanners import ScannerDirectory
from clicktrail.audit.sentences import describe_campaigns, describe_total, suggest_next_steps
from clicktrail.audit.visits import find_company
from clicktrail.judge import Context
from clicktrail.model.event import AnonymousClick
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, PeopleCounter, build_reports
from clicktrail.report.audited import AuditedCampaign, AuditedTotal, add_up_campaigns
from clicktrail.report.link_totals import LinkCounter, LinkTotals
from clicktrail.report.recipient_domains import RecipientDomain, RecipientDomainCounter
from clicktrail.report.scanners import ScannerCounter, ScannerReport


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSummary:
    """The result of an audit.

    Attributes:
        headline: one sentence.
        campaigns: the latest sent first.
        scanners: those that raise the click rate most first.
        domains: recipients' domains, those with the most clicked messages first.
        signals: counted clicks that are not human, by signal, the most frequent first.
        next_steps: what to do, the most important first.
        notes: what was assumed, and what is missing or implausible.
        first_click_at, last_click_at: None without clicks.
    """

    headline: str
    total: AuditedTotal
    campaigns: Sequence[AuditedCampaign] = ()
    scanners: Sequence[ScannerReport] = ()
    domains: Sequence[RecipientDomain] = ()
    links: LinkTotals = field(default_factory=LinkTotals)
    signals: dict[str, int] = field(default_factory=dict)
    next_steps: Sequence[str] = ()
    notes: Sequence[str] = ()
    first_click_at: datetime | None = None
    last_click_at: datetime | None = None


class AuditCounter:
    """Counts judged messages.

    Args:
        context: networks and agents, to name scanners.
    """

    def __init__(self, context: Context) -> None:
        directory = ScannerDirectory(context)
        self._facts = CampaignFacts()
        self._people = PeopleCounter()
        self._scanners = ScannerCounter(directory.identify, find_company)
        self._domains = RecipientDomainCounter(directory.name_vendor)
        self._links = LinkCounter(name_link)
        self._first_click_at: datetime | None = None
        self._last_click_at: datetime | None = None

    def count(
        self,
        messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]],
        anonymous_clicks: Iterable[AnonymousClick] = (),
        *,
        notes: Collection[str] = (),
    ) -> AuditSummary:
        """Count all messages, each once. ``notes`` come before those about campaigns, and are read at the end."""
        reports = build_reports(self._pass_on(messages), anonymous_clicks, include_links=False)
        campaigns = [self._build_campaign(report) for report in reports]
        total = add_up_campaigns(campaigns)
        scanners = self._scanners.build_reports(
            self._people,
            campaigns=total.campaigns,
            delivered=total.counts.delivered if total.counts.people is not None else 0,
        )
        links = self._links.build_totals()
        return AuditSummary(
            headline=describe_total(total),
            total=total,
            campaigns=campaigns,
            scanners=scanners,
            domains=self._domains.list_domains(),
            links=links,
            signals=_count_signals(reports),
            next_steps=tuple(suggest_next_steps(total, campaigns, scanners, links)),
            notes=(*notes, *describe_campaigns(campaigns, self._facts)),
            first_click_at=self._first_click_at,
            last_click_at=self._last_click_at,
        )

    def _pass_on(
        self, messages: Iterable[tuple[Timeline, Sequence[JudgedClick]]]
    ) -> Iterator[tuple[Timeline, Sequence[JudgedClick]]]:
        """Count what reports do not, and yield the messages that reports count."""
        for timeline, clicks in messages:
            if not is_reportable(timeline):
                continue
            self._domains.add(timeline, clicks)
            if clicks:
                self._facts.add(timeline, clicks)
                self._people.add(timeline, clicks)
                self._scanners.add(timeline, clicks)
                self._links.add(clicks)
                first_at, last_at = clicks[0].click.at, clicks[-1].click.at
                self._first_click_at = min(first_at, self._first_click_at or first_at)
                self._last_click_at = max(last_at, self._last_click_at or last_at)
            yield timeline, clicks

    def _build_campaign(self, report: CampaignReport) -> AuditedCampaign:
        return AuditedCampaign.from_report(
            report,
            self._people.count(report.campaign),
            has_evidence=report.campaign in self._facts.with_evidence or not self._facts.clicked[report.campaign],
        )


def _count_signals(reports: Iterable[CampaignReport]) -> dict[str, int]:
    clicks_by_signal: Counter[str] = Counter()
    for report in reports:
        clicks_by_signal.update({reason.signal: reason.clicks for reason in report.reasons})
    return dict(sorted(clicks_by_signal.items(), key=lambda item: (-item[1], item[0])))
