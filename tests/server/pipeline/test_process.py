import asyncio
import dataclasses
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.errors import EventError, StorageError
from clicktrail.judge import Judge
from clicktrail.judge.evidence import ACTIVITY_WINDOW, AddressClick
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, Engagement, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, ClickCounts
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.dominant_address import (
    MIN_CLICKS,
    WINDOW_CLICKS,
    DominantAddress,
    DominantAddressDetector,
)
from clicktrail.server.pipeline.judged_messages import MessageCache, MessageSnapshot
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import EventStore, Isolation, JournalEntry, JournalReader, JudgedMessage, Reports
from clicktrail.server.system import SystemClock
from tests.support.events import AZURE_IP
from tests.support.judged_lines import BURST, SENT_AT, click, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics, StoredMessages


class ListReader:
    """A journal reader on a list of lines.

    Attributes:
        committed: number of committed lines.
        erased: lines that were overwritten.
        failures: number of next commits that fail.
    """

    def __init__(self, lines: Sequence[bytes], *, start: int = 0) -> None:
        self.committed = start
        self.failures = 0
        self.erased: list[bytes] = []
        self._lines = lines
        self._next = start

    @property
    def position(self) -> int:
        return self._next

    async def read(self, limit: int) -> list[JournalEntry]:
        entries = [JournalEntry(line, None) for line in self._lines[self._next : self._next + limit]]
        self._next += len(entries)
        return entries

    async def erase(self, entries: Sequence[JournalEntry]) -> None:
        self.erased += [entry.line for entry in entries]

    async def commit(self, position: object = None) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageError("simulated failure")
        assert isinstance(position, int)
        self.committed = position


class PastReader(ListReader):
    """Of events that were recorded earlier."""

    async def read(self, limit: int) -> list[JournalEntry]:
        return [dataclasses.replace(entry, is_past=True) for entry in await super().read(limit)]


