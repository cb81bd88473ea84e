import dataclasses
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from clicktrail.judge.scoring import FINAL_AFTER, SETTLED_AFTER, VerdictState
from clicktrail.model.event import AnonymousClick, format_rfc3339
from clicktrail.model.verdict import Reason, Verdict
from clicktrail.report import ClickFilter, report_as_json
from clicktrail.server.pipeline.queries import (
    clicker_as_json,
    clicks_response,
    decode_cursor,
    encode_cursor,
    history_response,
    iterate_clicker_pages,
    list_clicks,
    reports_response,
)
from clicktrail.server.ports import ClickSearch
from tests.support.events import CONTEXT
from tests.support.judged_lines import (
    BURST,
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


async def test_a_click_is_told_as_json() -> None:
    analytics = MemoryAnalytics()
    of = make_judged_click(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(of,))])
    told = await clicks_response(analytics, SPRING, limit=9, rules=RULES, now=SENT_AT + timedelta(hours=1))
    expected = {
        "id": "m1-1",
        "at": "2026-11-23T09:01:00.000Z",
        "message_id": "m1",
        "recipient": "ann@example.com",
        "link": 0,
        "url": "https://example.com/",
        "group": "",
        "source": "clicktrail",
        "method": "GET",
        "user_agent": "Mozilla/5.0",
        "verdict": "bot",
        "score": 5,
        "state": "settled",
        "counted": True,
        "reasons": [{"signal": "burst", "points": 5, "detail": "7 links in 0.6 s"}],
        "counterfactual": "would be human with trusted input on the landing page, or without burst",
        "changes": [],
        "rules": "1",
    }
    assert {"clicks": [expected], "before": None} == told


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
    nothing: dict[str, object] = {"clicks": [], "before": None}
    assert nothing == await clicks_response(analytics, bots, limit=2, rules=RULES, now=SENT_AT)


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
    with pytest.raises(ValueError, match=r"place|isoformat"):
        decode_cursor(text)


async def test_a_change_is_told_as_json() -> None:
    analytics = MemoryAnalytics()
    before = make_judged_click(click("m1", "1"))
    after = dataclasses.replace(before, verdict=Verdict.BOT, score=5, reasons=(BURST,))
    first = make_judged_message(sent("m1"), clicks=(before,))
    await analytics.store([], [first])
    assert {"campaign": "spring", "changes": []} == await history_response(analytics, "spring", click=None, limit=9)
    await analytics.store([], [dataclasses.replace(first, clicks=(after,), previous_verdicts={"m1-1": Verdict.HUMAN})])
    told = await history_response(analytics, "spring", click="m1-1", limit=9)
    (change,) = await analytics.history("spring", limit=9)
    expected = {
        "at": format_rfc3339(change.at),
        "click": "m1-1",
        "message_id": "m1",
        "from": "human",
        "to": "bot",
        "score": 5,
        "signals": ["burst"],
        "rules": "1",
    }
    assert {"campaign": "spring", "changes": [expected]} == told


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


async def test_reports_are_told_as_they_are() -> None:
    analytics = await stored()
    assert [report_as_json(report) for report in await analytics.campaigns()] == await reports_response(analytics, None)
    spring = await analytics.campaign("spring")
    assert spring is not None
    assert [report_as_json(spring)] == await reports_response(analytics, "spring")
    assert [] == await reports_response(analytics, "winter", [ClickFilter.TIME])


async def test_what_filters_leave_stands_beside() -> None:
    analytics = await stored()
    reports: list[dict[str, Any]] = await reports_response(
        analytics, None, [ClickFilter.TIME, ClickFilter.ENGAGED, ClickFilter.TIME]
    )
    unknown = {"filter": "engaged", "clicks": None, "unique": None, "click_rate": None}
    assert {
        "spring": [{"filter": "time", "clicks": 1, "unique": 1, "click_rate": 0.5}, unknown],
        "autumn": [{"filter": "time", "clicks": 0, "unique": 0, "click_rate": 0.0}, unknown],
    } == {report["campaign"]: report["filters"] for report in reports}


async def test_everybody_comes_once_however_long_the_pages_are() -> None:
    analytics = MemoryAnalytics()
    people = [f"{number}@example.com" for number in range(5)]
    await analytics.store(
        [],
        [
            make_judged_message(
                sent(f"m{who}"),
                clicks=(
                    make_judged_click(click(f"m{who}", "1", recipient=who)),
                    make_judged_click(click(f"m{who}", "2")),
                ),
            )
            for who in people
        ],
    )
    for limit in (1, 2, 5, 9):
        pages = [page async for page in iterate_clicker_pages(analytics, since=SENT_AT, campaign=None, page_size=limit)]
        assert people == [clicker.recipient for page in pages for clicker in page if clicker.recipient]
        assert all(0 < len(page) <= limit for page in pages)


async def test_a_person_is_described_with_the_last_click() -> None:
    analytics = MemoryAnalytics()
    clicks = (
        make_judged_click(click("m1", "1", recipient="ann")),
        make_judged_click(click("m1", "2", recipient="ann", after_s=90)),
    )
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    (clicker,) = await analytics.clickers(since=SENT_AT - timedelta(1), campaign="spring", after="", limit=9)
    assert {"recipient": "ann", "clicks": 2, "last_click_at": "2026-11-23T09:01:30.000Z"} == clicker_as_json(clicker)
