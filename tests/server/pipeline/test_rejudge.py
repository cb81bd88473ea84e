from contextlib import nullcontext
from datetime import datetime, timedelta

from msgspec.structs import replace

from clicktrail.judge import Judge
from clicktrail.model.event import AnyEvent, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.rejudge import Rejudger, RejudgeRequest, RejudgeResult, rejudge_result_as_json
from clicktrail.server.ports import JudgedMessage
from tests.support.judged_lines import SENT_AT, click, delivered, make_judged_click, sent
from tests.support.memory_analytics import MemoryAnalytics, StoredMessages


def by_link(timeline: Timeline, **_address_clicks: object) -> tuple[JudgedClick, ...]:
    """A judge: whoever follows the first link is a person."""
    return tuple(make_judged_click(of, Verdict.BOT if of.link else Verdict.HUMAN, rules="2") for of in timeline.clicks)


def by_visits(timeline: Timeline, *, address_clicks: object = ()) -> tuple[JudgedClick, ...]:
    """A judge: who is elsewhere at the same time is a bot."""
    return tuple(make_judged_click(of, Verdict.BOT if address_clicks else Verdict.HUMAN) for of in timeline.clicks)


async def stored(*events: AnyEvent, kind: Verdict = Verdict.HUMAN) -> MemoryAnalytics:
    """Analytics with these events, every click of one verdict."""
    analytics = MemoryAnalytics()
    timelines = [
        Timeline.from_events(name, (event for event in events if event.message_id == name))
        for name in sorted({event.message_id for event in events})
    ]
    messages = [
        JudgedMessage(timeline=timeline, clicks=tuple(make_judged_click(of, kind) for of in timeline.clicks))
        for timeline in timelines
    ]
    await analytics.store([encode_event(event) for event in events], messages)
    return analytics


async def outcome(
    analytics: MemoryAnalytics,
    judge: Judge = by_link,
    *,
    campaign: str | None = None,
    since: datetime | None = None,
    apply: bool = True,
) -> list[RejudgeResult]:
    """What became of each campaign."""
    wanted = RejudgeRequest(campaign=campaign, since=since, apply=apply)
    rejudger = Rejudger(event_store=analytics, reports=analytics, judge=judge, lock=nullcontext())
    return [result async for result in rejudger.run(wanted)]


def message(name: str, *links: int, campaign: str = "spring") -> list[AnyEvent]:
    """A delivered message to a reader of its own, and clicks on links, an hour apart."""
    clicks = [
        replace(click(name, f"{hour}", recipient=name, campaign=campaign, after_s=3_600 * hour), link=link)
        for hour, link in enumerate(links)
    ]
    return [sent(name, campaign=campaign), delivered(name, campaign=campaign), *clicks]


async def test_what_changes_is_told_and_stored() -> None:
    analytics = await stored(*message("m1", 0, 1), *message("m2", 1), *message("m3", 1, 1), *message("m4"))
    (done,) = await outcome(analytics)
    assert (5, {(Verdict.HUMAN, Verdict.BOT): 4}) == (done.judged_count, done.changes)
    assert ((3, 1), (0.75, 0.25)) == (done.unique_human, done.click_rate)
    report = await analytics.campaign("spring")
    assert report is not None
    assert (1, 4) == (report.clicks.human, report.clicks.bot)


async def test_what_changes_makes_history() -> None:
    analytics = await stored(*message("m1", 0, 1))
    for _ in range(2):
        await outcome(analytics)
    (change,) = await analytics.history("spring", limit=9)
    assert (Verdict.HUMAN, Verdict.BOT, "2") == (change.before, change.after, change.rules)


async def test_judged_again_nothing_changes() -> None:
    analytics = await stored(*message("m1", 0, 1), *message("m2", 1))
    await outcome(analytics)
    before = analytics.stored_verdict_count
    (again,) = await outcome(analytics)
    assert ({}, before) == (again.changes, analytics.stored_verdict_count)
    assert again.click_rate[0] == again.click_rate[1]


async def test_a_dry_run_tells_and_stores_nothing() -> None:
    analytics = await stored(*message("m1", 1))
    before = analytics.stored_verdict_count
    (done,) = await outcome(analytics, apply=False)
    assert ({(Verdict.HUMAN, Verdict.BOT): 1}, (1.0, 0.0), before) == (
        done.changes,
        done.click_rate,
        analytics.stored_verdict_count,
    )


async def test_one_campaign_or_what_was_clicked_since() -> None:
    events = [*message("m1", 1), *message("m2", 1, 1, 1), *message("m3", 1, campaign="autumn")]
    analytics = await stored(*events)
    assert [("autumn", 1)] == [
        (done.report.campaign, done.judged_count) for done in await outcome(analytics, campaign="autumn", apply=False)
    ]
    late = await outcome(analytics, since=SENT_AT + timedelta(hours=2), apply=False)
    assert {("spring", 3, 1), ("autumn", 0, 1)} == {
        (done.report.campaign, done.judged_count, done.unique_human[1]) for done in late
    }
    assert [] == await outcome(analytics, campaign="winter")


async def test_visits_on_other_messages_are_known() -> None:
    analytics = await stored(*message("m1", 0), *message("m2", 0), *message("m3", 0, campaign="autumn"))
    assert [{(Verdict.HUMAN, Verdict.BOT): 1}, {(Verdict.HUMAN, Verdict.BOT): 2}] == [
        done.changes for done in await outcome(analytics, by_visits)
    ]


async def test_the_verdict_on_an_old_click_stands() -> None:
    analytics = await stored(*message("m1", 1), *message("m2", 1, 1))
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(minutes=30))
    (done,) = await outcome(analytics)
    assert (2, 1, {(Verdict.HUMAN, Verdict.BOT): 1}, (2, 2)) == (
        done.skipped_count,
        done.judged_count,
        done.changes,
        done.unique_human,
    )


async def test_observers_are_notified_of_stored_changes() -> None:
    analytics, observer = await stored(*message("m1", 0, 1)), StoredMessages()
    rejudger = Rejudger(
        event_store=analytics, reports=analytics, judge=by_link, lock=nullcontext(), observers=[observer]
    )
    for apply in (False, True):
        assert [] == observer.messages
        _ = [result async for result in rejudger.run(RejudgeRequest(apply=apply))]
    (changed,) = observer.messages
    assert [(Verdict.HUMAN, 1)] == [(before, judged.click.link) for before, judged in changed.changed_clicks]


async def test_what_became_of_a_campaign_as_json() -> None:
    (done,) = await outcome(await stored(*message("m1", 0, 1), *message("m2", 1)), apply=False)
    assert {
        "campaign": "spring",
        "judged": 3,
        "skipped": 0,
        "changes": [{"from": "human", "to": "bot", "clicks": 2}],
        "unique": {"human": {"before": 2, "after": 1}},
        "click_rate": {"human": {"before": 1.0, "after": 0.5}},
    } == rejudge_result_as_json(done)
