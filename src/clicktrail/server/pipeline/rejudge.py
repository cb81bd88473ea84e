"""Judge again what was judged before, by the rules, networks and agents of now, and say what that changes."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

import msgspec

from clicktrail.judge import Judge
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport
from clicktrail.server.pipeline.address_history import Nearby
from clicktrail.server.ports import Analytics, JudgedMessage, StoredVerdict

__all__ = ["Rejudged", "Wanted", "as_json", "rejudge"]

_CLICKS = 5_000
"""Clicks of a part: as many as the processor takes at once."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be judged again.

    Attributes:
        campaign: its clicks alone; those of all campaigns where None.
        since: only messages with a click at this time or later, aware; all where None.
        apply: store what changes; else only say it.
    """

    campaign: str | None = None
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    apply: bool = False


@dataclass(slots=True, kw_only=True)
class Rejudged:
    """What became of a campaign's verdicts.

    Attributes:
        report: the campaign's numbers before.
        judged: clicks that were judged again.
        stood: clicks whose verdicts stand, since their addresses were shortened.
        moved: how many clicks went from one verdict to another.
        people: who had a human click before, and who has one now, of those whose clicks were judged again.
    """

    report: CampaignReport
    judged: int = 0
    stood: int = 0
    moved: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    people: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    @property
    def unique_human(self) -> tuple[int, int]:
        """People who clicked, before and now."""
        before, now = self.people
        return self.report.unique.human, self.report.unique.human - len(before) + len(now)

    @property
    def click_rate(self) -> tuple[float, float]:
        """The human click rate, before and now: 0 to 1."""
        before, now = (people / self.report.delivered if self.report.delivered else 0.0 for people in self.unique_human)
        return before, now

    def add(self, stored: StoredVerdict, verdict: Verdict) -> None:
        """Note what a click was and is."""
        if stored.verdict is not verdict:
            self.moved[stored.verdict, verdict] += 1
        if stored.counted and stored.person:
            for people, kind in zip(self.people, (stored.verdict, verdict), strict=True):
                if kind is Verdict.HUMAN:
                    people.add(stored.person)


async def rejudge(
    analytics: Analytics,
    judge: Judge,
    wanted: Wanted,
    *,
    turn: AbstractAsyncContextManager[object],
) -> AsyncIterator[Rejudged]:
    """Judge again, one campaign after the other.

    Args:
        analytics: where the verdicts are.
        judge: as it judges now.
        wanted: what to judge.
        turn: held for each part, so that nobody else stores verdicts on what was known before.

    Raises:
        StorageError: part of it may have been stored; the same call again does the rest.
    """
    name = wanted.campaign
    reports = await analytics.campaigns() if name is None else [await analytics.campaign(name)]
    for report in reports:
        if report:
            yield await _campaign(analytics, judge, report, wanted, turn=turn)


def as_json(rejudged: Rejudged) -> dict[str, object]:
    """What became of a campaign in the shape of ``clicktrail rejudge --json``: see docs/reference/rejudge.md."""
    people, rates = rejudged.unique_human, rejudged.click_rate
    return {
        "campaign": rejudged.report.campaign,
        "judged": rejudged.judged,
        "stood": rejudged.stood,
        "moved": [
            {"from": before.value, "to": now.value, "clicks": clicks}
            for (before, now), clicks in sorted(rejudged.moved.items())
        ],
        "unique": {"human": {"before": people[0], "after": people[1]}},
        "click_rate": {"human": {"before": rates[0], "after": rates[1]}},
    }


async def _campaign(
    analytics: Analytics,
    judge: Judge,
    report: CampaignReport,
    wanted: Wanted,
    *,
    turn: AbstractAsyncContextManager[object],
) -> Rejudged:
    result = Rejudged(report=report)
    parts = report.clicks.total // _CLICKS + 1
    for part in range(parts):
        async with turn:
            verdicts = await analytics.verdicts(report.campaign, since=wanted.since, part=part, parts=parts)
            stored = {verdict.click_id: verdict for verdict in verdicts}
            judged = await _judged(analytics, judge, {verdict.message_id for verdict in verdicts})
            news = [news for message in judged if (news := _news(message, stored, result)).clicks]
            if wanted.apply and news:
                await analytics.store([], news)
    return result


async def _judged(analytics: Analytics, judge: Judge, message_ids: Iterable[str]) -> list[JudgedMessage]:
    timelines = await analytics.timelines(message_ids)
    nearby = await Nearby(analytics).of({name: timeline.clicks for name, timeline in timelines.items()})
    return [
        JudgedMessage(timeline=timeline, clicks=judge(timeline, nearby=nearby[name]))
        for name, timeline in timelines.items()
    ]


def _news(message: JudgedMessage, stored: Mapping[str, StoredVerdict], result: Rejudged) -> JudgedMessage:
    """The message with those of its clicks alone whose verdicts, or reasons, are others than before."""
    clicks = tuple(_changed(message.clicks, stored, result))
    return replace(message, clicks=clicks, before={of.click.id: stored[of.click.id].verdict for of in clicks})


def _changed(
    clicks: Iterable[JudgedClick], stored: Mapping[str, StoredVerdict], result: Rejudged
) -> Iterable[JudgedClick]:
    """Those clicks of a message whose verdicts, or reasons, are others than before."""
    for judged in clicks:
        before = stored.get(judged.click.id)
        if before is None:
            continue
        if "/" in judged.click.ip:
            result.stood += 1
            result.add(before, before.verdict)
            continue
        result.judged += 1
        result.add(before, judged.verdict)
        if before != StoredVerdict.of(judged, before.message_id):
            yield judged
