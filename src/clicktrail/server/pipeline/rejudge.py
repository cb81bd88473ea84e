"""Judge again what was judged before, by the rules, networks and agents of now, and say what that changes."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated

import msgspec

from clicktrail.judge import Judge
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport
from clicktrail.server.pipeline.address_history import AddressHistory
from clicktrail.server.ports import EventStore, JudgedMessage, Reports, StoredVerdict, StoreObserver

__all__ = ["RejudgeRequest", "RejudgeResult", "Rejudger", "rejudge_result_as_json"]

_CLICKS_PER_PART = 5_000
"""Clicks of a part: as many as the processor takes at once."""


class RejudgeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
class RejudgeResult:
    """What became of a campaign's verdicts.

    Attributes:
        report: the campaign's numbers before.
        judged_count: clicks that were judged again.
        skipped_count: clicks whose verdicts stand, since their addresses were shortened.
        changes: how many clicks went from one verdict to another.
        human_clickers: who had a human click before, and who has one now, of those whose clicks were judged again.
    """

    report: CampaignReport
    judged_count: int = 0
    skipped_count: int = 0
    changes: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    human_clickers: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    @property
    def unique_human(self) -> tuple[int, int]:
        """People who clicked, before and now."""
        before, now = self.human_clickers
        return self.report.unique.human, self.report.unique.human - len(before) + len(now)

    @property
    def click_rate(self) -> tuple[float, float]:
        """The human click rate, before and now: 0 to 1."""
        before, now = (people / self.report.delivered if self.report.delivered else 0.0 for people in self.unique_human)
        return before, now

    def count_click(self, stored: StoredVerdict, verdict: Verdict) -> None:
        """Note what a click was and is."""
        if stored.verdict is not verdict:
            self.changes[stored.verdict, verdict] += 1
        if stored.counted and stored.person:
            for people, kind in zip(self.human_clickers, (stored.verdict, verdict), strict=True):
                if kind is Verdict.HUMAN:
                    people.add(stored.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudger:
    """Judges stored clicks again, one campaign after the other.

    Attributes:
        event_store: holds the events and verdicts.
        reports: give the numbers before.
        judge: applies the current rules.
        lock: held while a part is judged and stored, so that the processor stores no verdict in between.
        observers: notified of changed verdicts once they are stored.
    """

    event_store: EventStore
    reports: Reports
    judge: Judge
    lock: AbstractAsyncContextManager[object]
    observers: Sequence[StoreObserver] = ()

    async def run(self, request: RejudgeRequest) -> AsyncIterator[RejudgeResult]:
        """Judge the requested campaigns again and yield the result of each.

        Raises:
            StorageError: a part may have been stored; it is safe to repeat the request.
        """
        name = request.campaign
        reports = await self.reports.campaigns() if name is None else [await self.reports.campaign(name)]
        for report in reports:
            if report:
                yield await self._rejudge_campaign(report, request)

    async def _rejudge_campaign(self, report: CampaignReport, request: RejudgeRequest) -> RejudgeResult:
        result = RejudgeResult(report=report)
        part_count = report.clicks.total // _CLICKS_PER_PART + 1
        for part in range(part_count):
            async with self.lock:
                verdicts = await self.event_store.verdicts(
                    report.campaign, since=request.since, part=part, part_count=part_count
                )
                stored = {verdict.click_id: verdict for verdict in verdicts}
                judged = await self._judge_messages({verdict.message_id for verdict in verdicts})
                changed = [_select_changed_clicks(message, stored, result) for message in judged]
                changed = [message for message in changed if message.clicks]
                if request.apply and changed:
                    await self._store(changed)
        return result

    async def _judge_messages(self, message_ids: Iterable[str]) -> list[JudgedMessage]:
        timelines = await self.event_store.timelines(message_ids)
        nearby = await AddressHistory(self.event_store).find_nearby_clicks(
            {message_id: timeline.clicks for message_id, timeline in timelines.items()}
        )
        return [
            JudgedMessage(timeline=timeline, clicks=self.judge(timeline, address_clicks=nearby[message_id]))
            for message_id, timeline in timelines.items()
        ]

    async def _store(self, messages: Sequence[JudgedMessage]) -> None:
        await self.event_store.store([], messages)
        for observer in self.observers:
            observer.on_stored(messages)


def rejudge_result_as_json(rejudged: RejudgeResult) -> dict[str, object]:
    """What became of a campaign in the shape of ``clicktrail rejudge --json``: see docs/reference/rejudge.md."""
    people, rates = rejudged.unique_human, rejudged.click_rate
    return {
        "campaign": rejudged.report.campaign,
        "judged": rejudged.judged_count,
        "stood": rejudged.skipped_count,
        "moved": [
            {"from": before.value, "to": now.value, "clicks": clicks}
            for (before, now), clicks in sorted(rejudged.changes.items())
        ],
        "unique": {"human": {"before": people[0], "after": people[1]}},
        "click_rate": {"human": {"before": rates[0], "after": rates[1]}},
    }


def _select_changed_clicks(
    message: JudgedMessage, stored: Mapping[str, StoredVerdict], result: RejudgeResult
) -> JudgedMessage:
    """The message with those of its clicks alone whose verdicts, or reasons, are others than before."""
    clicks = tuple(_iterate_changed_clicks(message.clicks, stored, result))
    return replace(
        message, clicks=clicks, previous_verdicts={of.click.id: stored[of.click.id].verdict for of in clicks}
    )


def _iterate_changed_clicks(
    clicks: Iterable[JudgedClick], stored: Mapping[str, StoredVerdict], result: RejudgeResult
) -> Iterable[JudgedClick]:
    """Those clicks of a message whose verdicts, or reasons, are others than before."""
    for judged in clicks:
        before = stored.get(judged.click.id)
        if before is None:
            continue
        if "/" in judged.click.ip:
            result.skipped_count += 1
            result.count_click(before, before.verdict)
            continue
        result.judged_count += 1
        result.count_click(before, judged.verdict)
        if before != StoredVerdict.from_judged(judged, before.message_id):
            yield judged
