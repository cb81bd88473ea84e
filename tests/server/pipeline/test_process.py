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
from clicktrail.judge.address_activity import ACTIVITY_WINDOW, AddressClick
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, Engagement, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, ClickCounts
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.process import MessageCache, MessageSnapshot, Processor
from clicktrail.server.pipeline.shared_address import SharedAddress
from clicktrail.server.ports import EventStore, JournalEntry, JournalReader, JudgedMessage, Reports
from clicktrail.server.system import SystemClock
from tests.support.events import AZURE_IP
from tests.support.judged_lines import BURST, SENT_AT, click, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics, StoredMessages


class ListReader:
    """A journal's reading end on a list of lines.

    Attributes:
        committed: how many lines are done with, for good.
        failures: how many of the next commits fail.
    """

    def __init__(self, lines: Sequence[bytes], *, start: int = 0) -> None:
        self.committed = start
        self.failures = 0
        self._lines = lines
        self._next = start

    async def read(self, limit: int) -> list[JournalEntry]:
        """The next lines."""
        found = [JournalEntry(line, None) for line in self._lines[self._next : self._next + limit]]
        self._next += len(found)
        return found

    async def commit(self) -> None:
        """Remember how far reading came."""
        if self.failures:
            self.failures -= 1
            raise StorageError("told to fail")
        self.committed = self._next


class UncommittedReader:
    """A reader whose process dies just before each commit."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    async def read(self, limit: int) -> Sequence[JournalEntry]:
        """The next lines."""
        return await self._reader.read(limit)

    async def commit(self) -> None:
        """Nothing that lasts."""


def alone_is_human(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
    """A judge: a message's only click is a person's, several are a bot's."""
    kind = Verdict.HUMAN if len(timeline.clicks) == 1 else Verdict.BOT
    return tuple(make_judged_click(of, kind) for of in timeline.clicks)


def crowd_is_bot(timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
    """A judge: who visits two more messages within a minute of a click is a bot."""
    others = tuple(visit for visit in address_clicks if visit.message_id != timeline.message_id)

    def kind(of: Click) -> Verdict:
        near = {visit.message_id for visit in others if visit.ip == of.ip and abs(visit.at - of.at) <= ACTIVITY_WINDOW}
        return Verdict.BOT if len(near) >= 2 else Verdict.HUMAN

    return tuple(make_judged_click(of, kind(of)) for of in timeline.clicks)


def processor(
    reader: JournalReader, analytics: EventStore, *, judge: Judge = alone_is_human, remembered: int = 100
) -> Processor:
    """A processor that passes over what it cannot read."""
    return Processor(reader, analytics, judge=judge, on_unreadable=lambda _entry, _error: None, cache_size=remembered)


def journal(*events: AnyEvent) -> list[bytes]:
    """The events' lines."""
    return [encode_event(event) for event in events]


async def drain(to_drain: Processor, *, limit: int = 100) -> int:
    """Process all there is; how many lines that was."""
    total = 0
    while done := await to_drain.run_once(limit):
        total += done
    return total


async def report_of(reports: Reports, name: str = "spring") -> CampaignReport:
    """The report of a campaign that exists."""
    report = await reports.campaign(name)
    assert report is not None
    return report


async def test_journal_becomes_judged_messages() -> None:
    reader = ListReader(journal(sent("m1"), sent("m2"), click("m1", "1"), click("m2", "1"), click("m2", "2")))
    analytics = MemoryAnalytics()
    assert 5 == await drain(processor(reader, analytics))
    report = await report_of(analytics)
    assert (2, ClickCounts(human=1, bot=2), 5) == (report.accepted, report.clicks, reader.committed)


async def test_what_was_done_is_counted() -> None:
    clicks = [replace(click("m1", f"{number}"), ip="10.1.2.3") for number in range(100)]
    clicks[0] = replace(clicks[0], tampered=True)
    told = replace(clicks[0], id="esp", source="mailgun", ip="10.9.9.9")
    counting = processor(ListReader([*journal(sent("m1"), *clicks, told), b"{}"]), MemoryAnalytics())
    assert 103 == await drain(counting)
    assert (102, 1, 2) == (counting.processed_count, counting.unreadable_count, counting.judged_message_count)
    assert (1, SharedAddress(network="10.1.2.0/24", share=1.0)) == (
        counting.tampered_count,
        counting.shared_address_detector.find_shared_address(),
    )


async def test_how_old_what_waits_is_is_known() -> None:
    analytics = MemoryAnalytics()
    analytics.remaining_failures = 1
    failing = processor(ListReader(journal(click("m1", "1"), sent("m1"))), analytics)
    before = failing.oldest_event_at
    with pytest.raises(StorageError):
        await failing.run_once(100)
    during = failing.oldest_event_at
    await failing.run_once(100)
    assert (None, SENT_AT, None) == (before, during, failing.oldest_event_at)


async def test_anonymous_clicks_are_counted_and_their_lines_not_kept() -> None:
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", link=0, verdict=Verdict.HUMAN)
    reader, analytics = ListReader(journal(sent("m1"), anonymous)), MemoryAnalytics()
    assert 2 == await drain(processor(reader, analytics))
    assert (ClickCounts(human=1), ["m1-sent"]) == ((await report_of(analytics)).clicks, list(analytics.events))


async def test_events_of_who_was_erased_are_passed_over() -> None:
    ann = "ann@example.com"
    told = journal(sent("m1", recipient=ann), click("m1", "1", recipient=ann), click("m1", "2"))
    reader, analytics = ListReader(told), MemoryAnalytics()
    to_forget = processor(reader, analytics)
    await to_forget.run_once(1)
    await analytics.erase(ann)
    to_forget.skip_recipients({ann})
    assert 2 == await drain(to_forget)
    assert ["m1-2"] == list(analytics.events)
    assert (frozenset({"m1"}), ClickCounts(human=1)) == (
        analytics.requested_ids[-1],
        (await report_of(analytics)).clicks,
    )


async def test_empty_journal_is_left_alone() -> None:
    reader, analytics = ListReader([]), MemoryAnalytics()
    reader.failures = 1
    assert 0 == await processor(reader, analytics).run_once(100)
    assert analytics.events == {}


@pytest.mark.parametrize("remembered", [0, 1, 100])
async def test_later_click_judges_the_earlier_ones_again(remembered: int) -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), sent("m3"), click("m1", "2")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, remembered=remembered), limit=1)
    assert ClickCounts(bot=2) == (await report_of(analytics)).clicks


