"""Events that cannot be processed are put into quarantine, and all others are counted once."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.judge import Judge
from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent, decode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.attempt_file import AttemptFile
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Isolation, JournalEntry, JournalReader, JudgedMessage, Quarantine, RecordedEvent
from clicktrail.server.quarantine import QuarantineFolder
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.worker_thread import running_worker_thread
from tests.server.pipeline.test_process import ListReader, UncommittedReader, alone_is_human, drain, journal
from tests.support.judged_lines import click, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.recorded_journal import write_journal

EVENTS: list[AnyEvent] = [
    event for number in range(20) for event in (sent(f"m{number}"), click(f"m{number}", "1", after_s=90 * number))
]
LINES = journal(*EVENTS)


class CrashError(Exception):
    """An error that nothing expects."""


class DeathError(BaseException):
    """Ends the process."""


@dataclass
class MemoryQuarantine:
    """A quarantine in memory that can fail."""

    remaining_failures: int = 0
    entries: list[tuple[bytes, str]] = field(default_factory=list)

    async def add(self, entry: JournalEntry, *, reason: str) -> None:
        if self.remaining_failures:
            self.remaining_failures -= 1
            raise StorageError("simulated failure")
        self.entries.append((entry.line, reason))

    def ids(self) -> list[str]:
        return [decode_event(line).id for line, _ in self.entries]


class PickyAnalytics(MemoryAnalytics):
    """An event store that fails on some events, at most a number of times."""

    def __init__(self, error: Exception, *event_ids: str, times: int = 1_000) -> None:
        super().__init__()
        self.attempts = 0
        self._error = error
        self._event_ids = set(event_ids)
        self._times = times

    async def store(
        self,
        events: Sequence[RecordedEvent],
        messages: Sequence[JudgedMessage],
        anonymous_clicks: Sequence[AnonymousClick] = (),
    ) -> None:
        self.attempts += 1
        if self._event_ids & {event.id for _, event in events} and self._times:
            self._times -= 1
            raise self._error
        await super().store(events, messages, anonymous_clicks)


def judge_failing_on(*click_ids: str, error: Callable[[], BaseException] = CrashError, message_size: int = 1) -> Judge:
    """A judge that fails on messages of a size with one of these clicks."""

    def judge(timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        del address_clicks
        if {event.id for event in timeline.clicks} & set(click_ids) and len(timeline.clicks) >= message_size:
            raise error()
        return alone_is_human(timeline)

    return judge


def isolated(
    analytics: MemoryAnalytics,
    quarantine: Quarantine,
    *,
    judge: Judge = alone_is_human,
    reader: JournalReader | None = None,
    attempts: AttemptFile | None = None,
) -> Processor:
    isolation = Isolation(quarantine=quarantine, attempts=attempts)
    return Processor(reader or ListReader(LINES), analytics, judge=judge, isolation=isolation)


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("poison", [["m3-1"], ["m3-1", "m4-1", "m19-1"], [event.id for event in EVENTS]])
@pytest.mark.parametrize("is_refused", [False, True])
async def test_events_that_cannot_be_stored_are_quarantined(*, poison: list[str], limit: int, is_refused: bool) -> None:
    refused = StorageError("analytics refused a statement: CANNOT_PARSE_DATETIME")
    refused.retryable = False
    analytics, quarantine = PickyAnalytics(refused if is_refused else CrashError(), *poison), MemoryQuarantine()
    reader = ListReader(LINES)
    processing = isolated(analytics, quarantine, reader=reader)
    assert await drain(processing, limit=limit) == len(LINES)
    assert sorted(quarantine.ids()) == sorted(poison)
    assert {reason for _, reason in quarantine.entries} == {
        str(refused) if is_refused else "processing the event failed: CrashError"
    }
    assert analytics.events.keys() == {event.id for event in EVENTS} - set(poison)
    assert (reader.committed, processing.quarantined_count, processing.processed_count) == (
        len(LINES),
        len(poison),
        len(LINES) - len(poison),
    )


@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_events_that_cannot_be_judged_are_quarantined(limit: int) -> None:
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    processing = isolated(analytics, quarantine, judge=judge_failing_on("m3-1", "m7-1"))
    await drain(processing, limit=limit)
    assert (sorted(quarantine.ids()), len(analytics.judged_clicks())) == (["m3-1", "m7-1"], 18)
    assert {reason for _, reason in quarantine.entries} == {"judging the message failed: CrashError"}


async def test_batch_that_fails_once_is_processed() -> None:
    analytics, quarantine = PickyAnalytics(CrashError(), "m3-1", times=1), MemoryQuarantine()
    await drain(isolated(analytics, quarantine))
    assert (analytics.attempts, quarantine.entries, len(analytics.judged_clicks())) == (2, [], 20)


async def test_unavailable_store_quarantines_nothing() -> None:
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    analytics.remaining_failures = 9
    reader = ListReader(LINES)
    processing = isolated(analytics, quarantine, reader=reader)
    for _ in range(9):
        with pytest.raises(StorageError):
            await processing.run_once(100)
        assert reader.committed == 0
    assert await processing.run_once(100) == len(LINES)
    assert (quarantine.entries, len(analytics.judged_clicks())) == ([], 20)


async def test_full_disk_keeps_the_event_until_it_is_quarantined() -> None:
    analytics, quarantine = PickyAnalytics(CrashError(), "m3-1"), MemoryQuarantine(remaining_failures=2)
    reader = ListReader(LINES)
    processing = isolated(analytics, quarantine, reader=reader)
    for _ in range(2):
        with pytest.raises(StorageError):
            await processing.run_once(100)
        assert (reader.committed, quarantine.entries) == (0, [])
    await drain(processing)
    assert (quarantine.ids(), len(analytics.judged_clicks())) == (["m3-1"], 19)


async def test_message_that_fails_because_of_earlier_events_keeps_its_verdicts() -> None:
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    await drain(isolated(analytics, quarantine, reader=ListReader(journal(click("m1", "1")))))
    later = isolated(
        analytics, quarantine, judge=judge_failing_on("m1-1"), reader=ListReader(journal(click("m2", "1")))
    )
    await drain(later)
    assert (quarantine.entries, sorted(analytics.judged_clicks())) == ([], ["m1-1", "m2-1"])


async def test_kill_between_quarantine_and_commit_stores_and_quarantines_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    await asyncio.to_thread(write_journal, settings, *EVENTS)
    analytics = PickyAnalytics(CrashError(), "m3-1")
    quarantine = QuarantineFolder(settings.quarantine_path, SystemClock())

    def build_reader() -> SegmentReader:
        return SegmentReader(settings.journal_path, tmp_path / "cursor")

    await drain(isolated(analytics, quarantine, reader=UncommittedReader(build_reader())))
    await drain(isolated(analytics, quarantine, reader=build_reader()))
    assert [decode_event(event.line).id for event in quarantine.read()] == ["m3-1"]
    assert len(analytics.judged_clicks()) == 19


@pytest.mark.parametrize("poison", [["m3-1"], ["m0-1", "m3-1", "m19-1"]])
async def test_event_that_kills_the_process_is_quarantined(tmp_path: Path, poison: list[str]) -> None:
    settings = Settings(data_dir=str(tmp_path))
    await asyncio.to_thread(write_journal, settings, *EVENTS)
    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    deaths = 0
    while True:
        processing = isolated(
            analytics,
            quarantine,
            judge=judge_failing_on(*poison, error=DeathError),
            reader=SegmentReader(settings.journal_path, tmp_path / "cursor"),
            attempts=AttemptFile(tmp_path / "attempts.json"),
        )
        try:
            await drain(processing)
        except DeathError:
            deaths += 1
            continue
        break
    assert (quarantine.ids(), len(analytics.judged_clicks())) == (poison, 20 - len(poison))
    assert {reason for _, reason in quarantine.entries} == {"the engine died while it processed the event"}
    assert deaths < 10 * len(poison)
    assert AttemptFile(tmp_path / "attempts.json").limit_entries(100) > 1


async def test_message_that_takes_too_long_is_quarantined() -> None:
    def judge(timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        del address_clicks
        while timeline.message_id == "m3":
            pass
        return alone_is_human(timeline)

    analytics, quarantine = MemoryAnalytics(), MemoryQuarantine()
    async with running_worker_thread(limit_s=0.5) as worker:
        isolation = Isolation(quarantine=quarantine, worker=worker)
        await drain(Processor(ListReader(LINES), analytics, judge=judge, isolation=isolation))
    assert (sorted(quarantine.ids()), len(analytics.judged_clicks())) == (["m3-1", "m3-sent"], 19)
    assert {reason for _, reason in quarantine.entries} == {"judging the message took too long"}
