from msgspec.structs import replace

from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import ClickCounts
from clicktrail.report.link_totals import LinkCounter, LinkName, LinkTotal
from tests.support.judged_lines import click, make_judged_click


def name(url: str) -> LinkName:
    return LinkName(url, url == "unsubscribe")


def judged(url: str, verdict: Verdict = Verdict.HUMAN, *, counted: bool = True) -> JudgedClick:
    return make_judged_click(replace(click("m", url), url=url), verdict, counted=counted)


def test_links_that_unsubscribe_are_apart() -> None:
    counter = LinkCounter(name)
    counter.add([judged("a"), judged("b", Verdict.BOT), judged("b"), judged("unsubscribe", Verdict.BOT)])
    totals = counter.build_totals()
    assert totals.links == (
        LinkTotal(name=LinkName("b", is_unsubscribe=False), clicks=ClickCounts(human=1, bot=1)),
        LinkTotal(name=LinkName("a", is_unsubscribe=False), clicks=ClickCounts(human=1)),
    )
    assert totals.unsubscribe_clicks == ClickCounts(bot=1)


def test_links_beyond_the_limit_are_added_up() -> None:
    counter = LinkCounter(name, max_links=1)
    counter.add([judged("a"), judged("b"), judged("c", Verdict.BOT), judged("a")])
    totals = counter.build_totals()
    assert [row.name.address for row in totals.links] == ["a"]
    assert totals.other == ClickCounts(human=1, bot=1)


def test_clicks_without_url_and_requests_that_are_not_counted_are_left_out() -> None:
    counter = LinkCounter(name)
    counter.add([judged(""), judged("a", counted=False)])
    assert counter.build_totals().links == ()
