import dataclasses

import pytest
from msgspec.structs import replace

from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.pipeline.news import Known
from clicktrail.server.ports import JudgedMessage
from tests.judged import BURST, click, judged, sent, verdict

HUMAN = verdict(click("m1", "1"))
BOT = dataclasses.replace(HUMAN, verdict=Verdict.BOT)
WORDED = dataclasses.replace(HUMAN, reasons=(BURST,))
FETCHED = Known(timeline=Timeline.of("m1", [sent("m1"), HUMAN.click]), verdicts={HUMAN.click.id: Verdict.HUMAN})
AT_HAND = Known.at_hand(judged(sent("m1"), clicks=(HUMAN,)))
UNKNOWN = Known(timeline=Timeline.of("m1", ()), verdicts={})


def message(*clicks: JudgedClick, campaign: str = "spring") -> JudgedMessage:
    """The message as it is judged now."""
    return judged(sent("m1", campaign=campaign), clicks=clicks)


@pytest.mark.parametrize("known", [FETCHED, AT_HAND])
def test_another_verdict_replaces_one(known: Known) -> None:
    """It is new, and what stood is told; other reasons are news and no change."""
    stood = {HUMAN.click.id: Verdict.HUMAN}
    assert ((BOT,), stood) == _news(known, message(BOT))
    assert ((WORDED,), stood) == _news(known, message(WORDED))
    assert [((Verdict.HUMAN, BOT),), ()] == [known.news(message(of), set()).changes for of in (BOT, WORDED)]


def test_a_verdict_that_stands_is_no_news() -> None:
    """Unless the message stands under another campaign now, where analytics does not have it."""
    assert ((), {}) == _news(AT_HAND, message(HUMAN))
    assert ((HUMAN,), {HUMAN.click.id: Verdict.HUMAN}) == _news(AT_HAND, message(HUMAN, campaign="autumn"))
    assert ((BOT,), {BOT.click.id: Verdict.HUMAN}) == _news(AT_HAND, message(BOT, campaign="autumn"))


def test_a_first_verdict_replaces_none() -> None:
    """It is news."""
    assert ((BOT,), {}) == _news(UNKNOWN, message(BOT))


@pytest.mark.parametrize("known", [FETCHED, AT_HAND])
def test_an_old_click_keeps_its_verdict(known: Known) -> None:
    """Its address was shortened; one that is told so in this batch has none yet."""
    old = dataclasses.replace(BOT, click=replace(BOT.click, ip="192.0.2.0/24"))
    assert ((), {}) == _news(known, message(old))
    assert (old,) == UNKNOWN.news(message(old), {old.click.id}).clicks


def _news(known: Known, message: JudgedMessage) -> tuple[tuple[JudgedClick, ...], dict[str, Verdict]]:
    news = known.news(message, set())
    assert message.timeline == news.timeline
    return news.clicks, dict(news.before)
