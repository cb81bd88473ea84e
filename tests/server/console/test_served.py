from importlib import resources
from typing import Literal

import httpx2
import pytest
from msgspec.structs import replace

from clicktrail.model.verdict import Reason, Verdict
from tests.support.chromium import chromium, needs_chromium
from tests.support.console import serve_console
from tests.support.judged_lines import (
    BURST,
    ENGAGED,
    HOSTING,
    click,
    delivered,
    make_judged_click,
    make_judged_message,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics


async def test_console_is_served_on_a_socket() -> None:
    async with serve_console(MemoryAnalytics()) as address, httpx2.AsyncClient() as client:
        response = await client.get(f"{address}/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")


@needs_chromium
async def test_browser_shows_the_click_rate_without_errors() -> None:
    analytics = MemoryAnalytics()
    bots = [make_judged_click(click(f"m{number}", "b"), Verdict.BOT, BURST) for number in range(4)]
    clicked = [
        make_judged_message(sent(bot.click.message_id), delivered(bot.click.message_id), clicks=(bot,)) for bot in bots
    ]
    await analytics.store(
        [], [*clicked, make_judged_message(sent("m9"), delivered("m9"), clicks=(make_judged_click(click("m9", "h")),))]
    )
    console_messages: list[str] = []
    async with serve_console(analytics) as address, chromium() as browser:
        page = await browser.new_page(viewport={"width": 360, "height": 740})
        page.on("console", lambda message: console_messages.append(message.text))
        await page.goto(address)
        await page.get_by_role("link", name="spring").click()
        await page.wait_for_load_state("load")  # the stylesheet may load after the text
        rates = await page.locator(".rates").inner_text()
        summary = await page.locator(".rate-summary").inner_text()
        overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        human_fill = await page.evaluate("getComputedStyle(document.querySelector('rect.human')).fill")
    assert rates.split() == ["20.0%", "100.0%"]
    assert summary == "100.0% as an email service would report it; 20.0% people: 1 of 5 recipients clicked."
    assert (overflow, human_fill, console_messages) == (0, "rgb(13, 122, 107)", [])


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_accessibility_violations(scheme: Literal["light", "dark"]) -> None:
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    analytics = MemoryAnalytics()
    long_click = replace(
        click("m1", "1", recipient=f"{'ann' * 20}@example.com"), url=f"https://example.com/{'a' * 90}?b=c"
    )
    clicks = (
        make_judged_click(long_click, Verdict.BOT, BURST, HOSTING),
        make_judged_click(click("m1", "2"), Verdict.SUSPECTED, HOSTING),
        make_judged_click(click("m1", "3"), Verdict.HUMAN, ENGAGED),
        make_judged_click(
            click("m1", "4"), Verdict.PREVIEW, Reason(signal="preview-user-agent", points=0, detail="calls itself x")
        ),
    )
    await analytics.store([], [make_judged_message(sent("m1"), clicks=clicks)])
    async with serve_console(analytics) as address, chromium() as browser:
        # The console's Content-Security-Policy forbids the script that axe needs.
        page = await browser.new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme, bypass_csp=True)
        for path in (
            "/campaign?name=spring",
            "/clicks?campaign=spring&signal=",
            "/clicks?campaign=spring&signal=burst",
        ):
            await page.goto(address + path)
            await page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
            overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow == 0
            await page.evaluate(axe)
            results = await page.evaluate("axe.run({resultTypes: ['violations']})")
            assert [violation["id"] for violation in results["violations"]] == []
