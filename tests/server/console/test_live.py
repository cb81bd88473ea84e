import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from playwright.async_api import expect

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import MAX_QUEUED_CLICKS, ClickFeed
from clicktrail.server.ports import JudgedMessage
from tests.support.chromium import chromium, needs_chromium
from tests.support.console import serve_console
from tests.support.judged_lines import BURST, SENT_AT, click, delivered, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.server_sent_events import StreamEvent, stream_events

HIDABLE = """\
let hidden = false
Object.defineProperty(document, "hidden", { get: () => hidden })
globalThis.hide = (now) => {
  hidden = now
  document.dispatchEvent(new Event("visibilitychange"))
}
"""
"""Chromium without a screen has all of its windows in view."""


def clicked(name: str, *clicks: str, campaign: str = "spring", by: Verdict = Verdict.HUMAN) -> JudgedMessage:
    """A message that was delivered, and clicked in."""
    reasons = () if by is Verdict.HUMAN else (BURST,)
    told = [make_judged_click(click(name, each, campaign=campaign), by, *reasons) for each in clicks]
    return make_judged_message(sent(name, campaign=campaign), delivered(name, campaign=campaign), clicks=tuple(told))


async def test_a_program_hears_of_each_click_at_once() -> None:
    feed = ClickFeed()
    async with (
        serve_console(MemoryAnalytics(), feed) as address,
        aclosing(stream_events(f"{address}/api/live?campaign=spring")) as stream,
    ):
        assert ("listening", None) == await anext(stream)
        feed.on_stored([clicked("m0", "x", campaign="autumn"), clicked("m1", "a", by=Verdict.BOT)])
        name, told = await anext(stream)
        assert ("click", "spring", "m1-a", "bot", None) == (
            name,
            *(told[key] for key in ("campaign", "id", "verdict", "was")),
        )
        assert [{"signal": "burst", "points": 5, "detail": "7 links in 0.6 s"}] == told["reasons"]


async def test_a_program_is_told_what_it_missed() -> None:
    feed = ClickFeed()
    async with (
        serve_console(MemoryAnalytics(), feed) as address,
        aclosing(stream_events(f"{address}/api/live")) as stream,
    ):
        await anext(stream)
        feed.on_stored([clicked("m1", *map(str, range(MAX_QUEUED_CLICKS + 7)))])
        assert ("missed", 7) == await anext(stream)
        assert ("click", "m1-7") == ((told := await anext(stream))[0], told[1]["id"])


async def test_a_page_hears_of_whatever_changes_it_and_once_of_much() -> None:
    feed = ClickFeed()
    async with serve_console(MemoryAnalytics(), feed) as address, aclosing(stream_events(f"{address}/live")) as stream:
        await anext(stream)
        for stored in ([clicked("m1", "a", "b"), clicked("m2", "c")], [make_judged_message(sent("m3"))]):
            feed.on_stored(stored)
            assert ("change", True) == await anext(stream)
        feed.on_stored([clicked("m4", "d")])
        feed.on_stored([clicked("m5", "e")])
        assert ("change", True) == await anext(stream)
        feed.close()
        assert [] == await _all(stream)


async def test_listeners_do_not_keep_the_console_from_ending() -> None:
    feed = ClickFeed()
    async with asyncio.TaskGroup() as tasks, serve_console(MemoryAnalytics(), feed) as address:
        stream = stream_events(f"{address}/live")
        await anext(stream)
        rest = tasks.create_task(_all(stream))
    assert [] == await rest


@needs_chromium
async def test_a_page_shows_clicks_without_being_loaded_again_until_it_is_paused() -> None:
    analytics, feed = MemoryAnalytics(), ClickFeed()

    async def store(message: JudgedMessage) -> None:
        await analytics.store([], [message])
        feed.on_stored([message])

    await store(clicked("m1", "a"))
    await store(make_judged_message(sent("m2"), delivered("m2")))
    complaints: list[str] = []
    async with serve_console(analytics, feed) as address, chromium() as browser:
        page = await browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{address}/campaign?name=spring")
        button, rates = page.locator("#live"), page.locator(".rates strong")
        await expect(button).to_have_text("Live")
        await expect(rates).to_have_text("50.0%")
        await page.get_by_role("link", name="See each click").focus()
        await page.evaluate("window.same = true")
        await store(clicked("m2", "b"))
        await expect(rates).to_have_text("100.0%")
        assert await page.evaluate("window.same && document.activeElement.textContent.startsWith('See each click')")

        await button.click()
        await expect(button).to_have_text("Paused")
        await store(clicked("m3", "c", by=Verdict.BOT))
        await button.click()
        await expect(page.locator(".rates s")).to_have_text("100.0%")
        await expect(button).to_have_attribute("aria-pressed", "true")
    assert [] == complaints


@needs_chromium
async def test_a_page_whose_numbers_are_being_counted_asks_until_they_are() -> None:
    analytics = MemoryAnalytics()
    analytics.as_of = SENT_AT
    await analytics.store([], [clicked("m1", "a")])
    async with serve_console(analytics) as address, chromium() as browser:
        page = await browser.new_page()
        for path in ("/", "/campaign?name=spring"):
            analytics.as_of = SENT_AT
            await page.goto(f"{address}{path}")
            await expect(page.locator("#live")).to_have_text("Live")
            await expect(page.locator(".counting")).to_be_visible()
            analytics.as_of = None
            await expect(page.locator(".counting")).to_have_count(0)


@needs_chromium
async def test_a_page_out_of_view_lets_others_have_its_connection() -> None:
    analytics, feed = MemoryAnalytics(), ClickFeed()
    await analytics.store([], [clicked("m1", "a")])
    async with serve_console(analytics, feed) as address, chromium() as browser:
        context = await browser.new_context()
        await context.add_init_script(HIDABLE)
        pages = [await context.new_page() for _ in range(8)]
        for page in pages:
            await page.goto(f"{address}/campaign?name=spring")
            await expect(page.locator("#live")).to_have_text("Live")
            await page.evaluate("hide(true)")
        await analytics.store([], [clicked("m2", "b", by=Verdict.BOT)])
        await pages[0].evaluate("hide(false)")
        await expect(pages[0].locator("#live")).to_have_text("Live")
        await expect(pages[0].locator(".rates s")).to_have_text("100.0%")


async def _all(stream: AsyncGenerator[StreamEvent, None]) -> list[StreamEvent]:
    return [event async for event in stream]
