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


async def test_pages_follow_each_other_to_the_end() -> None:
    analytics = MemoryAnalytics()
    clicks = tuple(make_judged_click(click("m1", str(number), after_s=number)) for number in range(5))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    search, found = SPRING, list[tuple[int, str]]()
    while search.before or not found:
        page, end = await list_clicks(analytics, search, limit=2, rules=RULES, now=SENT_AT)
        found.append((len(page), encode_cursor(end) if end else ""))
        search = replace(search, before=end)
    assert [(2, "2026-11-23T09:00:03.000Z,m1-3"), (2, "2026-11-23T09:00:01.000Z,m1-1"), (1, "")] == found
    bots = replace(SPRING, verdicts=(Verdict.BOT,))
    assert await list_clicks(analytics, bots, limit=2, rules=RULES, now=SENT_AT) == ([], None)


async def test_a_click_knows_its_earlier_verdicts() -> None:
    analytics = MemoryAnalytics()
    human, bot = (make_judged_click(click("m1", "1"), made) for made in (Verdict.HUMAN, Verdict.BOT))
    other = make_judged_click(click("m1", "2"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(human, other))])
    for before, after in ((human, bot), (bot, human)):
        told = replace(
            make_judged_message(sent("m1"), clicks=(after,)), previous_verdicts={after.click.id: before.verdict}
        )
        await analytics.store([], [told])
    (unchanged, changed), _ = await list_clicks(analytics, SPRING, limit=9, rules=RULES, now=SENT_AT)
    assert [(Verdict.HUMAN, Verdict.BOT), (Verdict.BOT, Verdict.HUMAN)] == [
        (change.before, change.after) for change in changed.changes
    ]
    assert () == unchanged.changes


@pytest.mark.parametrize(
    ("age", "state"),
    [(timedelta(), VerdictState.PROVISIONAL), (SETTLED_AFTER, VerdictState.SETTLED), (FINAL_AFTER, VerdictState.FINAL)],
)
async def test_the_state_is_of_now_and_an_anonymous_click_s_is_final(age: timedelta, state: VerdictState) -> None:
    analytics = MemoryAnalytics()
    of = click("m1", "1")
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", verdict=Verdict.BOT)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(make_judged_click(of),))], [anonymous])
    page, _ = await list_clicks(analytics, SPRING, limit=9, rules=RULES, now=of.at + age)
    assert [state, VerdictState.FINAL] == [shown.state for shown in page]


@pytest.mark.parametrize("name", ["m1-1", "", "a,b", "ü\n"])
def test_a_place_is_what_it_spells(name: str) -> None:
    at = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
    assert (at, name) == decode_cursor(encode_cursor((at, name)))


@pytest.mark.parametrize("text", ["", ",", "m1-1", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00,m1-1", "tomorrow,m1-1"])
def test_what_spells_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|isoformat"):
        decode_cursor(text)


FAST = Reason(signal="fast", points=3, detail="1.0 s after the message arrived")


async def stored() -> MemoryAnalytics:
    """A campaign of two messages: one clicked at once, and both again by somebody; and one without clicks."""
    analytics = MemoryAnalytics()
    messages = [
        make_judged_message(
            sent("m1"),
            delivered("m1"),
            clicks=(make_judged_click(click("m1", "1"), Verdict.SUSPECTED, FAST), make_judged_click(click("m1", "2"))),
        ),
        make_judged_message(
            sent("m2"), delivered("m2"), clicks=(make_judged_click(click("m2", "1"), Verdict.BOT, FAST, HOSTING),)
        ),
        make_judged_message(sent("m3", campaign="autumn")),
    ]
    await analytics.store([], messages)
    return analytics


async def test_reports_of_all_campaigns_or_of_one() -> None:
    analytics = await stored()
    assert [report for report, _ in await load_reports(analytics, None)] == await analytics.campaigns()
    assert [report for report, _ in await load_reports(analytics, "spring")] == [await analytics.campaign("spring")]
    assert await load_reports(analytics, "winter", [ClickFilter.TIME]) == []


async def test_filters_count_beside_the_report() -> None:
    reports = await load_reports(await stored(), None, [ClickFilter.TIME, ClickFilter.ENGAGED, ClickFilter.TIME])
    assert {report.campaign: filtered_counts for report, filtered_counts in reports} == {
        "spring": {
            ClickFilter.TIME: FilteredCounts(clicks=1, unique_clickers=1),
            ClickFilter.ENGAGED: FilteredCounts(),
        },
        "autumn": {ClickFilter.TIME: FilteredCounts(), ClickFilter.ENGAGED: FilteredCounts()},
    }
