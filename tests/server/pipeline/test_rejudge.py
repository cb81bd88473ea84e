from contextlib import nullcontext
from datetime import datetime, timedelta

from msgspec.structs import replace

from clicktrail.judge import Judge
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.rejudge import Rejudger, RejudgeRequest, RejudgeResult
from clicktrail.server.ports import JudgedMessage
from tests.support.judged_lines import SENT_AT, click, delivered, make_judged_click, record, sent
from tests.support.memory_analytics import MemoryAnalytics, StoredMessages


def judge_by_link(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
    """A judge: clicks on the first link are human, others are bots."""
    return tuple(
        make_judged_click(click, Verdict.BOT if click.link else Verdict.HUMAN, rules="2") for click in timeline.clicks
    )


def judge_by_address_history(timeline: Timeline, *, address_clicks: object = ()) -> tuple[JudgedClick, ...]:
    """A judge: a click is a bot if its address clicked on other messages."""
    return tuple(
        make_judged_click(click, Verdict.BOT if address_clicks else Verdict.HUMAN) for click in timeline.clicks
    )


async def store_events(*events: AnyEvent, verdict: Verdict = Verdict.HUMAN) -> MemoryAnalytics:
    analytics = MemoryAnalytics()
    timelines = [
        Timeline.from_events(name, (event for event in events if event.message_id == name))
        for name in sorted({event.message_id for event in events})
    ]
    messages = [
        JudgedMessage(timeline=timeline, clicks=tuple(make_judged_click(click, verdict) for click in timeline.clicks))
        for timeline in timelines
    ]
    await analytics.store(record(*events), messages)
    return analytics


async def rejudge(
    analytics: MemoryAnalytics,
    judge: Judge = judge_by_link,
    *,
    campaign: str | None = None,
    since: datetime | None = None,
    apply: bool = True,
) -> list[RejudgeResult]:
    request = RejudgeRequest(campaign=campaign, since=since, apply=apply)
    rejudger = Rejudger(event_store=analytics, reports=analytics, judge=judge, lock=nullcontext())
    return [result async for result in rejudger.run(request)]


def message(name: str, *links: int, campaign: str = "spring") -> list[AnyEvent]:
    """A delivered message to its own recipient, and clicks on links, an hour apart."""
    clicks = [
        replace(click(name, f"{hour}", recipient=name, campaign=campaign, after_s=3_600 * hour), link=link)
        for hour, link in enumerate(links)
    ]
    return [sent(name, campaign=campaign), delivered(name, campaign=campaign), *clicks]


async def test_changes_are_counted_and_stored() -> None:
    analytics = await store_events(*message("m1", 0, 1), *message("m2", 1), *message("m3", 1, 1), *message("m4"))
    (result,) = await rejudge(analytics)
    assert (5, {(Verdict.HUMAN, Verdict.BOT): 4}) == (result.judged_count, result.changes)
    assert ((3, 1), (0.75, 0.25)) == (result.unique_human, result.click_rate)
    report = await analytics.campaign("spring")
    assert report is not None
    assert (1, 4) == (report.clicks.human, report.clicks.bot)


async def test_changes_are_added_to_history() -> None:
    analytics = await store_events(*message("m1", 0, 1))
    for _ in range(2):
        await rejudge(analytics)
    (change,) = await analytics.history("spring", limit=9)
    assert (Verdict.HUMAN, Verdict.BOT, "2") == (change.before, change.after, change.rules)


async def test_second_run_changes_nothing() -> None:
    analytics = await store_events(*message("m1", 0, 1), *message("m2", 1))
    await rejudge(analytics)
    before = analytics.stored_verdict_count
    (again,) = await rejudge(analytics)
    assert ({}, before) == (again.changes, analytics.stored_verdict_count)
    assert again.click_rate[0] == again.click_rate[1]


async def test_dry_run_stores_nothing() -> None:
    analytics = await store_events(*message("m1", 1))
    before = analytics.stored_verdict_count
    (result,) = await rejudge(analytics, apply=False)
    assert ({(Verdict.HUMAN, Verdict.BOT): 1}, (1.0, 0.0), before) == (
        result.changes,
        result.click_rate,
        analytics.stored_verdict_count,
    )


async def test_selection_by_campaign_or_time() -> None:
    events = [*message("m1", 1), *message("m2", 1, 1, 1), *message("m3", 1, campaign="autumn")]
    analytics = await store_events(*events)
    assert [("autumn", 1)] == [
        (result.report.campaign, result.judged_count)
        for result in await rejudge(analytics, campaign="autumn", apply=False)
    ]
    late = await rejudge(analytics, since=SENT_AT + timedelta(hours=2), apply=False)
    assert {("spring", 3, 1), ("autumn", 0, 1)} == {
        (result.report.campaign, result.judged_count, result.unique_human[1]) for result in late
    }
    assert [] == await rejudge(analytics, campaign="winter")


async def test_address_history_is_loaded() -> None:
    analytics = await store_events(*message("m1", 0), *message("m2", 0), *message("m3", 0, campaign="autumn"))
    assert [{(Verdict.HUMAN, Verdict.BOT): 1}, {(Verdict.HUMAN, Verdict.BOT): 2}] == [
        result.changes for result in await rejudge(analytics, judge_by_address_history)
    ]


async def test_click_with_shortened_ip_address_keeps_its_verdict() -> None:
    analytics = await store_events(*message("m1", 1), *message("m2", 1, 1))
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(minutes=30))
    (result,) = await rejudge(analytics)
    assert (2, 1, {(Verdict.HUMAN, Verdict.BOT): 1}, (2, 2)) == (
        result.skipped_count,
        result.judged_count,
        result.changes,
        result.unique_human,
    )


async def test_observers_are_notified_of_stored_changes() -> None:
    analytics, observer = await store_events(*message("m1", 0, 1)), StoredMessages()
    rejudger = Rejudger(
        event_store=analytics, reports=analytics, judge=judge_by_link, lock=nullcontext(), observers=[observer]
    )
    for apply in (False, True):
        assert [] == observer.messages
        _ = [result async for result in rejudger.run(RejudgeRequest(apply=apply))]
    (changed,) = observer.messages
    assert [(Verdict.HUMAN, 1)] == [(before, judged.click.link) for before, judged in changed.changed_clicks]
