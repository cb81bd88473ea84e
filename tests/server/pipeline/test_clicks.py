from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from clicktrail.judge.states import FINAL_AFTER, SETTLED_AFTER, State
from clicktrail.model.event import AnonymousClick
from clicktrail.model.verdict import Verdict
from clicktrail.server.pipeline.clicks import described_clicks, place_in, shown_clicks, spelled
from clicktrail.server.ports import ClickSearch
from tests.clicks import CONTEXT
from tests.judged import BURST, SENT_AT, click, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics

RULES = CONTEXT.rules
SPRING = ClickSearch(campaign="spring")


async def test_a_click_is_told_as_json() -> None:
    """In the shape of docs/reference/clicks.md, with what would have made a person of it."""
    analytics = MemoryAnalytics()
    of = verdict(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST)
    await analytics.store([], [judged(sent("m1"), clicks=(of,))])
    told = await described_clicks(analytics, SPRING, limit=9, rules=RULES, now=SENT_AT + timedelta(hours=1))
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
    """What one says is `before` the next; a campaign may have no such clicks, and what is no campaign has no page."""
    analytics = MemoryAnalytics()
    clicks = tuple(verdict(click("m1", str(number), after_s=number)) for number in range(5))
    await analytics.store([], [judged(sent("m1"), clicks=clicks)])
    search, found = SPRING, list[tuple[int, str]]()
    while search.before or not found:
        page, end = await shown_clicks(analytics, search, limit=2, rules=RULES, now=SENT_AT)
        found.append((len(page), spelled(end) if end else ""))
        search = replace(search, before=end)
    assert [(2, "2026-11-23T09:00:03.000Z,m1-3"), (2, "2026-11-23T09:00:01.000Z,m1-1"), (1, "")] == found
    bots = replace(SPRING, verdicts=(Verdict.BOT,))
    nothing: dict[str, object] = {"clicks": [], "before": None}
    assert nothing == await described_clicks(analytics, bots, limit=2, rules=RULES, now=SENT_AT)
    assert {} == await described_clicks(analytics, ClickSearch(campaign="x"), limit=2, rules=RULES, now=SENT_AT)


async def test_a_click_knows_its_earlier_verdicts() -> None:
    """The first one first; other clicks of the page have theirs."""
    analytics = MemoryAnalytics()
    human, bot = (verdict(click("m1", "1"), made) for made in (Verdict.HUMAN, Verdict.BOT))
    other = verdict(click("m1", "2"))
    await analytics.store([], [judged(sent("m1"), clicks=(human, other))])
    for before, after in ((human, bot), (bot, human)):
        told = replace(judged(sent("m1"), clicks=(after,)), before={after.click.id: before.verdict})
        await analytics.store([], [told])
    (unchanged, changed), _ = await shown_clicks(analytics, SPRING, limit=9, rules=RULES, now=SENT_AT)
    assert [(Verdict.HUMAN, Verdict.BOT), (Verdict.BOT, Verdict.HUMAN)] == [
        (change.before, change.after) for change in changed.changes
    ]
    assert () == unchanged.changes


@pytest.mark.parametrize(
    ("age", "state"),
    [(timedelta(), State.PROVISIONAL), (SETTLED_AFTER, State.SETTLED), (FINAL_AFTER, State.FINAL)],
)
async def test_the_state_is_of_now_and_an_anonymous_click_s_is_final(age: timedelta, state: State) -> None:
    """The same verdict gets surer as time goes by; of an anonymous one nothing is left to judge again."""
    analytics = MemoryAnalytics()
    of = click("m1", "1")
    anonymous = AnonymousClick(id="a1", at=SENT_AT, campaign="spring", verdict=Verdict.BOT)
    await analytics.store([], [judged(sent("m1"), clicks=(verdict(of),))], [anonymous])
    page, _ = await shown_clicks(analytics, SPRING, limit=9, rules=RULES, now=of.at + age)
    assert [state, State.FINAL] == [shown.state for shown in page]


@pytest.mark.parametrize("name", ["m1-1", "", "a,b", "ü\n"])
def test_a_place_is_what_it_spells(name: str) -> None:
    """Whatever a click is called, and in whichever zone its time was told."""
    at = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=1)))
    assert (at, name) == place_in(spelled((at, name)))


@pytest.mark.parametrize("text", ["", ",", "m1-1", "2026-11-23T09:00:00Z", "2026-11-23T09:00:00,m1-1", "tomorrow,m1-1"])
def test_what_spells_no_place_is_refused(text: str) -> None:
    """A time with its zone and an id, parted by a comma, are a place; nothing else is."""
    with pytest.raises(ValueError, match=r"place|isoformat"):
        place_in(text)
