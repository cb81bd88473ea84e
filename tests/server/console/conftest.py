"""A console, and a campaign to show in it."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport
from tests.support.console import ConsoleClient, create_console_client
from tests.support.judged_lines import BURST, click, delivered, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics


@pytest.fixture
def analytics() -> MemoryAnalytics:
    """Nothing stored."""
    return MemoryAnalytics()


@pytest.fixture
async def client(analytics: MemoryAnalytics) -> AsyncIterator[ConsoleClient]:
    """A client of the console."""
    async with create_console_client(analytics) as client:
        yield client


@pytest.fixture
async def spring(analytics: MemoryAnalytics) -> CampaignReport:
    """Ten messages delivered: four of them clicked by scanners, one of these also by its reader."""
    human = make_judged_click(replace(click("m0", "h"), link=1, url="https://example.com/b?utm_source=email"))
    bots = [make_judged_click(click(f"m{number}", "b"), Verdict.BOT, BURST) for number in range(4)]
    clicked = [
        make_judged_message(sent(of.click.message_id), delivered(of.click.message_id), clicks=(of,)) for of in bots
    ]
    clicked[0] = make_judged_message(sent("m0"), delivered("m0"), clicks=(bots[0], human))
    quiet = [make_judged_message(sent(f"m{number}"), delivered(f"m{number}")) for number in range(4, 10)]
    await analytics.store([], [*clicked, *quiet])
    report = await analytics.campaign("spring")
    assert report is not None
    return report
