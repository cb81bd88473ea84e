"""The JSON of the HTTP API and of ``--json``: one Struct for each object, fields in the order of the output.

The API encodes these Structs, `EngineClient` decodes them, and commands print them. Times are RFC 3339 UTC, rates
fractions of 1. The pages of docs/reference describe the fields: report.md, clicks.md, history.md, rejudge.md.
"""

from collections.abc import Iterable, Mapping
from typing import Generic, Self, TypeVar

import msgspec

from clicktrail.judge.rules import Rules
from clicktrail.judge.scoring import VerdictState, describe_counterfactual
from clicktrail.model.event import format_rfc3339
from clicktrail.model.verdict import Reason, Verdict
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts, LinkReport
from clicktrail.report.accuracy import TRUTH_VERDICTS, ConfusionMatrix
from clicktrail.server import ports
from clicktrail.server.pipeline.queries import ExplainedClick, FilteredReport, RecountedReport
from clicktrail.server.pipeline.rejudge import RejudgeResult

_Number = TypeVar("_Number", int, float)


# GET /api/campaigns, GET /api/campaign, clicktrail report --json


class ClickCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counted clicks by verdict."""

    total: int
    human: int
    suspected: int
    bot: int
    preview: int

    @classmethod
    def from_report(cls, report: CampaignReport | LinkReport) -> Self:
        """Convert the counts, and add the total."""
        return msgspec.convert(report.clicks, cls, from_attributes=True)


class UniqueClickers(msgspec.Struct, frozen=True, kw_only=True):
    """People with a counted click; ``engaged`` is None if the campaign has no engagement events."""

    raw: int
    human: int
    engaged: int | None

    @classmethod
    def from_report(cls, report: CampaignReport | LinkReport, *, has_engagement: bool) -> Self:
        """Convert the counts; without engagement events, ``engaged`` is unknown."""
        unique = report.unique
        return cls(raw=unique.raw, human=unique.human, engaged=unique.engaged if has_engagement else None)


class ClickRate(msgspec.Struct, frozen=True, kw_only=True):
    """Unique clickers ÷ delivered."""

    raw: float
    human: float


class ClickToOpenRate(msgspec.Struct, frozen=True, kw_only=True):
    """Unique clickers ÷ messages opened; None if no opening was reported."""

    raw: float | None
    human: float | None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a campaign, or all links of a group."""

    position: int
    url: str
    group: str
    clicks: ClickCounts
    unique: UniqueClickers


class SignalCount(msgspec.Struct, frozen=True, kw_only=True):
    """A signal among the reasons of clicks that are not human; ``share`` is of all counted clicks."""

    signal: str
    clicks: int
    share: float


