from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from clicktrail.judge.scoring import FINAL_AFTER, SETTLED_AFTER, VerdictState
from clicktrail.model.event import AnonymousClick
from clicktrail.model.verdict import Reason, Verdict
from clicktrail.report import ClickFilter, FilteredCounts
from clicktrail.server.pipeline.queries import (
    decode_cursor,
    encode_cursor,
    list_clicks,
    load_reports,
)
from clicktrail.server.ports import ClickSearch
from tests.support.events import CONTEXT
from tests.support.judged_lines import (
    HOSTING,
    SENT_AT,
    click,
    delivered,
    make_judged_click,
    make_judged_message,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics

RULES = CONTEXT.rules
SPRING = ClickSearch(campaign="spring")
FAST = Reason(signal="fast", points=3, detail="1.0 s after the message arrived")


async def test_cursors_lead_through_all_pages() -> None:
    analytics = MemoryAnalytics()
    clicks = tuple(make_judged_click(click("m1", str(number), after_s=number)) for number in range(5))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    search, pages = SPRING, list[tuple[int, str]]()
    while search.before or not pages:
        page, cursor = await list_clicks(analytics, search, limit=2, rules=RULES, now=SENT_AT)
        pages.append((len(page), encode_cursor(cursor) if cursor else ""))
        search = replace(search, before=cursor)
    assert pages == [(2, "2026-11-23T09:00:03.000Z,m1-3"), (2, "2026-11-23T09:00:01.000Z,m1-1"), (1, "")]
    bots = replace(SPRING, verdicts=(Verdict.BOT,))
    assert await list_clicks(analytics, bots, limit=2, rules=RULES, now=SENT_AT) == ([], None)


async def test_click_has_earlier_changes_the_oldest_first() -> None:
    analytics = MemoryAnalytics()
    human, bot = (make_judged_click(click("m1", "1"), verdict) for verdict in (Verdict.HUMAN, Verdict.BOT))
    other = make_judged_click(click("m1", "2"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(human, other))])
    for before, after in ((human, bot), (bot, human)):
        message = make_judged_message(sent("m1"), clicks=(after,))
        await analytics.store([], [replace(message, previous_verdicts={after.click.id: before.verdict})])
    (unchanged, changed), _ = await list_clicks(analytics, SPRING, limit=9, rules=RULES, now=SENT_AT)
    assert unchanged.changes == ()
    assert [(change.before, change.after) for change in changed.changes] == [
        (Verdict.HUMAN, Verdict.BOT),
        (Verdict.BOT, Verdict.HUMAN),
    ]


@pytest.mark.parametrize(
    ("age", "state"),
    [(timedelta(), VerdictState.PROVISIONAL), (SETTLED_AFTER, VerdictState.SETTLED), (FINAL_AFTER, VerdictState.FINAL)],
)
async def test_state_depends_on_age_and_is_final_for_anonymous_clicks(age: timedelta, state: VerdictState) -> None:
    analytics = MemoryAnalytics()
    judged = make_judged_click(click("m1", "1"))
    anonymous_click = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", verdict=Verdict.BOT)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(judged,))], [anonymous_click])
    page, _ = await list_clicks(analytics, SPRING, limit=9, rules=RULES, now=judged.click.at + age)
    assert [explained.state for explained in page] == [state, VerdictState.FINAL]


@pytest.mark.parametrize("click_id", ["m1-1", "", "a,b", "ü\n"])
def test_encoded_cursor_is_decoded(click_id: str) -> None:
    at = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
    assert decode_cursor(encode_cursor((at, click_id))) == (at, click_id)


@pytest.mark.parametrize("text", ["", ",", "m1-1", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00,m1-1", "tomorrow,m1-1"])
def test_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|isoformat|time zone"):
        decode_cursor(text)


async def store_reports() -> MemoryAnalytics:
    """Spring has two messages with three clicks, two of them within a second of delivery; autumn has no clicks."""
    analytics = MemoryAnalytics()
    first_clicks = (
        make_judged_click(click("m1", "1"), Verdict.SUSPECTED, FAST),
        make_judged_click(click("m1", "2")),
    )
    second_click = make_judged_click(click("m2", "1"), Verdict.BOT, FAST, HOSTING)
    await analytics.store(
        [],
        [
            make_judged_message(sent("m1"), delivered("m1"), clicks=first_clicks),
            make_judged_message(sent("m2"), delivered("m2"), clicks=(second_click,)),
            make_judged_message(sent("m3", campaign="autumn")),
        ],
    )
    return analytics


async def test_reports_of_all_campaigns_or_of_one() -> None:
    analytics = await store_reports()
    assert [report for report, _ in await load_reports(analytics, None)] == await analytics.campaigns()
    assert [report for report, _ in await load_reports(analytics, "spring")] == [await analytics.campaign("spring")]
    assert await load_reports(analytics, "winter", [ClickFilter.TIME]) == []


async def test_each_filter_is_counted_once() -> None:
    filters = [ClickFilter.TIME, ClickFilter.ENGAGED, ClickFilter.TIME]
    reports = await load_reports(await store_reports(), None, filters)
    assert {report.campaign: filtered_counts for report, filtered_counts in reports} == {
        "spring": {
            ClickFilter.TIME: FilteredCounts(clicks=1, unique_clickers=1),
            ClickFilter.ENGAGED: FilteredCounts(),
        },
        "autumn": {ClickFilter.TIME: FilteredCounts(), ClickFilter.ENGAGED: FilteredCounts()},
    }
