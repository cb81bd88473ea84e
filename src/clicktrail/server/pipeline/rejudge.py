"""Judge stored clicks again by the current rules, network data and agent list, and report what changes."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from clicktrail.judge import Judge
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER
from clicktrail.model.supported_time import check_time
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport
from clicktrail.server.pipeline.address_history import AddressHistory, has_shortened_ip_address
from clicktrail.server.pipeline.later_clicks import LaterClicks
from clicktrail.server.ports import (
    EventStore,
    InlineWorker,
    JudgedMessage,
    Reports,
    StoredVerdict,
    StoreObserver,
    Worker,
)

_CLICKS_PER_PART = 5_000
"""As many clicks as the processor handles in one batch."""


class RejudgeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which clicks to judge again.

    Attributes:
        campaign: only this campaign; None for all campaigns.
        since: only messages with a click at this time or later, aware; None for all messages.
        apply: store the changed verdicts, instead of only counting them.

    Raises:
        ValueError: ``since`` is not supported.
    """

    campaign: str | None = None
    since: datetime | None = None
    apply: bool = False

    def __post_init__(self) -> None:
        """Check the time."""
        if self.since:
            check_time(self.since)


@dataclass(slots=True, kw_only=True)
class RejudgeResult:
    """Changes of one campaign's verdicts.

    Attributes:
        report: numbers of the campaign before.
        skipped_count: clicks that keep their verdict because their IP address was shortened.
        changes: number of clicks by (previous verdict, new verdict).
        human_clickers: people with a human click before, and after, among those whose clicks were judged again.
    """

    report: CampaignReport
    judged_count: int = 0
    skipped_count: int = 0
    changes: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    human_clickers: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    @property
    def unique_human(self) -> tuple[int, int]:
        """Unique human clickers of the campaign, before and after."""
        before, after = self.human_clickers
        return self.report.unique.human, self.report.unique.human - len(before) + len(after)

    @property
    def click_rate(self) -> tuple[float, float]:
        """Click rate of the campaign, before and after, 0 to 1."""
        delivered = self.report.delivered
        before, after = (clickers / delivered if delivered else 0.0 for clickers in self.unique_human)
        return before, after

    def add_clicks(self, clicks: Iterable[JudgedClick], stored_verdicts: Mapping[str, StoredVerdict]) -> None:
        """Compare clicks with their stored verdicts, by click id. Clicks without a stored verdict are ignored."""
        for judged in clicks:
            stored = stored_verdicts.get(judged.click.id)
            if stored is None:
                continue
            if has_shortened_ip_address(judged.click):
                self.skipped_count += 1
                self._add_verdict(stored, stored.verdict)
            else:
                self.judged_count += 1
                self._add_verdict(stored, judged.verdict)

    def _add_verdict(self, stored: StoredVerdict, verdict: Verdict) -> None:
        if stored.verdict is not verdict:
            self.changes[stored.verdict, verdict] += 1
        if stored.counted and stored.person:
            clickers_before, clickers_after = self.human_clickers
            if stored.verdict is Verdict.HUMAN:
                clickers_before.add(stored.person)
            if verdict is Verdict.HUMAN:
                clickers_after.add(stored.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudger:
    """Judges stored clicks again, one campaign after the other.

    Attributes:
        lock: held while a part is judged and stored, so that the processor stores no verdict in between.
    """

    event_store: EventStore
    reports: Reports
    judge: Judge
    lock: AbstractAsyncContextManager[object]
    observers: Sequence[StoreObserver] = ()
    worker: Worker = field(default_factory=InlineWorker)

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
                stored_verdicts = {verdict.click_id: verdict for verdict in verdicts}
                async for messages in self._judge_messages({verdict.message_id for verdict in verdicts}):
                    for message in messages:
                        result.add_clicks(message.clicks, stored_verdicts)
                    changed = [_select_changed_clicks(message, stored_verdicts) for message in messages]
                    changed = [message for message in changed if message.clicks]
                    if request.apply and changed:
                        await self._store(changed)
        return result

    async def _judge_messages(self, message_ids: Iterable[str]) -> AsyncIterator[list[JudgedMessage]]:
        """Yield the messages a part at a time; a message with very many clicks is yielded several times."""
        later_clicks = LaterClicks(self.event_store, self.judge, self.worker)
        remaining_ids = set(message_ids)
        while remaining_ids:
            timelines = await self.event_store.timelines(remaining_ids)
            yield await self._judge_timelines(timelines)
            for timeline in timelines.values():
                if len(timeline.clicks) >= MAX_CLICKS_JUDGED_TOGETHER:
                    async for message in later_clicks.judge_all(timeline):
                        yield [message]
            remaining_ids -= timelines.keys()

    async def _judge_timelines(self, timelines: Mapping[str, Timeline]) -> list[JudgedMessage]:
        nearby = await AddressHistory(self.event_store, worker=self.worker).find_nearby_clicks(
            {message_id: timeline.clicks for message_id, timeline in timelines.items()}
        )
        return await self.worker.run(
            lambda: [
                JudgedMessage(timeline=timeline, clicks=self.judge(timeline, address_clicks=nearby[message_id]))
                for message_id, timeline in timelines.items()
            ]
        )

    async def _store(self, messages: Sequence[JudgedMessage]) -> None:
        await self.event_store.store([], messages)
        for observer in self.observers:
            observer.on_stored(messages)


def _select_changed_clicks(message: JudgedMessage, stored_verdicts: Mapping[str, StoredVerdict]) -> JudgedMessage:
    """The message with only the clicks whose verdict or reasons differ from the stored ones."""
    changed: list[JudgedClick] = []
    for judged in message.clicks:
        stored = stored_verdicts.get(judged.click.id)
        if stored is None or has_shortened_ip_address(judged.click):
            continue
        if stored != StoredVerdict.from_judged(judged, stored.message_id):
            changed.append(judged)
    previous_verdicts = {judged.click.id: stored_verdicts[judged.click.id].verdict for judged in changed}
    return replace(message, clicks=tuple(changed), previous_verdicts=previous_verdicts, has_message_events=False)
