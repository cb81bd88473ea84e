"""Single clicks with all that explains their verdicts, as pages show them and programs read them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clicktrail.judge.rules import Rules
from clicktrail.judge.scoring import (
    Counterfactual,
    VerdictState,
    compute_state,
    describe_counterfactual,
    find_counterfactual,
)
from clicktrail.model.event import format_rfc3339
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import ClickFilter, FilteredCounts, filtered_counts_as_json, report_as_json
from clicktrail.server.ports import ClickCursor, Clicker, ClickLog, ClickSearch, Reports, VerdictChange

__all__ = [
    "CLICKER_PAGE_SIZE",
    "ExplainedClick",
    "click_as_json",
    "clicker_as_json",
    "clicks_response",
    "decode_cursor",
    "encode_cursor",
    "history_response",
    "iterate_clicker_pages",
    "list_clicks",
    "reports_response",
]

_MAX_CHANGES = 1_000
"""Earlier verdicts that a page has room for; hardly any click has more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedClick:
    """A click as one explains it.

    Attributes:
        judged: the click and its verdict.
        state: how sure that is to stand.
        human_if: what would make a person of it, if anything would.
        changes: the verdicts that it had before, the first one first.
    """

    judged: JudgedClick
    state: VerdictState
    human_if: Counterfactual | None
    changes: tuple[VerdictChange, ...]


async def list_clicks(
    click_log: ClickLog, search: ClickSearch, *, limit: int, rules: Rules, now: datetime
) -> tuple[Sequence[ExplainedClick], ClickCursor | None]:
    """The next clicks of a search, and the place where it goes on: None where there are no more.

    Raises:
        StorageError: they cannot be read just now.
    """
    page = await click_log.clicks(search, limit=limit)
    changes = await _load_changes(click_log, search.campaign, page.clicks)
    return [
        _explain_click(judged, changes[judged.click.id], rules=rules, now=now) for judged in page.clicks
    ], page.next_cursor


async def clicks_response(
    click_log: ClickLog, search: ClickSearch, *, limit: int, rules: Rules, now: datetime
) -> dict[str, object]:
    """The same in the shape of docs/reference/clicks.md.

    Raises:
        StorageError: they cannot be read just now.
    """
    clicks, end = await list_clicks(click_log, search, limit=limit, rules=rules, now=now)
    described = [
        _explained_click_as_json(click, rules) | {"changes": list(map(_change_as_json, click.changes))}
        for click in clicks
    ]
    return {"clicks": described, "before": encode_cursor(end) if end else None}


def click_as_json(judged: JudgedClick, *, rules: Rules, now: datetime) -> dict[str, object]:
    """A click by itself in the same shape, but for the verdicts that it had before."""
    return _explained_click_as_json(_explain_click(judged, (), rules=rules, now=now), rules)


def encode_cursor(cursor: ClickCursor) -> str:
    """A place as text: ``2026-11-23T09:00:00.000Z,ID``."""
    at, click_id = cursor
    return f"{format_rfc3339(at)},{click_id}"


def decode_cursor(text: str) -> ClickCursor:
    """The place that a text spells.

    Raises:
        ValueError: it spells none.
    """
    at, comma, click_id = text.partition(",")
    moment = datetime.fromisoformat(at)
    if not comma or moment.tzinfo is None:
        raise ValueError(f"no place of a click: {text}")
    try:
        return moment.astimezone(UTC), click_id
    except OverflowError as error:  # in no year that there is
        raise ValueError(f"no place of a click: {text}") from error


async def _load_changes(
    click_log: ClickLog, campaign: str, clicks: Sequence[JudgedClick]
) -> Mapping[str, Sequence[VerdictChange]]:
    """By click id, the latest first."""
    found: dict[str, list[VerdictChange]] = {judged.click.id: [] for judged in clicks}
    if found:
        for change in await click_log.history(campaign, click_ids=tuple(found), limit=_MAX_CHANGES):
            found[change.click_id].append(change)
    return found