class FilterResult(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a campaign if one filter alone decided; None if the filter cannot be applied."""

    filter: ClickFilter
    clicks: int | None
    unique: int | None
    click_rate: float | None

    @classmethod
    def from_counts(cls, report: CampaignReport, click_filter: ClickFilter, counts: FilteredCounts) -> Self:
        """Convert the counts, and add the click rate."""
        if click_filter is ClickFilter.ENGAGED and not report.messages_with_engagement:
            return cls(filter=click_filter, clicks=None, unique=None, click_rate=None)
        rate = counts.unique_clickers / report.delivered if report.delivered else 0.0
        return cls(filter=click_filter, clicks=counts.clicks, unique=counts.unique_clickers, click_rate=rate)


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign; ``filters`` is omitted unless filters were requested."""

    campaign: str
    delivered: int
    delivered_basis: str
    accepted: int
    bounced: int
    opened: int
    clicks: ClickCounts
    unique: UniqueClickers
    click_rate: ClickRate
    click_to_open: ClickToOpenRate
    links: list[Link]
    reasons: list[SignalCount]
    gaps: list[str]
    filters: list[FilterResult] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def from_report(
        cls, report: CampaignReport, filtered_counts: Mapping[ClickFilter, FilteredCounts] | None = None
    ) -> Self:
        """Convert a report, and add the rates and the result of each filter."""
        has_engagement = bool(report.messages_with_engagement)
        return cls(
            campaign=report.campaign,
            delivered=report.delivered,
            delivered_basis=report.delivered_basis,
            accepted=report.accepted,
            bounced=report.bounced,
            opened=report.opened,
            clicks=ClickCounts.from_report(report),
            unique=UniqueClickers.from_report(report, has_engagement=has_engagement),
            click_rate=ClickRate(raw=report.click_rate_raw, human=report.click_rate_human),
            click_to_open=ClickToOpenRate(raw=report.click_to_open_raw, human=report.click_to_open_human),
            links=[
                Link(
                    position=link.position,
                    url=link.url,
                    group=link.group,
                    clicks=ClickCounts.from_report(link),
                    unique=UniqueClickers.from_report(link, has_engagement=has_engagement),
                )
                for link in report.links
            ],
            reasons=[
                SignalCount(
                    signal=reason.signal,
                    clicks=reason.clicks,
                    share=reason.clicks / report.clicks.total if report.clicks.total else 0.0,
                )
                for reason in report.reasons
            ],
            gaps=report.gaps,
            filters=[
                FilterResult.from_counts(report, click_filter, counts)
                for click_filter, counts in filtered_counts.items()
            ]
            if filtered_counts
            else msgspec.UNSET,
        )


class Campaigns(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns, the latest sent first."""

    campaigns: list[Campaign]

    @classmethod
    def from_reports(cls, reports: Iterable[FilteredReport]) -> Self:
        """Convert each report."""
        return cls(campaigns=[Campaign.from_report(report, filtered_counts) for report, filtered_counts in reports])


# GET /api/clicks, GET /api/live


class ClickChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a click's verdict."""

    at: str
    from_: Verdict = msgspec.field(name="from")
    to: Verdict


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """One click and the explanation of its verdict.

    Attributes:
        campaign: only in the live stream.
        state: whether the verdict may still change.
        counterfactual: what would have made the click human; empty if nothing would.
        changes: earlier changes of the verdict, the oldest first; not in the live stream.
        previous_verdict: only in the live stream; None for a first verdict.
    """

    campaign: str | msgspec.UnsetType = msgspec.UNSET
    id: str
    at: str
    message_id: str
    recipient: str
    link: int
    url: str
    group: str
    source: str
    method: str
    user_agent: str
    verdict: Verdict
    score: int
    state: VerdictState
    counted: bool
    reasons: tuple[Reason, ...]
    counterfactual: str
    rules: str
    changes: list[ClickChange] | msgspec.UnsetType = msgspec.UNSET
    previous_verdict: Verdict | msgspec.UnsetType | None = msgspec.UNSET

    @classmethod
    def from_explained(cls, explained: ExplainedClick, rules: Rules) -> Self:
        """Convert a click of a page."""
        judged = explained.judged
        click = judged.click
        return cls(
            id=click.id,
            at=format_rfc3339(click.at),
            message_id=click.message_id,
            recipient=click.recipient,
            link=click.link,
            url=click.url,
            group=click.group,
            source=click.source,
            method=click.method,
            user_agent=click.user_agent,
            verdict=judged.verdict,
            score=judged.score,
            state=explained.state,
            counted=judged.counted,
            reasons=judged.reasons,
            counterfactual=describe_counterfactual(judged, rules),
            rules=judged.rules,
            changes=[
                ClickChange(at=format_rfc3339(change.at), from_=change.before, to=change.after)
                for change in explained.changes
            ],
        )

    @classmethod
    def from_live(
        cls, explained: ExplainedClick, rules: Rules, *, campaign: str, previous_verdict: Verdict | None
    ) -> Self:
        """Convert a click of the live stream."""
        click = cls.from_explained(explained, rules)
        return msgspec.structs.replace(
            click, campaign=campaign, changes=msgspec.UNSET, previous_verdict=previous_verdict
        )


class ClickPage(msgspec.Struct, frozen=True, kw_only=True):
    """Clicks, the latest first; ``before`` is the cursor of the next page, None on the last page."""

    clicks: list[Click]
    before: str | None


# GET /api/history, clicktrail history --json


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one click's verdict, with the evidence at that time."""

    at: str
    click_id: str
    message_id: str
    from_: Verdict = msgspec.field(name="from")
    to: Verdict
    score: int
    signals: tuple[str, ...]
    rules: str


class VerdictHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of verdicts on a campaign's clicks, the latest first."""

    campaign: str
    changes: list[HistoryEntry]

    @classmethod
    def from_changes(cls, campaign: str, changes: Iterable[ports.VerdictChange]) -> Self:
        """Convert each change."""
        return cls(
            campaign=campaign,
            changes=[
                HistoryEntry(
                    at=format_rfc3339(change.at),
                    click_id=change.click_id,
                    message_id=change.message_id,
                    from_=change.before,
                    to=change.after,
                    score=change.score,
                    signals=change.signals,
                    rules=change.rules,
                )
                for change in changes
            ],
        )


# POST /api/recount, clicktrail recount --json


class RecountRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which campaign to count again; None for all."""

    campaign: str | None = None


class RecountedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign counted again: its counted clicks, its unique clickers, and whether a number was different before."""

    campaign: str
    clicks: int
    unique: int
    corrected: bool


class RecountedCampaigns(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns counted again, the latest sent first."""

    campaigns: list[RecountedCampaign]

    @classmethod
    def from_reports(cls, recounted: Iterable[RecountedReport]) -> Self:
        """Convert each report."""
        return cls(
            campaigns=[
                RecountedCampaign(
                    campaign=report.campaign,
                    clicks=report.clicks.total,
                    unique=report.unique.raw,
                    corrected=was_different,
                )
                for report, was_different in recounted
            ]
        )


# GET /api/segment, clicktrail segment --json


class Clicker(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient with human clicks."""

    recipient: str
    clicks: int
    last_click_at: str


class SegmentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Recipients with human clicks, by name; empty after the last page."""

    recipients: list[Clicker]

    @classmethod
    def from_clickers(cls, clickers: Iterable[ports.Clicker]) -> Self:
        """Convert each clicker."""
        return cls(
            recipients=[
                Clicker(
                    recipient=clicker.recipient, clicks=clicker.clicks, last_click_at=format_rfc3339(clicker.last_at)
                )
                for clicker in clickers
            ]
        )


# POST /api/rejudge, clicktrail rejudge --json


class VerdictTransition(msgspec.Struct, frozen=True, kw_only=True):
    """The number of clicks that changed from one verdict to another."""

    from_: Verdict = msgspec.field(name="from")
    to: Verdict
    clicks: int


class BeforeAfter(msgspec.Struct, Generic[_Number], frozen=True, kw_only=True):
    """A number before and after the clicks were judged again."""

    before: _Number
    after: _Number


class HumanBeforeAfter(msgspec.Struct, Generic[_Number], frozen=True, kw_only=True):
    """A number of human clicks, clickers or their rate."""

    human: BeforeAfter[_Number]


class RejudgedCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign whose clicks were judged again, except ``skipped`` ones, whose IP addresses were shortened."""

    campaign: str
    judged: int
    skipped: int
    changes: list[VerdictTransition]
    unique: HumanBeforeAfter[int]
    click_rate: HumanBeforeAfter[float]

    @classmethod
    def from_result(cls, result: RejudgeResult) -> Self:
        """Convert a result; changes are sorted by verdict."""
        unique_before, unique_after = result.unique_human
        rate_before, rate_after = result.click_rate
        return cls(
            campaign=result.report.campaign,
            judged=result.judged_count,
            skipped=result.skipped_count,
            changes=[
                VerdictTransition(from_=before, to=after, clicks=clicks)
                for (before, after), clicks in sorted(result.changes.items())
            ],
            unique=HumanBeforeAfter(human=BeforeAfter(before=unique_before, after=unique_after)),
            click_rate=HumanBeforeAfter(human=BeforeAfter(before=rate_before, after=rate_after)),
        )


class RejudgedCampaigns(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns whose clicks were judged again."""

    campaigns: list[RejudgedCampaign]

    @classmethod
    def from_results(cls, results: Iterable[RejudgeResult]) -> Self:
        """Convert each result."""
        return cls(campaigns=[RejudgedCampaign.from_result(result) for result in results])


class RejudgeReport(msgspec.Struct, frozen=True, kw_only=True):
    """The output of ``clicktrail rejudge``; ``applied`` is false after a dry run."""

    applied: bool
    campaigns: list[RejudgedCampaign]


# GET /api/labels, clicktrail labels report --json


class VerdictCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Clicks by verdict."""

    human: int
    suspected: int
    bot: int
    preview: int


class LabelledClicks(msgspec.Struct, frozen=True, kw_only=True):
    """Clicks with the same ground-truth label, by verdict; precision and recall are None without clicks."""

    truth: Verdict
    verdicts: VerdictCounts
    precision: float | None
    recall: float | None


class LabelReport(msgspec.Struct, frozen=True, kw_only=True):
    """The confusion matrix of verdicts and labels; the clicks of ``unmatched_labels`` are not stored."""

    labels: int
    unmatched_labels: int
    truths: list[LabelledClicks]

    @classmethod
    def from_matrix(cls, matrix: ConfusionMatrix) -> Self:
        """Convert a matrix, one row for each truth."""
        return cls(
            labels=sum(matrix.counts.values()) + matrix.unmatched_labels,
            unmatched_labels=matrix.unmatched_labels,
            truths=[
                LabelledClicks(
                    truth=truth,
                    verdicts=VerdictCounts(
                        **{verdict.value: matrix.counts.get((truth, verdict), 0) for verdict in Verdict}
                    ),
                    precision=matrix.precision(truth),
                    recall=matrix.recall(truth),
                )
                for truth in TRUTH_VERDICTS
            ],
        )
