"""Queries of the console and the API: clicks with the explanation of their verdicts, and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from clicktrail.judge.rules import Rules
from clicktrail.judge.scoring import Counterfactual, VerdictState, compute_verdict_state, find_counterfactual
from clicktrail.model.event import format_rfc3339
from clicktrail.model.supported_time import check_time
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts
from clicktrail.server.ports import ClickCursor, ClickLog, ClickSearch, Reports, VerdictChange

_MAX_CHANGES = 1_000
"""Verdict changes loaded for a page of clicks: hardly any click has more than one."""


class FilteredReport(NamedTuple):
    """A report, and what each requested filter alone would leave of it."""

    report: CampaignReport
    filtered_counts: Mapping[ClickFilter, FilteredCounts]


class RecountedReport(NamedTuple):
    """A report counted again, and whether its numbers were different before."""

    report: CampaignReport
    was_different: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedClick:
    """A click and the explanation of its verdict.

    Attributes:
        human_if: what would have made the click human; None if nothing would.
        changes: earlier changes of the verdict, the oldest first.
    """

    judged: JudgedClick
    state: VerdictState
    human_if: Counterfactual | None
    changes: tuple[VerdictChange, ...]


async def load_reports(
    reports: Reports, campaign: str | None, filters: Sequence[ClickFilter] = ()
) -> list[FilteredReport]:
    """The reports of all campaigns, or of one with its links, reasons and sources; empty if there is no such campaign.

    Raises:
        StorageError: analytics cannot be read.
    """
    if campaign is None:
        campaign_reports = list(await reports.campaigns())
    else:
        campaign_reports = [report for report in [await reports.campaign(campaign)] if report]
    names = [report.campaign for report in campaign_reports]
    counts_by_filter = {
        click_filter: await reports.filtered_counts(names, click_filter=click_filter)
        for click_filter in dict.fromkeys(filters)
    }
    return [
        FilteredReport(
            report=report,
            filtered_counts={
                click_filter: counts.get(report.campaign, FilteredCounts())
                for click_filter, counts in counts_by_filter.items()
            },
        )
        for report in campaign_reports
    ]


async def recount_reports(reports: Reports, campaign: str | None) -> list[RecountedReport]:
    """Count all campaigns again, or one; empty if there is no such campaign.

    Raises:
        StorageError: some may not be counted; it is safe to repeat the call.
    """
    names = [report.campaign for report, _ in await load_reports(reports, campaign)]
    different = set(await reports.recount(names))
    return [
        RecountedReport(report=report, was_different=report.campaign in different)
        for report, _ in await load_reports(reports, campaign)
    ]


async def list_clicks(
    click_log: ClickLog, search: ClickSearch, *, limit: int, rules: Rules, now: datetime
) -> tuple[Sequence[ExplainedClick], ClickCursor | None]:
    """The next clicks of a search, and the cursor of the page after them; None on the last page.

    Raises:
        StorageError: analytics cannot be read.
    """
    page = await click_log.clicks(search, limit=limit)
    changes = await _load_changes(click_log, search.campaign, page.clicks)
    clicks = [explain_click(judged, rules=rules, now=now, changes=changes[judged.click.id]) for judged in page.clicks]
    return clicks, page.next_cursor


def explain_click(
    judged: JudgedClick, *, rules: Rules, now: datetime, changes: Sequence[VerdictChange] = ()
) -> ExplainedClick:
    """Add the state of a verdict and its counterfactual; ``changes`` are sorted latest first."""
    click = judged.click
    return ExplainedClick(
        judged=judged,
        # An anonymous click has no message: it is never judged again.
        state=compute_verdict_state(now - click.at) if click.message_id else VerdictState.FINAL,
        human_if=find_counterfactual(judged, rules),
        changes=tuple(reversed(changes)),
    )


def encode_cursor(cursor: ClickCursor) -> str:
    """Write a cursor as text: ``2026-11-23T09:00:00.000Z,ID``."""
    at, click_id = cursor
    return f"{format_rfc3339(at)},{click_id}"


def decode_cursor(text: str) -> ClickCursor:
    """Read a cursor from text.

    Raises:
        ValueError: it is not a cursor.
    """
    time_text, comma, click_id = text.partition(",")
    if not comma:
        raise ValueError(f"not a cursor: {text}")
    return check_time(datetime.fromisoformat(time_text)).astimezone(UTC), click_id


async def _load_changes(
    click_log: ClickLog, campaign: str, clicks: Sequence[JudgedClick]
) -> Mapping[str, Sequence[VerdictChange]]:
    """Changes by click id, the latest first."""
    changes_by_click: dict[str, list[VerdictChange]] = {judged.click.id: [] for judged in clicks}
    if changes_by_click:
        for change in await click_log.history(campaign, click_ids=tuple(changes_by_click), limit=_MAX_CHANGES):
            changes_by_click[change.click_id].append(change)
    return changes_by_click