def _explain_click(
    judged: JudgedClick, changes: Sequence[VerdictChange], *, rules: Rules, now: datetime
) -> ExplainedClick:
    click = judged.click
    return ExplainedClick(
        judged=judged,
        # Of an anonymous click nothing is known that could be judged again.
        state=compute_state(now - click.at) if click.message_id else VerdictState.FINAL,
        human_if=find_counterfactual(judged, rules),
        changes=tuple(reversed(changes)),
    )


def _change_as_json(change: VerdictChange) -> dict[str, str]:
    return {"at": format_rfc3339(change.at), "from": change.before.value, "to": change.after.value}


def _explained_click_as_json(explained: ExplainedClick, rules: Rules) -> dict[str, object]:
    judged = explained.judged
    click = judged.click
    return {
        "id": click.id,
        "at": format_rfc3339(click.at),
        "message_id": click.message_id,
        "recipient": click.recipient,
        "link": click.link,
        "url": click.url,
        "group": click.group,
        "source": click.source,
        "method": click.method,
        "user_agent": click.user_agent,
        "verdict": judged.verdict.value,
        "score": judged.score,
        "state": explained.state.value,
        "counted": judged.counted,
        "reasons": [
            {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
        ],
        "counterfactual": describe_counterfactual(judged, rules),
        "rules": judged.rules,
    }


# FOLDED history.py: The verdicts that clicks had before, as programs read them.


async def history_response(click_log: ClickLog, campaign: str, *, click: str | None, limit: int) -> dict[str, object]:
    """The latest changes of a campaign's verdicts, or of one click's.

    The shape is that of ``clicktrail history --json``: see docs/reference/history.md.

    Raises:
        StorageError: they cannot be read just now.
    """
    changes = await click_log.history(campaign, click_ids=() if click is None else (click,), limit=limit)
    return {"campaign": campaign, "changes": [_history_entry_as_json(change) for change in changes]}


def _history_entry_as_json(change: VerdictChange) -> dict[str, object]:
    return {
        "at": format_rfc3339(change.at),
        "click": change.click_id,
        "message_id": change.message_id,
        "from": change.before.value,
        "to": change.after.value,
        "score": change.score,
        "signals": list(change.signals),
        "rules": change.rules,
    }


# FOLDED reporting.py: Reports as programs read them, with what single filters would leave beside the numbers
# that count.


async def reports_response(
    reports: Reports, campaign: str | None, filters: Sequence[ClickFilter] = ()
) -> list[dict[str, object]]:
    """The reports of all campaigns, or of one with its links, reasons and sources: none if there is no such campaign.

    Raises:
        StorageError: they cannot be read just now.
    """
    if campaign is None:
        rows = list(await reports.campaigns())
    else:
        rows = [report for report in [await reports.campaign(campaign)] if report]
    described = [report_as_json(report) for report in rows]
    if filters:
        names = [report.campaign for report in rows]
        left = {by: await reports.filtered_counts(names, click_filter=by) for by in dict.fromkeys(filters)}
        for report, row in zip(rows, described, strict=True):
            row["filters"] = [
                filtered_counts_as_json(report, by, of.get(report.campaign, FilteredCounts()))
                for by, of in left.items()
            ]
    return described


# FOLDED segment.py: People who really clicked, as many as there are, a page at a time.

CLICKER_PAGE_SIZE = 10_000
"""People of a page: what one looks at and lets go."""


async def iterate_clicker_pages(
    reports: Reports, *, since: datetime, campaign: str | None, page_size: int = CLICKER_PAGE_SIZE
) -> AsyncIterator[Sequence[Clicker]]:
    """Everybody with a human click since a time, of one campaign or of any, by name.

    Raises:
        StorageError: the next page cannot be read just now.
    """
    after = ""
    while page := await reports.clickers(since=since, campaign=campaign, after=after, limit=page_size):
        yield page
        after = page[-1].recipient


def clicker_as_json(clicker: Clicker) -> dict[str, object]:
    """A person in the shape of ``clicktrail segment --json``."""
    return {"recipient": clicker.recipient, "clicks": clicker.clicks, "last_click_at": format_rfc3339(clicker.last_at)}
