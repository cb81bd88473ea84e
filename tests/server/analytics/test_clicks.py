from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from clicktrail.model.verdict import Verdict
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.ports import ClickSearch
from clicktrail.server.system import SystemClock
from tests.support.judged_lines import click, make_judged_click, make_judged_message, sent


@pytest.fixture
async def analytics(tmp_path: Path) -> AsyncIterator[ChdbAnalytics]:
    """Nothing stored."""
    analytics = await ChdbAnalytics.open(tmp_path / "analytics", SystemClock())
    yield analytics
    await analytics.close()


async def test_clicks_that_were_judged_again_are_passed_over_and_hide_nothing(analytics: ChdbAnalytics) -> None:
    clicks = [click("m1", str(number), after_s=number) for number in range(300)]
    await analytics.store(
        [], [make_judged_message(sent("m1"), clicks=tuple(make_judged_click(of, Verdict.BOT) for of in clicks))]
    )
    await analytics.store([], [make_judged_message(clicks=tuple(make_judged_click(of) for of in clicks[2:]))])
    search = ClickSearch(campaign="spring", verdicts=(Verdict.BOT,))
    first = await analytics.clicks(search, limit=2)
    found = list(first.clicks)
    while first.next_cursor:
        first = await analytics.clicks(replace(search, before=first.next_cursor), limit=2)
        found += first.clicks
    assert ["m1-1", "m1-0"] == [of.click.id for of in found]


async def test_a_page_that_is_just_full_is_the_last(analytics: ChdbAnalytics) -> None:
    clicks = tuple(make_judged_click(click("m1", name)) for name in "abc")
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    page = await analytics.clicks(ClickSearch(campaign="spring"), limit=3)
    assert (3, None) == (len(page.clicks), page.next_cursor)
