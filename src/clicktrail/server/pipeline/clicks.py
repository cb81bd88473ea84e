"""Single clicks with all that explains their verdicts, as pages show them and programs read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clicktrail.judge.counterfactual import Ways, counterfactual, ways
from clicktrail.judge.rules import Rules
from clicktrail.judge.states import State, state_after
from clicktrail.model.event import rfc3339
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.ports import Analytics, ClickSearch, Place, VerdictChange

__all__ = ["ShownClick", "described_click", "described_clicks", "place_in", "shown_clicks", "spelled"]

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
