from typing import Any

from clicktrail.model.verdict import Reason, Verdict
from clicktrail.report import Filter, as_json
from clicktrail.server.pipeline.reporting import described_reports
from tests.judged import HOSTING, click, delivered, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics

FAST = Reason(signal="fast", points=3, detail="1.0 s after the message arrived")


async def stored() -> MemoryAnalytics:
    """A campaign of two messages: one clicked at once, and both again by somebody; and one without clicks."""
    analytics = MemoryAnalytics()
    messages = [
        judged(
            sent("m1"),
            delivered("m1"),
            clicks=(verdict(click("m1", "1"), Verdict.SUSPECTED, FAST), verdict(click("m1", "2"))),
        ),
        judged(sent("m2"), delivered("m2"), clicks=(verdict(click("m2", "1"), Verdict.BOT, FAST, HOSTING),)),
        judged(sent("m3", campaign="autumn")),
    ]
    await analytics.store([], messages)
    return analytics


async def test_reports_are_told_as_they_are() -> None:
    """All of them, one with its links, and none where there is none."""
    analytics = await stored()
    assert [as_json(report) for report in await analytics.campaigns()] == await described_reports(analytics, None)
    spring = await analytics.campaign("spring")
    assert spring is not None
    assert [as_json(spring)] == await described_reports(analytics, "spring")
    assert [] == await described_reports(analytics, "winter", [Filter.TIME])


async def test_what_filters_leave_stands_beside() -> None:
    """Each alone and once, of every campaign, with its own click rate; what nobody told is unknown."""
    analytics = await stored()
    reports: list[dict[str, Any]] = await described_reports(analytics, None, [Filter.TIME, Filter.ENGAGED, Filter.TIME])
    unknown = {"filter": "engaged", "clicks": None, "unique": None, "click_rate": None}
    assert {
        "spring": [{"filter": "time", "clicks": 1, "unique": 1, "click_rate": 0.5}, unknown],
        "autumn": [{"filter": "time", "clicks": 0, "unique": 0, "click_rate": 0.0}, unknown],
    } == {report["campaign"]: report["filters"] for report in reports}