async def test_timelines_at_hand_are_not_fetched_again() -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), click("m1", "2"), click("m2", "1")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, remembered=1), limit=1)
    assert [{"m1"}, {"m2"}, {"m1"}, {"m2"}] == analytics.requested_ids


async def test_only_what_is_new_is_stored() -> None:
    told = [from_address("m1", at, ip=f"192.0.2.{at}") for at in range(9)]
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(journal(sent("m1"), *told)), analytics, judge=crowd_is_bot), limit=1)
    assert (ClickCounts(human=9), 9) == ((await report_of(analytics)).clicks, analytics.stored_verdict_count)


async def test_the_verdict_on_an_old_click_stands() -> None:
    visits = [from_address("m1", 10), from_address("m2", 30), from_address("m3", 50)]
    later = [from_address("m1", 5_000 + number, ip="192.0.2.77") for number in range(3)]
    lines, analytics = journal(*visits, *later), MemoryAnalytics()
    await drain(processor(ListReader(lines[:3]), analytics, judge=crowd_is_bot))
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))

    def by_number(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        return tuple(make_judged_click(of, list(Verdict)[len(timeline.clicks) % 4]) for of in timeline.clicks)

    restarted = processor(ListReader(lines, start=3), analytics, judge=by_number)
    for _ in later:
        await restarted.run_once(1)
        judged = analytics.judged_clicks()
        assert [Verdict.BOT] * 3 == [judged[of.id].verdict for of in visits]


async def test_what_is_old_at_hand_is_let_go_with_its_address() -> None:
    visits = [from_address("m2", 10), from_address("m3", 20), from_address("m1", 30)]
    many = [from_address("m1", 1_000 + number, ip="192.0.2.77") for number in range(20)]
    lines, analytics = journal(*visits, *many, from_address("m1", 5_000, ip="192.0.2.78")), MemoryAnalytics()
    remembering = processor(ListReader(lines), analytics, judge=crowd_is_bot, remembered=1)
    for _ in lines[:-1]:
        await remembering.run_once(1)
    await remembering.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))
    await drain(remembering)
    assert ClickCounts(human=21, bot=3) == (await report_of(analytics)).clicks


