"""While one batch is stored, the next one is judged: failures, kills, erasures and rejudging in between."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import ClickCounts
from clicktrail.server.attempt_file import MAX_DEATHS, AttemptFile
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.rejudge import Rejudger, RejudgeRequest
from clicktrail.server.ports import InlineWorker, Isolation, JournalReader, JudgedMessage, RecordedEvent
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.processing import ProcessorPause
from clicktrail.server.worker_thread import LoopTask
from tests.server.pipeline.test_isolation import CrashError, MemoryQuarantine, PickyAnalytics, judge_failing_on
from tests.server.pipeline.test_process import (
    ListReader,
    UncommittedReader,
    alone_is_human,
    crowd_is_bot,
    drain,
    from_address,
    journal,
    report_of,
)
from tests.support.judged_lines import click, make_judged_click, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.recorded_journal import write_journal
from tests.support.waiting import TIMEOUT_S

EVENTS: list[AnyEvent] = [sent("m1"), click("m1", "1"), sent("m2"), click("m2", "1"), click("m1", "2")]
LINES = journal(*EVENTS)


class GatedAnalytics(MemoryAnalytics):
    """An event store whose stores wait at a gate.

    Attributes:
        stored_ids: ids of the events of each store that was begun.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.stored_ids: list[list[str]] = []

    async def store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick] = (),
    ) -> None:
        self.stored_ids.append([event.id for _, event in events])
        self.begun.set()
        await self.gate.wait()
        await super().store(events, messages, anonymous_clicks)


class LoopWorker(InlineWorker):
    """A worker whose background tasks are tasks of the event loop."""

    def start(self, coroutine: Coroutine[object, object, None]) -> LoopTask:
        return LoopTask(coroutine)


