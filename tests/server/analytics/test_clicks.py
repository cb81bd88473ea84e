from dataclasses import replace

from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.ports import ClickSearch
from tests.support.judged_lines import click, make_judged_click, make_judged_message, sent


async def test_search_finds_clicks_behind_many_with_a_replaced_verdict(analytics: ChdbAnalytics) -> None:
    clicks = [click("m1", str(number), after_s=number) for number in range(300)]
    bots = tuple(make_judged_click(bot, Verdict.BOT) for bot in clicks)
    await analytics.store([], [make_judged_message(sent("m1"), clicks=bots)])
    await analytics.store([], [make_judged_message(clicks=tuple(map(make_judged_click, clicks[2:])))])
    search = ClickSearch(campaign="spring", verdicts=(Verdict.BOT,))
    page = await analytics.clicks(search, limit=2)
    click_ids = [judged.click.id for judged in page.clicks]
    while page.next_cursor:
        page = await analytics.clicks(replace(search, before=page.next_cursor), limit=2)
        click_ids += [judged.click.id for judged in page.clicks]
    assert click_ids == ["m1-1", "m1-0"]


async def test_full_page_without_further_clicks_has_no_cursor(analytics: ChdbAnalytics) -> None:
    clicks = tuple(make_judged_click(click("m1", name)) for name in "abc")
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    page = await analytics.clicks(ClickSearch(campaign="spring"), limit=3)
    assert (len(page.clicks), page.next_cursor) == (3, None)
