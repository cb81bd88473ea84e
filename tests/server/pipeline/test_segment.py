from datetime import timedelta

from clicktrail.server.pipeline.segment import described, segment
from tests.judged import SENT_AT, click, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics


async def test_everybody_comes_once_however_long_the_pages_are() -> None:
    """By name, and pages end where the people do."""
    analytics = MemoryAnalytics()
    people = [f"{number}@example.com" for number in range(5)]
    await analytics.store(
        [],
        [
            judged(
                sent(f"m{who}"), clicks=(verdict(click(f"m{who}", "1", recipient=who)), verdict(click(f"m{who}", "2")))
            )
            for who in people
        ],
    )
    for limit in (1, 2, 5, 9):
        pages = [page async for page in segment(analytics, since=SENT_AT, campaign=None, limit=limit)]
        assert people == [clicker.recipient for page in pages for clicker in page if clicker.recipient]
        assert all(0 < len(page) <= limit for page in pages)


async def test_a_person_is_described_with_the_last_click() -> None:
    """The time as events have it."""
    analytics = MemoryAnalytics()
    clicks = (verdict(click("m1", "1", recipient="ann")), verdict(click("m1", "2", recipient="ann", after_s=90)))
    await analytics.store([], [judged(sent("m1"), clicks=clicks)])
    (clicker,) = await analytics.clickers(since=SENT_AT - timedelta(1), campaign="spring", after="", limit=9)
    assert {"recipient": "ann", "clicks": 2, "last_click_at": "2026-11-23T09:01:30.000Z"} == described(clicker)