async def test_a_click_that_was_told_with_a_shortened_address_has_a_verdict() -> None:
    analytics = MemoryAnalytics()
    told = journal(from_address("m1", 10, ip="192.0.2.0/24"))
    await drain(processor(ListReader(told), analytics, judge=crowd_is_bot))
    assert ClickCounts(human=1) == (await report_of(analytics)).clicks


@pytest.mark.parametrize("remembered", [0, 100])
async def test_late_evidence_makes_history(remembered: int) -> None:
    reader = ListReader(journal(sent("m1"), click("m1", "1"), sent("m2"), click("m2", "1"), click("m1", "2")))
    analytics = MemoryAnalytics()
    await drain(processor(reader, analytics, remembered=remembered), limit=1)
    (change,) = await analytics.history("spring", limit=9)
    assert ("m1-1", Verdict.HUMAN, Verdict.BOT) == (change.click_id, change.before, change.after)


async def test_a_batch_that_comes_again_makes_no_history() -> None:
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


async def test_restarted_processor_knows_what_is_stored() -> None:
    lines = journal(sent("m1"), click("m1", "1"), click("m1", "2"))
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(lines[:2]), analytics))
    await drain(processor(ListReader(lines, start=2), analytics))
    assert ClickCounts(bot=2) == (await report_of(analytics)).clicks


async def test_failed_store_keeps_the_cursor_and_the_batch() -> None:
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


async def test_failed_commit_counts_nothing_twice() -> None:
    reader, analytics = ListReader(journal(sent("m1"), click("m1", "1"))), MemoryAnalytics()
    reader.failures = 1
    failing = processor(reader, analytics)
    with pytest.raises(StorageError):
        await failing.run_once(100)
    assert 2 == await failing.run_once(100)
    report = await report_of(analytics)
    assert (1, ClickCounts(human=1), 2) == (report.accepted, report.clicks, reader.committed)


async def test_unreadable_line_is_told_of_and_passed_over() -> None:
    told: list[tuple[bytes, str]] = []

    def note(entry: JournalEntry, error: EventError) -> None:
        told.append((entry.line, error.code))

    reader, analytics = ListReader([*journal(sent("m1")), b"not json", *journal(click("m1", "1"))]), MemoryAnalytics()
    analytics.remaining_failures = 1
    noting = Processor(reader, analytics, judge=alone_is_human, on_unreadable=note)
    with pytest.raises(StorageError):
        await noting.run_once(100)
    assert 3 == await noting.run_once(100)
    assert ([(b"not json", "event-invalid")], 3) == (told, reader.committed)
    assert ClickCounts(human=1) == (await report_of(analytics)).clicks


async def test_journal_of_unreadable_lines_is_done_with() -> None:
    reader = ListReader([b"{}", b"\xff"])
    assert 2 == await drain(processor(reader, MemoryAnalytics()))
    assert 2 == reader.committed


async def test_click_of_no_message_is_stored_and_belongs_to_no_campaign() -> None:
    tampered = replace(click("", "1", campaign=""), tampered=True)
    reader, analytics = ListReader(journal(tampered)), MemoryAnalytics()
    assert 1 == await drain(processor(reader, analytics))
    assert ({tampered.id: tampered}, []) == (analytics.events, await analytics.campaigns())