class UncommittedReader:
    """A reader whose process dies just before each commit."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    @property
    def position(self) -> object:
        return self._reader.position

    async def read(self, limit: int) -> Sequence[JournalEntry]:
        return await self._reader.read(limit)

    async def erase(self, entries: Sequence[JournalEntry]) -> None:
        await self._reader.erase(entries)

    async def commit(self, position: object = None) -> None:
        pass


def alone_is_human(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
    """A judge: a single click is human, several clicks are bots."""
    verdict = Verdict.HUMAN if len(timeline.clicks) == 1 else Verdict.BOT
    return tuple(make_judged_click(click, verdict) for click in timeline.clicks)


def crowd_is_bot(timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
    """A judge: a click is a bot if its address clicked on two other messages within a minute."""
    others = tuple(other for other in address_clicks if other.message_id != timeline.message_id)

    def decide(click: Click) -> Verdict:
        near = {
            other.message_id for other in others if other.ip == click.ip and abs(other.at - click.at) <= ACTIVITY_WINDOW
        }
        return Verdict.BOT if len(near) >= 2 else Verdict.HUMAN

    return tuple(make_judged_click(click, decide(click)) for click in timeline.clicks)


def processor(
    reader: JournalReader, analytics: EventStore, *, judge: Judge = alone_is_human, cache_size: int = 100
) -> Processor:
    return Processor(reader, analytics, judge=judge, cache_size=cache_size)


def journal(*events: AnyEvent) -> list[bytes]:
    return [encode_event(event) for event in events]


async def drain(processor: Processor, *, limit: int = 100) -> int:
    total = 0
    while count := await processor.judge_next(limit):  # each batch is judged before the one before is stored
        total += count
    return total


async def report_of(reports: Reports, name: str = "spring") -> CampaignReport:
    report = await reports.campaign(name)
    assert report is not None
    return report


async def test_events_become_judged_messages() -> None:
    reader = ListReader(journal(sent("m1"), sent("m2"), click("m1", "1"), click("m2", "1"), click("m2", "2")))
    analytics = MemoryAnalytics()
    assert 5 == await drain(processor(reader, analytics))
    report = await report_of(analytics)
    assert (2, ClickCounts(human=1, bot=2), 5) == (report.accepted, report.clicks, reader.committed)


async def test_counts_of_processed_events() -> None:
    clicks = [replace(click("m1", f"{number}"), ip="10.1.2.3") for number in range(100)]
    clicks[0] = replace(clicks[0], tampered=True)
    clicks[1:3] = [replace(damaged, damage="addition") for damaged in clicks[1:3]]
    recorded = replace(clicks[0], id="esp", source="mailgun", ip="10.9.9.9")
    counting = processor(ListReader([*journal(sent("m1"), *clicks, recorded), b"{}"]), MemoryAnalytics())
    assert 103 == await drain(counting)
    assert (102, 1, 2) == (counting.processed_count, counting.unreadable_count, counting.judged_message_count)
    assert 2 == counting.damaged_count
    assert (1, DominantAddress(network="10.1.2.0/24", share=1.0)) == (
        counting.tampered_count,
        counting.dominant_address_detector.find_dominant_address(),
    )


async def test_events_recorded_earlier_are_no_sign_of_todays_state() -> None:
    clicks = [replace(click("m1", str(number)), ip="10.1.2.3", tampered=True) for number in range(MIN_CLICKS)]
    analytics = MemoryAnalytics()
    analytics.remaining_failures = 1
    importing = processor(PastReader(journal(*clicks)), analytics)
    with pytest.raises(StorageError):
        await importing.run_once(1_000)
    assert importing.oldest_event_at is None
    await drain(importing)
    assert (importing.processed_count, importing.tampered_count) == (MIN_CLICKS, 0)
    assert importing.dominant_address_detector.find_dominant_address() is None


async def test_oldest_event_at_while_a_batch_is_pending() -> None:
    analytics = MemoryAnalytics()
    analytics.remaining_failures = 1
    failing = processor(ListReader(journal(click("m1", "1"), sent("m1"))), analytics)
    before = failing.oldest_event_at
    with pytest.raises(StorageError):
        await failing.run_once(100)
    during = failing.oldest_event_at
    await failing.run_once(100)
    assert (None, SENT_AT, None) == (before, during, failing.oldest_event_at)


async def test_anonymous_clicks_are_counted_without_their_lines() -> None:
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=0, verdict=Verdict.HUMAN)
    reader, analytics = ListReader(journal(sent("m1"), anonymous)), MemoryAnalytics()
    assert 2 == await drain(processor(reader, analytics))
    assert (ClickCounts(human=1), ["m1-sent"]) == ((await report_of(analytics)).clicks, list(analytics.events))


async def test_events_of_erased_recipients_are_skipped() -> None:
    ann = "ann@example.com"
    recorded = journal(sent("m1", recipient=ann), click("m1", "1", recipient=ann), click("m1", "2"))
    reader, analytics = ListReader(recorded), MemoryAnalytics()
    skipping = processor(reader, analytics)
    await skipping.run_once(1)
    await analytics.erase(ann)
    skipping.skip_recipients({ann})
    assert 2 == await drain(skipping)
    assert ["m1-2"] == list(analytics.events)
    assert (frozenset({"m1"}), ClickCounts(human=1)) == (
        analytics.requested_ids[-1],
        (await report_of(analytics)).clicks,
    )


async def test_empty_journal_is_not_committed() -> None:
    reader, analytics = ListReader([]), MemoryAnalytics()
    reader.failures = 1
    assert 0 == await processor(reader, analytics).run_once(100)
    assert analytics.events == {}


@pytest.mark.parametrize("cache_size", [0, 1, 100])
async def test_later_click_changes_earlier_verdicts(cache_size: int) -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), sent("m3"), click("m1", "2")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, cache_size=cache_size), limit=1)
    assert ClickCounts(bot=2) == (await report_of(analytics)).clicks


async def test_cached_timelines_are_not_loaded_again() -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), click("m1", "2"), click("m2", "1")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, cache_size=1), limit=1)
    assert [{"m1"}, {"m2"}, {"m1"}, {"m2"}] == analytics.requested_ids


async def test_only_new_verdicts_are_stored() -> None:
    recorded = [from_address("m1", at, ip=f"192.0.2.{at}") for at in range(9)]
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(journal(sent("m1"), *recorded)), analytics, judge=crowd_is_bot), limit=1)
    assert (ClickCounts(human=9), 9) == ((await report_of(analytics)).clicks, analytics.stored_verdict_count)


async def test_click_with_shortened_ip_address_keeps_its_verdict() -> None:
    clicks = [from_address("m1", 10), from_address("m2", 30), from_address("m3", 50)]
    later = [from_address("m1", 5_000 + number, ip="192.0.2.77") for number in range(3)]
    lines, analytics = journal(*clicks, *later), MemoryAnalytics()
    await drain(processor(ListReader(lines[:3]), analytics, judge=crowd_is_bot))
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))

    def by_number(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        return tuple(make_judged_click(click, list(Verdict)[len(timeline.clicks) % 4]) for click in timeline.clicks)

    restarted = processor(ListReader(lines, start=3), analytics, judge=by_number)
    for _ in later:
        await restarted.run_once(1)
        judged = analytics.judged_clicks()
        assert [Verdict.BOT] * 3 == [judged[click.id].verdict for click in clicks]


async def test_old_clicks_are_evicted_when_ip_addresses_are_shortened() -> None:
    clicks = [from_address("m2", 10), from_address("m3", 20), from_address("m1", 30)]
    many = [from_address("m1", 1_000 + number, ip="192.0.2.77") for number in range(20)]
    lines, analytics = journal(*clicks, *many, from_address("m1", 5_000, ip="192.0.2.78")), MemoryAnalytics()
    remembering = processor(ListReader(lines), analytics, judge=crowd_is_bot, cache_size=1)
    for _ in lines[:-1]:
        await remembering.run_once(1)
    await remembering.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))
    await drain(remembering)
    assert ClickCounts(human=21, bot=3) == (await report_of(analytics)).clicks


async def test_new_click_with_shortened_ip_address_is_judged() -> None:
    analytics = MemoryAnalytics()
    recorded = journal(from_address("m1", 10, ip="192.0.2.0/24"))
    await drain(processor(ListReader(recorded), analytics, judge=crowd_is_bot))
    assert ClickCounts(human=1) == (await report_of(analytics)).clicks


@pytest.mark.parametrize("cache_size", [0, 100])
async def test_changed_verdict_is_added_to_history(cache_size: int) -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), click("m2", "1"), click("m1", "2")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, cache_size=cache_size), limit=1)
    (change,) = await analytics.history("spring", limit=9)
    assert ("m1-1", Verdict.HUMAN, Verdict.BOT) == (change.click_id, change.before, change.after)


async def test_repeated_batch_adds_no_history() -> None:
    lines = journal(sent("m1"), click("m1", "1"), click("m1", "2"))
    reader, analytics = ListReader(lines), MemoryAnalytics()
    failing = processor(reader, analytics)
    await failing.run_once(2)
    reader.failures = 1
    with pytest.raises(StorageError):
        await failing.run_once(1)
    await failing.run_once(1)
    await drain(processor(ListReader(lines, start=2), analytics))
    assert 1 == len(await analytics.history("spring", limit=9))


async def test_restarted_processor_loads_timelines() -> None:
    lines = journal(sent("m1"), click("m1", "1"), click("m1", "2"))
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(lines[:2]), analytics))
    await drain(processor(ListReader(lines, start=2), analytics))
    assert ClickCounts(bot=2) == (await report_of(analytics)).clicks


async def test_failed_store_repeats_the_batch() -> None:
    reader, analytics = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"))), MemoryAnalytics()
    analytics.remaining_failures = 2
    failing = processor(reader, analytics)
    for _ in range(2):
        with pytest.raises(StorageError):
            await failing.run_once(2)
        assert 0 == reader.committed
    assert 2 == await failing.run_once(2)
    assert 2 == reader.committed
    assert 1 == await drain(failing)
    report = await report_of(analytics)
    assert (2, ClickCounts(human=1)) == (report.accepted, report.clicks)


async def test_failed_commit_counts_events_once() -> None:
    reader, analytics = ListReader(journal(sent("m1"), click("m1", "1"))), MemoryAnalytics()
    reader.failures = 1
    failing = processor(reader, analytics)
    with pytest.raises(StorageError):
        await failing.run_once(100)
    assert 2 == await failing.run_once(100)
    report = await report_of(analytics)
    assert (1, ClickCounts(human=1), 2) == (report.accepted, report.clicks, reader.committed)


async def test_unreadable_entry_is_reported_and_skipped() -> None:
    recorded: list[tuple[bytes, str]] = []

    def record(entry: JournalEntry, error: EventError) -> None:
        recorded.append((entry.line, error.code))

    reader, analytics = ListReader([*journal(sent("m1")), b"not json", *journal(click("m1", "1"))]), MemoryAnalytics()
    analytics.remaining_failures = 1
    reporting = Processor(reader, analytics, judge=alone_is_human, isolation=Isolation(on_unreadable=record))
    with pytest.raises(StorageError):
        await reporting.run_once(100)
    assert 3 == await reporting.run_once(100)
    assert ([(b"not json", "event-invalid")], 3) == (recorded, reader.committed)
    assert ClickCounts(human=1) == (await report_of(analytics)).clicks


async def test_unreadable_entries_are_committed() -> None:
    reader = ListReader([b"{}", b"\xff"])
    assert 2 == await drain(processor(reader, MemoryAnalytics()))
    assert 2 == reader.committed


async def test_click_without_message_is_stored_without_campaign() -> None:
    tampered = replace(click("", "1", campaign=""), tampered=True)
    reader, analytics = ListReader(journal(tampered)), MemoryAnalytics()
    assert 1 == await drain(processor(reader, analytics))
    assert ({tampered.id: tampered}, []) == (analytics.events, await analytics.campaigns())


async def test_engagement_changes_verdicts_of_its_message() -> None:
    seen: list[Timeline] = []

    def watch(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        seen.append(timeline)
        return alone_is_human(timeline)

    engaged = Engagement(id="e1", at=SENT_AT, message_id="m1", click_id="m1-1", kind="engaged")
    reader = ListReader(journal(click("m1", "1"), engaged))
    watching = Processor(reader, MemoryAnalytics(), judge=watch)
    await drain(watching, limit=1)
    assert [0, 1] == [len(timeline.engagements) for timeline in seen]


def from_address(message_id: str, after_s: float, ip: str = "192.0.2.9") -> Click:
    return replace(click(message_id, f"{after_s}-{ip}", after_s=after_s), ip=ip)


@pytest.mark.parametrize("cache_size", [0, 100])
async def test_click_changes_verdicts_on_other_messages_of_its_address(cache_size: int) -> None:
    clicks = [from_address("m1", 10), from_address("m2", 30), from_address("m3", 50), from_address("m4", 120)]
    analytics = MemoryAnalytics()
    crowd_processor = processor(ListReader(journal(*clicks)), analytics, judge=crowd_is_bot, cache_size=cache_size)
    await drain(crowd_processor, limit=1)
    assert ClickCounts(human=1, bot=3) == (await report_of(analytics)).clicks


async def test_restarted_processor_loads_address_history() -> None:
    lines = journal(from_address("m1", 10), from_address("m2", 30), from_address("m3", 50))
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(lines[:2]), analytics, judge=crowd_is_bot))
    await drain(processor(ListReader(lines, start=2), analytics, judge=crowd_is_bot))
    assert ClickCounts(bot=3) == (await report_of(analytics)).clicks


async def test_private_ip_address_is_no_crowd() -> None:
    clicks = [from_address(f"m{number}", number, ip="10.0.0.7") for number in range(9)]
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(journal(*clicks)), analytics, judge=crowd_is_bot))
    assert ClickCounts(human=9) == (await report_of(analytics)).clicks


events = st.lists(
    st.one_of(
        st.builds(sent, st.sampled_from(["m1", "m2"])),
        st.builds(click, st.sampled_from(["m1", "m2"]), st.sampled_from(["1", "2", "3"])),
    )
)


crowds = st.lists(
    st.builds(
        from_address,
        st.sampled_from(["m1", "m2", "m3", "m4", "m5"]),
        st.integers(0, 9).map(lambda number: number * 20),
        st.sampled_from(["192.0.2.9", "2001:db8::9", "10.0.0.7"]),
    ),
    unique_by=lambda click: click.id,
    max_size=12,
)


@given(crowds, st.integers(1, 5), st.integers(0, 1), st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_order_of_clicks(
    recorded: list[Click], limit: int, cache_size: int, random: Random
) -> None:
    shuffled = recorded * 2
    random.shuffle(shuffled)

    async def live() -> dict[str, Verdict]:
        analytics = MemoryAnalytics()
        reader = ListReader(journal(*shuffled))
        await drain(processor(reader, analytics, judge=crowd_is_bot, cache_size=cache_size), limit=limit)
        return {judged.click.id: judged.verdict for judged in analytics.judged_clicks().values()}

    everything = [AddressClick.from_click(click) for click in recorded if click.ip != "10.0.0.7"]
    timelines = [
        Timeline.from_events(name, (click for click in recorded if click.message_id == name))
        for name in {click.message_id for click in recorded}
    ]
    expected = {
        judged.click.id: judged.verdict
        for timeline in timelines
        for judged in crowd_is_bot(timeline, address_clicks=everything)
    }
    assert expected == asyncio.run(live())


@st.composite
def crowd(draw: st.DrawFn) -> list[Click]:
    """Clicks by many recipients of a few domains from three addresses within minutes; some on tampered tokens."""
    people, kinds = st.integers(0, 19), st.sampled_from(["", "", "", "", "tampered"])
    addresses = st.sampled_from([AZURE_IP, "203.0.113.9", "203.0.113.9", "10.0.0.7"])
    recorded = draw(st.lists(st.tuples(people, st.integers(0, 200), addresses, kinds), min_size=5, max_size=50))
    clicks = [
        replace(
            click(
                "" if kind else f"m{person}", f"{number}", recipient="" if kind else f"{person}@{person % 5}.example"
            ),
            at=SENT_AT + timedelta(seconds=3_600 + second),
            ip=ip,
            tampered=bool(kind),
        )
        for number, (person, second, ip, kind) in enumerate(recorded)
    ]
    return draw(st.permutations(clicks))


@given(crowd(), st.integers(1, 9), st.integers(0, 2))
def test_live_verdicts_equal_verdicts_with_all_events(recorded: list[Click], limit: int, cache_size: int) -> None:
    judge = build_shipped_judge()

    async def live() -> dict[str, JudgedClick]:
        analytics = MemoryAnalytics()
        await drain(
            processor(ListReader(journal(*recorded)), analytics, judge=judge, cache_size=cache_size), limit=limit
        )
        return analytics.judged_clicks()

    everything = [AddressClick.from_click(click) for click in recorded]
    names = {click.message_id for click in recorded} - {""}
    timelines = [
        Timeline.from_events(name, (click for click in recorded if click.message_id == name)) for name in names
    ]
    expected = {
        judged.click.id: judged for timeline in timelines for judged in judge(timeline, address_clicks=everything)
    }
    assert expected == asyncio.run(live())


@given(events, st.integers(1, 5), st.integers(0, 3), st.randoms(use_true_random=False))
def test_batches_order_and_repetition_do_not_matter(
    recorded: list[AnyEvent], limit: int, cache_size: int, random: Random
) -> None:
    shuffled = recorded * 2
    random.shuffle(shuffled)

    async def reports(order: Sequence[AnyEvent], limit: int) -> Sequence[CampaignReport]:
        analytics = MemoryAnalytics()
        await drain(processor(ListReader(journal(*order)), analytics, cache_size=cache_size), limit=limit)
        return await analytics.campaigns()

    assert asyncio.run(reports(recorded, 100)) == asyncio.run(reports(shuffled, limit))


async def test_observers_are_notified_once_messages_are_stored() -> None:
    analytics, observer = MemoryAnalytics(), StoredMessages()
    observed = processor(ListReader(journal(sent("m1"), click("m1", "1"))), analytics)
    observed.observers = (observer,)
    analytics.remaining_failures = 1
    with pytest.raises(StorageError):
        await observed.run_once(100)
    assert [] == observer.messages
    await drain(observed)
    assert [1] == [len(message.clicks) for message in observer.messages]


async def test_crash_between_store_and_commit_counts_events_once(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "journal" / "1", asyncio.get_running_loop())
    for line in journal(sent("m1"), click("m1", "1"), sent("m2"), click("m2", "1")):
        writer.append(line, lambda _committed: None)
    writer.close()
    analytics = await ChdbAnalytics.open(tmp_path / "analytics", SystemClock())
    reader = SegmentReader(tmp_path / "journal", tmp_path / "cursor")
    await drain(processor(UncommittedReader(reader), analytics), limit=3)
    died = await report_of(analytics)
    restarted = processor(SegmentReader(tmp_path / "journal", tmp_path / "cursor"), analytics)
    assert 4 == await drain(restarted, limit=2)
    report = await report_of(analytics)
    await analytics.close()
    assert (2, ClickCounts(human=2)) == (report.accepted, report.clicks)
    assert died == report


HUMAN = make_judged_click(click("m1", "1"))
BOT = dataclasses.replace(HUMAN, verdict=Verdict.BOT)
WITH_REASON = dataclasses.replace(HUMAN, reasons=(BURST,))
LOADED = MessageSnapshot(
    timeline=Timeline.from_events("m1", [sent("m1"), HUMAN.click]), previous_verdicts={HUMAN.click.id: Verdict.HUMAN}
)
CACHED = MessageSnapshot.from_cache(make_judged_message(sent("m1"), clicks=(HUMAN,)))
UNKNOWN = MessageSnapshot(timeline=Timeline.from_events("m1", ()), previous_verdicts={})


def message(*clicks: JudgedClick, campaign: str = "spring") -> JudgedMessage:
    return make_judged_message(sent("m1", campaign=campaign), clicks=clicks)


@pytest.mark.parametrize("snapshot", [LOADED, CACHED])
def test_changed_verdict_is_stored_with_previous_one(snapshot: MessageSnapshot) -> None:
    previous = {HUMAN.click.id: Verdict.HUMAN}
    assert ((BOT,), previous) == _changes(snapshot, message(BOT))
    assert ((WITH_REASON,), previous) == _changes(snapshot, message(WITH_REASON))
    assert [((Verdict.HUMAN, BOT),), ()] == [
        snapshot.changed_verdicts(message(judged), set()).changed_clicks for judged in (BOT, WITH_REASON)
    ]


def test_unchanged_verdict_is_not_stored_unless_campaign_changes() -> None:
    assert ((), {}) == _changes(CACHED, message(HUMAN))
    assert ((HUMAN,), {HUMAN.click.id: Verdict.HUMAN}) == _changes(CACHED, message(HUMAN, campaign="autumn"))
    assert ((BOT,), {BOT.click.id: Verdict.HUMAN}) == _changes(CACHED, message(BOT, campaign="autumn"))


def test_first_verdict_has_no_previous_one() -> None:
    assert ((BOT,), {}) == _changes(UNKNOWN, message(BOT))


@pytest.mark.parametrize("snapshot", [LOADED, CACHED])
def test_shortened_click_is_stored_only_with_its_batch(snapshot: MessageSnapshot) -> None:
    old = dataclasses.replace(BOT, click=replace(BOT.click, ip="192.0.2.0/24"))
    assert ((), {}) == _changes(snapshot, message(old))
    assert (old,) == UNKNOWN.changed_verdicts(message(old), {old.click.id}).clicks


def _changes(snapshot: MessageSnapshot, message: JudgedMessage) -> tuple[tuple[JudgedClick, ...], dict[str, Verdict]]:
    changed = snapshot.changed_verdicts(message, set())
    assert message.timeline == changed.timeline
    return changed.clicks, dict(changed.previous_verdicts)


def test_cache_evicts_least_recently_judged_message() -> None:
    one, two, three = (make_judged_message(sent(name)) for name in ("m1", "m2", "m3"))
    recent = MessageCache(2, max_clicks=9)
    recent.add([one, two])
    recent.add([one])
    recent.add([three])
    assert {"m1": one, "m3": three} == recent.get_many(["m1", "m2", "m3", "m4"])
    assert {} == recent.get_many([])


def test_cache_evicts_messages_with_old_clicks() -> None:
    young, old = make_judged_click(click("m1", "young", after_s=60)), make_judged_click(click("m2", "old", after_s=59))
    both = make_judged_message(clicks=(old, make_judged_click(click("m2", "new", after_s=90))))
    recent = MessageCache(9, max_clicks=9)
    recent.add([make_judged_message(clicks=(young,)), both, make_judged_message(sent("m3"))])
    recent.evict_before(before=SENT_AT + timedelta(seconds=60))
    assert ["m1", "m3"] == list(recent.get_many(["m1", "m2", "m3"]))


def make_detector(*addresses: str) -> DominantAddressDetector:
    detector = DominantAddressDetector()
    for address in addresses:
        detector.add(address)
    return detector


def distinct_addresses(count: int) -> list[str]:
    return [f"198.51.{number // 256}.{number % 256}" for number in range(count)]


@pytest.mark.parametrize(
    ("proxied", "expected"), [(31, DominantAddress(network="10.1.2.0/24", share=0.31)), (30, None)]
)
def test_address_with_over_30_percent_of_clicks_is_reported(proxied: int, expected: DominantAddress | None) -> None:
    assert (
        expected == make_detector(*distinct_addresses(100 - proxied), *["10.1.2.3"] * proxied).find_dominant_address()
    )


@given(address=st.ip_addresses().map(str))
def test_only_the_network_is_reported(address: str) -> None:
    shared = make_detector(*[address] * MIN_CLICKS).find_dominant_address()

    assert shared
    assert shared.network.endswith(("/24", "/48"))


def test_nothing_is_reported_with_few_clicks() -> None:
    assert make_detector(*["10.1.2.3"] * (MIN_CLICKS - 1)).find_dominant_address() is None


def test_clicks_without_address_are_ignored() -> None:
    assert make_detector(*[""] * 500, *distinct_addresses(MIN_CLICKS)).find_dominant_address() is None


def test_only_latest_clicks_are_counted() -> None:
    detector = make_detector(*["10.1.2.3"] * WINDOW_CLICKS)
    assert detector.find_dominant_address()
    for address in distinct_addresses(WINDOW_CLICKS):
        detector.add(address)

    assert detector.find_dominant_address() is None


def test_invalid_address_has_no_network() -> None:
    assert DominantAddress(network="", share=1.0) == make_detector(*["invalid"] * MIN_CLICKS).find_dominant_address()


async def test_overwritten_line_is_skipped() -> None:
    analytics = MemoryAnalytics()
    overwriting = processor(ListReader([b"    ", encode_event(sent("m1"))]), analytics)
    assert await drain(overwriting) == 2
    assert (list(analytics.events), overwriting.unreadable_count) == (["m1-sent"], 0)


async def test_lines_of_erased_recipients_are_overwritten_when_they_are_read() -> None:
    ann, url = "ann@example.com", "https://shop.example/?email=Ann%40Example.com"
    marys = encode_event(click("m1", "1", recipient=ann))
    others = [encode_event(sent("m2")), encode_event(click("m2", "1", recipient="bob@example.com"))]
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", url=url, verdict=Verdict.HUMAN)
    lines = [marys, *others, encode_event(anonymous)]
    reader, analytics = ListReader(lines), MemoryAnalytics()
    erasing = processor(reader, analytics)
    erasing.skip_recipients({ann})
    assert await drain(erasing) == len(lines)
    assert reader.erased == [marys, lines[-1]]
    assert sorted(analytics.events) == ["m2-1", "m2-sent"]
