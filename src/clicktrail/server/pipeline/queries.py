"""Single clicks with all that explains their verdicts, as pages show them and programs read them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clicktrail.judge.rules import Rules
from clicktrail.judge.scoring import State, Ways, counterfactual, state_after, ways
from clicktrail.model.event import rfc3339
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import Filter, Filtered, as_json, filtered_as_json
from clicktrail.server.ports import Analytics, Clicker, ClickSearch, Place, VerdictChange

__all__ = [
    "PAGE",
    "ShownClick",
    "described",
    "described_click",
    "described_clicks",
    "described_history",
    "described_reports",
    "place_in",
    "segment",
    "shown_clicks",
    "spelled",
]

_CHANGES = 1_000
"""Earlier verdicts that a page has room for; hardly any click has more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClick:
    """A click as one explains it.

    Attributes:
        judged: the click and its verdict.
        state: how sure that is to stand.
        ways: what would make a person of it, if anything would.
        changes: the verdicts that it had before, the first one first.
    """

    judged: JudgedClick
    state: State
    ways: Ways | None
    changes: tuple[VerdictChange, ...]


async def shown_clicks(
    analytics: Analytics, search: ClickSearch, *, limit: int, rules: Rules, now: datetime
) -> tuple[Sequence[ShownClick], Place | None]:
    """The next clicks of a search, and the place where it goes on: None where there are no more.

    Raises:
        StorageError: they cannot be read just now.
    """
    page = await analytics.clicks(search, limit=limit)
    changes = await _changes(analytics, search.campaign, page.clicks)
    return [_shown(judged, changes[judged.click.id], rules=rules, now=now) for judged in page.clicks], page.end


async def described_clicks(
    analytics: Analytics, search: ClickSearch, *, limit: int, rules: Rules, now: datetime
) -> dict[str, object]:
    """The same in the shape of docs/reference/clicks.md; empty if there is no such campaign.

    Raises:
        StorageError: they cannot be read just now.
    """
    clicks, end = await shown_clicks(analytics, search, limit=limit, rules=rules, now=now)
    if not clicks and await analytics.recent_campaign(search.campaign) is None:
        return {}
    described = [_described(click, rules) | {"changes": list(map(_change, click.changes))} for click in clicks]
    return {"clicks": described, "before": spelled(end) if end else None}


def described_click(judged: JudgedClick, *, rules: Rules, now: datetime) -> dict[str, object]:
    """A click by itself in the same shape, but for the verdicts that it had before."""
    return _described(_shown(judged, (), rules=rules, now=now), rules)


def spelled(place: Place) -> str:
    """A place as text: ``2026-11-23T09:00:00.000Z,ID``."""
    at, click_id = place
    return f"{rfc3339(at)},{click_id}"


def place_in(text: str) -> Place:
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


async def _changes(
    analytics: Analytics, campaign: str, clicks: Sequence[JudgedClick]
) -> Mapping[str, Sequence[VerdictChange]]:
    """By click id, the latest first."""
    found: dict[str, list[VerdictChange]] = {judged.click.id: [] for judged in clicks}
    if found:
        for change in await analytics.history(campaign, clicks=tuple(found), limit=_CHANGES):
            found[change.click_id].append(change)
    return found


def _shown(judged: JudgedClick, changes: Sequence[VerdictChange], *, rules: Rules, now: datetime) -> ShownClick:
    click = judged.click
    return ShownClick(
        judged=judged,
        # Of an anonymous click nothing is known that could be judged again.
        state=state_after(now - click.at) if click.message_id else State.FINAL,
        ways=ways(judged, rules),
        changes=tuple(reversed(changes)),
    )


def _change(change: VerdictChange) -> dict[str, str]:
    return {"at": rfc3339(change.at), "from": change.before.value, "to": change.after.value}


def _described(shown: ShownClick, rules: Rules) -> dict[str, object]:
    judged = shown.judged
    click = judged.click
    return {
        "id": click.id,
        "at": rfc3339(click.at),
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
        "state": shown.state.value,
        "counted": judged.counted,
        "reasons": [
            {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
        ],
        "counterfactual": counterfactual(judged, rules),
        "rules": judged.rules,
    }


# FOLDED history.py: The verdicts that clicks had before, as programs read them.


async def described_history(analytics: Analytics, campaign: str, *, click: str | None, limit: int) -> dict[str, object]:
    """The latest changes of a campaign's verdicts, or of one click's; empty if there is no such campaign.

    The shape is that of ``clicktrail history --json``: see docs/reference/history.md.

    Raises:
        StorageError: they cannot be read just now.
    """
    changes = await analytics.history(campaign, clicks=() if click is None else (click,), limit=limit)
    if not changes and await analytics.recent_campaign(campaign) is None:
        return {}
    return {"campaign": campaign, "changes": [_described_history(change) for change in changes]}


def _described_history(change: VerdictChange) -> dict[str, object]:
    return {
        "at": rfc3339(change.at),
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


async def described_reports(
    analytics: Analytics, campaign: str | None, filters: Sequence[Filter] = ()
) -> list[dict[str, object]]:
    """The reports of all campaigns, or of one with its links, reasons and sources: none if there is no such campaign.

    Raises:
        StorageError: they cannot be read just now.
    """
    if campaign is None:
        reports = list(await analytics.campaigns())
    else:
        reports = [report for report in [await analytics.campaign(campaign)] if report]
    described = [as_json(report) for report in reports]
    if filters:
        names = [report.campaign for report in reports]
        left = {by: await analytics.filtered(names, by=by) for by in dict.fromkeys(filters)}
        for report, row in zip(reports, described, strict=True):
            row["filters"] = [
                filtered_as_json(report, by, of.get(report.campaign, Filtered())) for by, of in left.items()
            ]
    return described


# FOLDED segment.py: People who really clicked, as many as there are, a page at a time.

PAGE = 10_000
"""People of a page: what one looks at and lets go."""


async def segment(
    analytics: Analytics, *, since: datetime, campaign: str | None, limit: int = PAGE
) -> AsyncIterator[Sequence[Clicker]]:
    """Everybody with a human click since a time, of one campaign or of any, by name.

    Raises:
        StorageError: the next page cannot be read just now.
    """
    after = ""
    while page := await analytics.clickers(since=since, campaign=campaign, after=after, limit=limit):
        yield page
        after = page[-1].recipient


def described(clicker: Clicker) -> dict[str, object]:
    """A person in the shape of ``clicktrail segment --json``."""
    return {"recipient": clicker.recipient, "clicks": clicker.clicks, "last_click_at": rfc3339(clicker.last_at)}
