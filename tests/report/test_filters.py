import pytest

from clicktrail.judge import judge
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnonymousClick, AnyEvent
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import ClickFilter, FilteredCounts, apply_filter
from tests.support.events import AZURE_IP, CONTEXT, NOON, click, engagement, sent, sweep


def judge_message(*events: AnyEvent) -> tuple[Timeline, tuple[JudgedClick, ...]]:
    """A message sent at noon, and its judged clicks."""
    timeline = Timeline.from_events("m1", [sent(), *events])
    return timeline, judge(timeline, CONTEXT)


@pytest.mark.parametrize(
    ("click_filter", "events", "passing_clicks"),
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
def test_filter_excludes_clicks_by_its_signals(
    click_filter: ClickFilter, events: list[AnyEvent], passing_clicks: int
) -> None:
    counts = apply_filter([judge_message(*events)], click_filter=click_filter)
    assert sum(campaign.clicks for campaign in counts.values()) == passing_clicks
    assert sum(campaign.unique_clickers for campaign in counts.values()) == min(passing_clicks, 1)


def test_filters_use_signals_of_the_judge() -> None:
    assert {name for click_filter in ClickFilter for name in click_filter.signals} <= SIGNALS.keys()


@pytest.mark.parametrize("click_filter", ClickFilter)
def test_anonymous_clicks_pass_every_filter_but_engaged(click_filter: ClickFilter) -> None:
    anonymous_click = AnonymousClick(id="a", at=NOON, campaign="spring", verdict="bot")
    counts = apply_filter([], [anonymous_click], click_filter=click_filter)
    assert counts == ({} if click_filter is ClickFilter.ENGAGED else {"spring": FilteredCounts(clicks=1)})
