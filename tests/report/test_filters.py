from typing import Any

import pytest

from clicktrail.judge import judge
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnonymousClick, AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, Filter, Filtered, filtered, filtered_as_json
from tests.support.events import AZURE, CONTEXT, NOON, click, engagement, sent, sweep


def message(*events: AnyEvent) -> tuple[Timeline, tuple[JudgedClick, ...]]:
    """A message that was sent at noon, as it is judged."""
    timeline = Timeline.of("m1", [sent(), *events])
    return timeline, judge(timeline, CONTEXT)


@pytest.mark.parametrize(
    ("by", "scan", "left"),
    [
        (Filter.TIME, [click(1)], 0),
        (Filter.TIME, [click(3)], 1),
        (Filter.LINKS, sweep(600, links=6, gap=0.1), 0),
        (Filter.LINKS, sweep(600, links=6, gap=30), 6),
        (Filter.NETWORK, [click(600, ip=AZURE)], 0),
        (Filter.NETWORK, [click(600)], 1),
        (Filter.AGENT, [click(600, agent="curl/8.5.0")], 0),
        (Filter.AGENT, [click(600, agent="WhatsApp/2.23")], 0),
        (Filter.AGENT, [click(600)], 1),
        (Filter.ENGAGED, [click(600, id="a"), engagement("a")], 1),
        (Filter.ENGAGED, [click(600, id="a"), engagement("a", kind="loaded")], 0),
    ],
)
def test_one_rule_alone(by: Filter, scan: list[AnyEvent], left: int) -> None:
    told = filtered([message(*scan)], by=by).values()
    assert left == sum(of.clicks for of in told)
    assert min(left, 1) == sum(of.unique for of in told)


def test_filters_go_by_signals_that_there_are() -> None:
    assert set() == {name for by in Filter for name in by.signals} - SIGNALS.keys()


def test_anonymous_clicks_tell_nothing_that_a_filter_could_go_by() -> None:
    anonymous = [AnonymousClick(id="a", at=NOON, campaign="spring", verdict="bot")]
    assert {by: {"spring": Filtered(clicks=1)} for by in Filter if by is not Filter.ENGAGED} | {Filter.ENGAGED: {}} == {
        by: filtered([], anonymous, by=by) for by in Filter
    }


@pytest.mark.parametrize(("landed", "expected"), [(0, None), (1, 0)])
def test_engagement_is_unknown_where_no_landing_page_told(landed: int, expected: int | None) -> None:
    report = CampaignReport(campaign="spring", accepted=2, landed=landed)
    told: dict[str, Any] = filtered_as_json(report, Filter.ENGAGED, Filtered())
    assert {"filter": "engaged", "clicks": expected, "unique": expected, "click_rate": expected} == told
    assert 0.5 == filtered_as_json(report, Filter.TIME, Filtered(clicks=3, unique=1))["click_rate"]
