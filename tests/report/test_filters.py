from typing import Any

import pytest

from clicktrail.judge import judge
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnonymousClick, AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import CampaignReport, ClickFilter, FilteredCounts, apply_filter, filtered_counts_as_json
from tests.support.events import AZURE_IP, CONTEXT, NOON, click, engagement, sent, sweep


def message(*events: AnyEvent) -> tuple[Timeline, tuple[JudgedClick, ...]]:
    """A message that was sent at noon, as it is judged."""
    timeline = Timeline.from_events("m1", [sent(), *events])
    return timeline, judge(timeline, CONTEXT)


@pytest.mark.parametrize(
    ("by", "scan", "left"),
    [
        (ClickFilter.TIME, [click(1)], 0),
        (ClickFilter.TIME, [click(3)], 1),
        (ClickFilter.LINKS, sweep(600, links=6, gap=0.1), 0),
        (ClickFilter.LINKS, sweep(600, links=6, gap=30), 6),
        (ClickFilter.NETWORK, [click(600, ip=AZURE_IP)], 0),
        (ClickFilter.NETWORK, [click(600)], 1),
        (ClickFilter.AGENT, [click(600, agent="curl/8.5.0")], 0),
        (ClickFilter.AGENT, [click(600, agent="WhatsApp/2.23")], 0),
        (ClickFilter.AGENT, [click(600)], 1),
        (ClickFilter.ENGAGED, [click(600, id="a"), engagement("a")], 1),
        (ClickFilter.ENGAGED, [click(600, id="a"), engagement("a", kind="loaded")], 0),
    ],
)
def test_one_rule_alone(by: ClickFilter, scan: list[AnyEvent], left: int) -> None:
    told = apply_filter([message(*scan)], click_filter=by).values()
    assert left == sum(of.clicks for of in told)
    assert min(left, 1) == sum(of.unique_clickers for of in told)


def test_filters_go_by_signals_that_there_are() -> None:
    assert set() == {name for by in ClickFilter for name in by.signals} - SIGNALS.keys()


def test_anonymous_clicks_tell_nothing_that_a_filter_could_go_by() -> None:
    anonymous = [AnonymousClick(id="a", at=NOON, campaign="spring", verdict="bot")]
    assert {by: {"spring": FilteredCounts(clicks=1)} for by in ClickFilter if by is not ClickFilter.ENGAGED} | {
        ClickFilter.ENGAGED: {}
    } == {by: apply_filter([], anonymous, click_filter=by) for by in ClickFilter}


@pytest.mark.parametrize(("landed", "expected"), [(0, None), (1, 0)])
def test_engagement_is_unknown_where_no_landing_page_told(landed: int, expected: int | None) -> None:
    report = CampaignReport(campaign="spring", accepted=2, messages_with_engagement=landed)
    told: dict[str, Any] = filtered_counts_as_json(report, ClickFilter.ENGAGED, FilteredCounts())
    assert {"filter": "engaged", "clicks": expected, "unique": expected, "click_rate": expected} == told
    assert (
        0.5
        == filtered_counts_as_json(report, ClickFilter.TIME, FilteredCounts(clicks=3, unique_clickers=1))["click_rate"]
    )