async def test_engagement_judges_its_message_again() -> None:
    seen: list[Timeline] = []

    def watch(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
        seen.append(timeline)
        return alone_is_human(timeline)

    engaged = Engagement(id="e1", at=SENT_AT, message_id="m1", click_id="m1-1", kind="engaged")
    reader = ListReader(journal(click("m1", "1"), engaged))
    watching = Processor(reader, MemoryAnalytics(), judge=watch, on_unreadable=lambda _entry, _error: None)
    await drain(watching, limit=1)
    assert [0, 1] == [len(timeline.engagements) for timeline in seen]


def from_address(message_id: str, after_s: float, ip: str = "192.0.2.9") -> Click:
    """A click on a message from one address."""
    return replace(click(message_id, f"{after_s}-{ip}", after_s=after_s), ip=ip)


@pytest.mark.parametrize("remembered", [0, 100])
async def test_click_judges_what_its_address_visited_before(remembered: int) -> None:
    visits = [from_address("m1", 10), from_address("m2", 30), from_address("m3", 50), from_address("m4", 120)]
    analytics = MemoryAnalytics()
    crowded = processor(ListReader(journal(*visits)), analytics, judge=crowd_is_bot, remembered=remembered)
    await drain(crowded, limit=1)
    assert ClickCounts(human=1, bot=3) == (await report_of(analytics)).clicks


async def test_restarted_processor_knows_who_visited_what() -> None:
    lines = journal(from_address("m1", 10), from_address("m2", 30), from_address("m3", 50))
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(lines[:2]), analytics, judge=crowd_is_bot))
    await drain(processor(ListReader(lines, start=2), analytics, judge=crowd_is_bot))
    assert ClickCounts(bot=3) == (await report_of(analytics)).clicks


async def test_a_proxy_of_the_senders_own_makes_no_crowd() -> None:
    visits = [from_address(f"m{number}", number, ip="10.0.0.7") for number in range(9)]
    analytics = MemoryAnalytics()
    await drain(processor(ListReader(journal(*visits)), analytics, judge=crowd_is_bot))
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
def test_an_addresss_visits_count_in_whatever_order_they_are_told(
    told: list[Click], limit: int, remembered: int, random: Random
) -> None:
    shuffled = told * 2
    random.shuffle(shuffled)

    async def live() -> dict[str, Verdict]:
        analytics = MemoryAnalytics()
        reader = ListReader(journal(*shuffled))
        await drain(processor(reader, analytics, judge=crowd_is_bot, remembered=remembered), limit=limit)
        return {judged.click.id: judged.verdict for judged in analytics.judged_clicks().values()}

    everything = [AddressClick.from_click(click) for click in told if click.ip != "10.0.0.7"]
    timelines = [
        Timeline.from_events(name, (click for click in told if click.message_id == name))
        for name in {click.message_id for click in told}
    ]
    expected = {
        judged.click.id: judged.verdict
        for timeline in timelines
        for judged in crowd_is_bot(timeline, address_clicks=everything)
    }
    assert expected == asyncio.run(live())


@st.composite
def crowd(draw: st.DrawFn) -> list[Click]:
    """Clicks of many people, a few organisations and three addresses within some minutes; some on damaged links."""
    people, kinds = st.integers(0, 19), st.sampled_from(["", "", "", "", "damaged"])
    addresses = st.sampled_from([AZURE_IP, "203.0.113.9", "203.0.113.9", "10.0.0.7"])
    told = draw(st.lists(st.tuples(people, st.integers(0, 200), addresses, kinds), min_size=5, max_size=50))
    clicks = [
        replace(
            click(
                "" if kind else f"m{person}", f"{number}", recipient="" if kind else f"{person}@{person % 5}.example"
            ),
            at=SENT_AT + timedelta(seconds=3_600 + second),
            ip=ip,
            tampered=bool(kind),
        )
        for number, (person, second, ip, kind) in enumerate(told)
    ]
    return draw(st.permutations(clicks))


@given(crowd(), st.integers(1, 9), st.integers(0, 2))
def test_crowds_are_judged_live_as_if_all_were_known_at_once(told: list[Click], limit: int, remembered: int) -> None:
    judge = build_shipped_judge()

    async def live() -> dict[str, JudgedClick]:
        analytics = MemoryAnalytics()
        await drain(processor(ListReader(journal(*told)), analytics, judge=judge, remembered=remembered), limit=limit)
        return analytics.judged_clicks()

    everything = [AddressClick.from_click(click) for click in told]
    names = {click.message_id for click in told} - {""}
    timelines = [Timeline.from_events(name, (click for click in told if click.message_id == name)) for name in names]
    expected = {
        judged.click.id: judged for timeline in timelines for judged in judge(timeline, address_clicks=everything)
    }
    assert expected == asyncio.run(live())


