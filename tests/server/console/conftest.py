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
    return MemoryAnalytics()


@pytest.fixture
async def client(analytics: MemoryAnalytics) -> AsyncIterator[ConsoleClient]:
    async with create_console_client(analytics) as client:
        yield client


@pytest.fixture
async def spring(analytics: MemoryAnalytics) -> CampaignReport:
    """Ten delivered messages: scanners clicked in four, and a person in one of these."""
    human = make_judged_click(replace(click("m0", "h"), link=1, url="https://example.com/b?utm_source=email"))
    bots = [make_judged_click(click(f"m{number}", "b"), Verdict.BOT, BURST) for number in range(4)]
    clicked = [
        make_judged_message(sent(bot.click.message_id), delivered(bot.click.message_id), clicks=(bot,)) for bot in bots
    ]
    clicked[0] = make_judged_message(sent("m0"), delivered("m0"), clicks=(bots[0], human))
    without_clicks = [make_judged_message(sent(f"m{number}"), delivered(f"m{number}")) for number in range(4, 10)]
    await analytics.store([], [*clicked, *without_clicks])
    report = await analytics.campaign("spring")
    assert report is not None
    return report
