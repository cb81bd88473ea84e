"""A console, and a campaign to show in it."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport
from tests.support.console import Client, console_of
from tests.support.judged_lines import BURST, click, delivered, judged, sent, verdict
from tests.support.memory_analytics import MemoryAnalytics


@pytest.fixture
def analytics() -> MemoryAnalytics:
    """Nothing stored."""
    return MemoryAnalytics()


@pytest.fixture
async def client(analytics: MemoryAnalytics) -> AsyncIterator[Client]:
    """A client of the console."""
    async with console_of(analytics) as client:
        yield client


@pytest.fixture
async def spring(analytics: MemoryAnalytics) -> CampaignReport:
    """Ten messages delivered: four of them clicked by scanners, one of these also by its reader."""
    human = verdict(replace(click("m0", "h"), link=1, url="https://example.com/b?utm_source=email"))
    bots = [verdict(click(f"m{number}", "b"), Verdict.BOT, BURST) for number in range(4)]
    clicked = [judged(sent(of.click.message_id), delivered(of.click.message_id), clicks=(of,)) for of in bots]
    clicked[0] = judged(sent("m0"), delivered("m0"), clicks=(bots[0], human))
    quiet = [judged(sent(f"m{number}"), delivered(f"m{number}")) for number in range(4, 10)]
    await analytics.store([], [*clicked, *quiet])
    report = await analytics.campaign("spring")
    assert report is not None
    return report