@given(events, st.integers(1, 5), st.integers(0, 3), st.randoms(use_true_random=False))
def test_batches_order_and_repetition_do_not_matter(
    told: list[AnyEvent], limit: int, remembered: int, random: Random
) -> None:
    shuffled = told * 2
    random.shuffle(shuffled)

    async def reports(order: Sequence[AnyEvent], limit: int) -> Sequence[CampaignReport]:
        analytics = MemoryAnalytics()
        await drain(processor(ListReader(journal(*order)), analytics, remembered=remembered), limit=limit)
        return await analytics.campaigns()

    assert asyncio.run(reports(told, 100)) == asyncio.run(reports(shuffled, limit))


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


async def test_crash_between_store_and_commit_loses_and_doubles_nothing(tmp_path: Path) -> None:
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
WORDED = dataclasses.replace(HUMAN, reasons=(BURST,))
FETCHED = MessageSnapshot(
    timeline=Timeline.from_events("m1", [sent("m1"), HUMAN.click]), verdicts={HUMAN.click.id: Verdict.HUMAN}
)
AT_HAND = MessageSnapshot.from_cache(make_judged_message(sent("m1"), clicks=(HUMAN,)))
UNKNOWN = MessageSnapshot(timeline=Timeline.from_events("m1", ()), verdicts={})


def message(*clicks: JudgedClick, campaign: str = "spring") -> JudgedMessage:
    """The message as it is judged now."""
    return make_judged_message(sent("m1", campaign=campaign), clicks=clicks)


@pytest.mark.parametrize("known", [FETCHED, AT_HAND])
def test_another_verdict_replaces_one(known: MessageSnapshot) -> None:
    stood = {HUMAN.click.id: Verdict.HUMAN}
    assert ((BOT,), stood) == _news(known, message(BOT))
    assert ((WORDED,), stood) == _news(known, message(WORDED))
    assert [((Verdict.HUMAN, BOT),), ()] == [
        known.changed_verdicts(message(of), set()).changed_clicks for of in (BOT, WORDED)
    ]


def test_a_verdict_that_stands_is_no_news() -> None:
    assert ((), {}) == _news(AT_HAND, message(HUMAN))
    assert ((HUMAN,), {HUMAN.click.id: Verdict.HUMAN}) == _news(AT_HAND, message(HUMAN, campaign="autumn"))
    assert ((BOT,), {BOT.click.id: Verdict.HUMAN}) == _news(AT_HAND, message(BOT, campaign="autumn"))


def test_a_first_verdict_replaces_none() -> None:
    assert ((BOT,), {}) == _news(UNKNOWN, message(BOT))


@pytest.mark.parametrize("known", [FETCHED, AT_HAND])
def test_an_old_click_keeps_its_verdict(known: MessageSnapshot) -> None:
    old = dataclasses.replace(BOT, click=replace(BOT.click, ip="192.0.2.0/24"))
    assert ((), {}) == _news(known, message(old))
    assert (old,) == UNKNOWN.changed_verdicts(message(old), {old.click.id}).clicks


def _news(known: MessageSnapshot, message: JudgedMessage) -> tuple[tuple[JudgedClick, ...], dict[str, Verdict]]:
    news = known.changed_verdicts(message, set())
    assert message.timeline == news.timeline
    return news.clicks, dict(news.previous_verdicts)


def test_the_latest_are_at_hand() -> None:
    one, two, three = (make_judged_message(sent(name)) for name in ("m1", "m2", "m3"))
    recent = MessageCache(2)
    recent.add([one, two])
    recent.add([one])
    recent.add([three])
    assert {"m1": one, "m3": three} == recent.get_many(["m1", "m2", "m3", "m4"])
    assert {} == recent.get_many([])


def test_what_holds_an_old_click_is_let_go() -> None:
    young, old = make_judged_click(click("m1", "young", after_s=60)), make_judged_click(click("m2", "old", after_s=59))
    both = make_judged_message(clicks=(old, make_judged_click(click("m2", "new", after_s=90))))
    recent = MessageCache(9)
    recent.add([make_judged_message(clicks=(young,)), both, make_judged_message(sent("m3"))])
    recent.evict_before(before=SENT_AT + timedelta(seconds=60))
    assert ["m1", "m3"] == list(recent.get_many(["m1", "m2", "m3"]))