class WatchedJudge:
    """`alone_is_human`, with an event for the first judgement of each message."""

    def __init__(self) -> None:
        self._judged: dict[str, asyncio.Event] = {}

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        self._get_event(timeline.message_id).set()
        return alone_is_human(timeline, address_clicks=address_clicks)

    async def wait_for(self, message_id: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await self._get_event(message_id).wait()

    def _get_event(self, message_id: str) -> asyncio.Event:
        return self._judged.setdefault(message_id, asyncio.Event())


@pytest.fixture
async def analytics() -> AsyncIterator[GatedAnalytics]:
    gated = GatedAnalytics()
    yield gated
    gated.gate.set()


def overlapping(
    reader: JournalReader,
    analytics: MemoryAnalytics,
    *,
    judge: Judge = alone_is_human,
    isolation: Isolation | None = None,
    cache_size: int = 100,
) -> Processor:
    isolation = replace(isolation or Isolation(), worker=LoopWorker())
    return Processor(reader, analytics, judge=judge, isolation=isolation, cache_size=cache_size)


async def test_batch_is_judged_while_the_one_before_is_stored(analytics: GatedAnalytics) -> None:
    reader, judge = ListReader(LINES), WatchedJudge()
    processor = overlapping(reader, analytics, judge=judge)
    assert await processor.judge_next(2) == 2
    async with asyncio.TaskGroup() as tasks:
        judging = tasks.create_task(processor.judge_next(2))
        await judge.wait_for("m2")
        assert (analytics.stored_ids, reader.committed, judging.done()) == ([["m1-sent", "m1-1"]], 0, False)
        analytics.gate.set()
    await processor.finish()
    assert analytics.stored_ids == [["m1-sent", "m1-1"], ["m2-sent", "m2-1"]]
    assert (reader.committed, processor.has_unstored_batch, processor.oldest_event_at) == (4, False, None)


async def test_position_is_committed_batch_by_batch(analytics: GatedAnalytics, tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    await asyncio.to_thread(write_journal, settings, *EVENTS)

    def build_reader() -> SegmentReader:
        return SegmentReader(settings.journal_path, tmp_path / "cursor")

    judge = WatchedJudge()
    processor = overlapping(build_reader(), analytics, judge=judge)
    await processor.judge_next(2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(processor.judge_next(2))
        await judge.wait_for("m2")
        assert len(await build_reader().read(9)) == len(EVENTS)
        analytics.gate.set()
    assert len(await build_reader().read(9)) in {len(EVENTS) - 2, len(EVENTS) - 4}
    await processor.finish()
    assert len(await build_reader().read(9)) == len(EVENTS) - 4


@pytest.mark.parametrize("is_stored", [False, True])
async def test_kill_between_judging_and_storing_counts_events_once(
    analytics: GatedAnalytics, tmp_path: Path, *, is_stored: bool
) -> None:
    settings = Settings(data_dir=str(tmp_path))
    await asyncio.to_thread(write_journal, settings, *EVENTS)
    judge = WatchedJudge()

    def build_reader() -> SegmentReader:
        return SegmentReader(settings.journal_path, tmp_path / "cursor")

    killed = overlapping(UncommittedReader(build_reader()), analytics, judge=judge)
    await killed.judge_next(2)
    judging = asyncio.get_running_loop().create_task(killed.judge_next(2))
    await judge.wait_for("m2")
    judging.cancel()
    lost_gate = analytics.gate
    if is_stored:
        analytics.gate.set()
        await killed.finish()
    analytics.gate = asyncio.Event()
    analytics.gate.set()
    await drain(overlapping(build_reader(), analytics))
    report = await report_of(analytics)
    assert (report.accepted, report.clicks) == (2, ClickCounts(human=1, bot=2))
    assert len(await analytics.history("spring", limit=9)) == int(is_stored)
    lost_gate.set()


@pytest.mark.parametrize("cache_size", [0, 100])
async def test_failed_store_stores_both_batches_in_order(cache_size: int) -> None:
    reader, analytics = ListReader(LINES), MemoryAnalytics()
    processor = overlapping(reader, analytics, cache_size=cache_size)
    await processor.judge_next(2)
    analytics.remaining_failures = 1
    with pytest.raises(StorageError):
        await processor.judge_next(2)
    assert (reader.committed, processor.has_unstored_batch) == (0, True)
    assert await processor.judge_next(100) == 2
    assert reader.committed == 2
    assert await processor.judge_next(100) == 2
    assert reader.committed == 4
    assert await drain(processor) == 1
    assert (await report_of(analytics)).clicks == ClickCounts(human=1, bot=2)
    assert [(change.click_id, change.after) for change in await analytics.history("spring", limit=9)] == [
        ("m1-1", Verdict.BOT)
    ]


async def test_failed_store_is_noticed_without_new_entries() -> None:
    reader, analytics = ListReader(LINES[:2]), MemoryAnalytics()
    analytics.remaining_failures = 1
    processor = overlapping(reader, analytics)
    await processor.judge_next(2)
    with pytest.raises(StorageError):
        await processor.judge_next(2)
    await processor.judge_next(2)
    assert (reader.committed, await processor.judge_next(2)) == (2, 0)


async def test_failed_commit_is_repeated_before_the_next_batch() -> None:
    reader, analytics = ListReader(LINES), MemoryAnalytics()
    processor = overlapping(reader, analytics)
    await processor.judge_next(2)
    reader.failures = 1
    with pytest.raises(StorageError):
        await processor.judge_next(2)
    assert await drain(processor) == len(LINES)
    assert reader.committed == len(LINES)
    assert (processor.processed_count, (await report_of(analytics)).clicks) == (len(LINES), ClickCounts(human=1, bot=2))


@pytest.mark.parametrize("poison", ["m1-1", "m2-1", "m1-2"])
@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_only_the_entry_that_cannot_be_stored_is_quarantined(poison: str, limit: int) -> None:
    analytics, quarantine = PickyAnalytics(CrashError(), poison), MemoryQuarantine()
    reader = ListReader(LINES)
    await drain(overlapping(reader, analytics, isolation=Isolation(quarantine=quarantine)), limit=limit)
    assert quarantine.ids() == [poison]
    assert analytics.events.keys() == {event.id for event in EVENTS} - {poison}
    assert reader.committed == len(LINES)


async def test_judge_fails_while_the_batch_before_is_stored() -> None:
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    processor = overlapping(
        ListReader(LINES), analytics, judge=judge_failing_on("m2-1"), isolation=Isolation(quarantine=quarantine)
    )
    await processor.judge_next(2)
    await processor.judge_next(2)
    await drain(processor)
    assert (quarantine.ids(), (await report_of(analytics)).clicks) == (["m2-1"], ClickCounts(bot=2))


async def test_store_and_judge_fail_at_the_same_time() -> None:
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    processor = overlapping(
        ListReader(LINES), analytics, judge=judge_failing_on("m2-1"), isolation=Isolation(quarantine=quarantine)
    )
    await processor.judge_next(2)
    analytics.remaining_failures = 1
    with pytest.raises(StorageError):
        await processor.judge_next(2)
    assert quarantine.entries == []
    await drain(processor)
    assert (quarantine.ids(), (await report_of(analytics)).clicks) == (["m2-1"], ClickCounts(bot=2))


@pytest.mark.parametrize("cache_size", [0, 100])
@pytest.mark.parametrize("failures", [0, 1, 3])
async def test_verdict_changes_of_consecutive_batches_are_in_order(cache_size: int, failures: int) -> None:
    def by_number(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        verdict = list(Verdict)[len(timeline.clicks) % 4]
        return tuple(make_judged_click(click, verdict) for click in timeline.clicks)

    reader = ListReader(journal(sent("m1"), *(click("m1", f"{number}") for number in range(9))))
    analytics = MemoryAnalytics()
    processor = overlapping(reader, analytics, judge=by_number, cache_size=cache_size)
    for _ in range(4):
        await processor.judge_next(1)
    analytics.remaining_failures = failures
    for _ in range(failures):
        with pytest.raises(StorageError):
            await processor.judge_next(1)
    await drain(processor, limit=1)
    changes = [*reversed(await analytics.history("spring", click_ids=["m1-0"], limit=99))]
    verdicts = [list(Verdict)[number % 4] for number in range(1, 10)]
    assert [(change.before, change.after) for change in changes] == list(pairwise(verdicts))


@pytest.mark.parametrize("cache_size", [0, 1])
async def test_address_history_holds_what_is_being_stored(cache_size: int) -> None:
    clicks = [from_address(f"m{number}", 10 * number) for number in range(4)]
    analytics = MemoryAnalytics()
    reader = ListReader(journal(*clicks))
    await drain(overlapping(reader, analytics, judge=crowd_is_bot, cache_size=cache_size), limit=1)
    assert (await report_of(analytics)).clicks == ClickCounts(bot=4)


async def test_pause_waits_for_the_store_in_the_background(analytics: GatedAnalytics) -> None:
    lock = asyncio.Lock()
    processor = overlapping(ListReader(LINES), analytics)
    pause = ProcessorPause(processor, lock)
    await processor.judge_next(2)

    async def erase() -> None:
        async with pause:
            assert not processor.has_unstored_batch
            await analytics.erase("ann@example.com")

    async with asyncio.TaskGroup() as tasks:
        erasing = tasks.create_task(erase())
        async with asyncio.timeout(TIMEOUT_S):
            await analytics.begun.wait()
        assert not erasing.done()
        assert lock.locked()
        analytics.gate.set()
    assert not lock.locked()


async def test_pause_that_fails_releases_the_lock() -> None:
    lock, analytics = asyncio.Lock(), MemoryAnalytics()
    processor = overlapping(ListReader(LINES), analytics)
    await processor.judge_next(2)
    analytics.remaining_failures = 1
    with pytest.raises(StorageError):
        async with ProcessorPause(processor, lock):
            pass
    assert (lock.locked(), processor.has_unstored_batch) == (False, True)
    async with ProcessorPause(processor, lock):
        assert not processor.has_unstored_batch


async def test_rejudging_sees_the_batch_that_was_being_stored() -> None:
    analytics = MemoryAnalytics()
    processor = overlapping(ListReader(LINES), analytics)
    await processor.judge_next(2)
    await processor.judge_next(2)

    def all_bots(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        return tuple(make_judged_click(click, Verdict.BOT) for click in timeline.clicks)

    pause = ProcessorPause(processor, asyncio.Lock())
    rejudger = Rejudger(event_store=analytics, reports=analytics, judge=all_bots, lock=pause)
    (result,) = [result async for result in rejudger.run(RejudgeRequest(apply=True))]
    processor.invalidate_cache()
    assert result.changes == {(Verdict.HUMAN, Verdict.BOT): 2}
    await drain(processor)
    assert (await report_of(analytics)).clicks == ClickCounts(human=1, bot=2)


async def test_erased_entries_of_both_batches_are_overwritten() -> None:
    ann = "ann@example.com"
    lines = journal(click("m1", "1", recipient=ann), click("m2", "1"), click("m3", "1", recipient=ann))
    reader = ListReader(lines)
    processor = overlapping(reader, MemoryAnalytics())
    processor.skip_recipients({ann})
    await drain(processor, limit=1)
    assert reader.erased == [lines[0], lines[2]]


async def test_deaths_are_counted_from_the_first_batch_that_is_not_stored(
    analytics: GatedAnalytics, tmp_path: Path
) -> None:
    settings = Settings(data_dir=str(tmp_path))
    await asyncio.to_thread(write_journal, settings, *EVENTS)
    for _ in range(MAX_DEATHS):
        attempts = AttemptFile(tmp_path / "attempts.json")
        assert attempts.limit_entries(100) == 100
        judge, reader = WatchedJudge(), SegmentReader(settings.journal_path, tmp_path / "cursor")
        processor = overlapping(reader, analytics, judge=judge, isolation=Isolation(attempts=attempts))
        await processor.judge_next(2)
        judging = asyncio.get_running_loop().create_task(processor.judge_next(3))
        await judge.wait_for("m2")
        judging.cancel()
    attempts = AttemptFile(tmp_path / "attempts.json")
    assert attempts.limit_entries(100) == 1
    analytics.gate.set()
    reader = SegmentReader(settings.journal_path, tmp_path / "cursor")
    await drain(overlapping(reader, analytics, isolation=Isolation(attempts=attempts)))
    assert (await report_of(analytics)).clicks == ClickCounts(human=1, bot=2)
    assert AttemptFile(tmp_path / "attempts.json").limit_entries(100) > 1
