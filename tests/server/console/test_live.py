import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from playwright.async_api import expect

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import MAX_QUEUED_CLICKS, ClickFeed
from clicktrail.server.ports import JudgedMessage
from tests.support.chromium import chromium, needs_chromium
from tests.support.console import serve_console
from tests.support.judged_lines import BURST, click, delivered, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics
from tests.support.server_sent_events import StreamEvent, stream_events

HIDE_SCRIPT = """\
let hidden = false
Object.defineProperty(document, "hidden", { get: () => hidden })
globalThis.setHidden = (value) => {
  hidden = value
  document.dispatchEvent(new Event("visibilitychange"))
}
"""
"""Headless Chromium treats every page as visible, so this script sets whether it is."""


def make_clicked_message(
    name: str, *clicks: str, campaign: str = "spring", verdict: Verdict = Verdict.HUMAN
) -> JudgedMessage:
    """A delivered message with clicks."""
    reasons = () if verdict is Verdict.HUMAN else (BURST,)
    judged_clicks = [make_judged_click(click(name, number, campaign=campaign), verdict, *reasons) for number in clicks]
    return make_judged_message(
        sent(name, campaign=campaign), delivered(name, campaign=campaign), clicks=tuple(judged_clicks)
    )


async def test_click_is_streamed_when_it_is_stored() -> None:
    feed = ClickFeed()
    async with (
        serve_console(MemoryAnalytics(), feed) as address,
        aclosing(stream_events(f"{address}/api/live?campaign=spring")) as stream,
    ):
        assert await anext(stream) == ("listening", None)
        feed.on_stored(
            [make_clicked_message("m0", "x", campaign="autumn"), make_clicked_message("m1", "a", verdict=Verdict.BOT)]
        )
        name, data = await anext(stream)
        assert name == "click"
        keys = ("campaign", "id", "verdict", "previous_verdict")
        assert [data[key] for key in keys] == ["spring", "m1-a", "bot", None]
        assert data["reasons"] == [{"signal": "burst", "points": 5, "detail": "7 links in 0.6 s"}]


async def test_number_of_dropped_clicks_is_streamed() -> None:
    feed = ClickFeed()
    async with (
        serve_console(MemoryAnalytics(), feed) as address,
        aclosing(stream_events(f"{address}/api/live")) as stream,
    ):
        await anext(stream)
        feed.on_stored([make_clicked_message("m1", *map(str, range(MAX_QUEUED_CLICKS + 7)))])
        assert await anext(stream) == ("dropped", 7)
        name, data = await anext(stream)
        assert (name, data["id"]) == ("click", "m1-7")


async def test_page_gets_one_event_for_changes_in_quick_succession() -> None:
    feed = ClickFeed()
    async with serve_console(MemoryAnalytics(), feed) as address, aclosing(stream_events(f"{address}/live")) as stream:
        await anext(stream)
        for stored in (
            [make_clicked_message("m1", "a", "b"), make_clicked_message("m2", "c")],
            [make_judged_message(sent("m3"))],
        ):
            feed.on_stored(stored)
            assert await anext(stream) == ("change", True)
        feed.on_stored([make_clicked_message("m4", "d")])
        feed.on_stored([make_clicked_message("m5", "e")])
        assert await anext(stream) == ("change", True)
        feed.close()
        assert await _collect(stream) == []


async def test_open_streams_end_when_the_console_stops() -> None:
    feed = ClickFeed()
    async with asyncio.TaskGroup() as tasks, serve_console(MemoryAnalytics(), feed) as address:
        stream = stream_events(f"{address}/live")
        await anext(stream)
        remaining_events = tasks.create_task(_collect(stream))
    assert await remaining_events == []


@needs_chromium
async def test_page_updates_in_place_until_it_is_paused() -> None:
    analytics, feed = MemoryAnalytics(), ClickFeed()

    async def store(message: JudgedMessage) -> None:
        await analytics.store([], [message])
        feed.on_stored([message])

    await store(make_clicked_message("m1", "a"))
    await store(make_judged_message(sent("m2"), delivered("m2")))
    console_messages: list[str] = []
    async with serve_console(analytics, feed) as address, chromium() as browser:
        page = await browser.new_page()
        page.on("console", lambda message: console_messages.append(message.text))
        await page.goto(f"{address}/campaign?name=spring")
        button, rates = page.locator("#live"), page.locator(".rates strong")
        await expect(button).to_have_text("Live")
        await expect(rates).to_have_text("50.0%")
        await page.get_by_role("link", name="See each click").focus()
        await page.evaluate("window.notReloaded = true")
        await store(make_clicked_message("m2", "b"))
        await expect(rates).to_have_text("100.0%")
        assert await page.evaluate(
            "window.notReloaded && document.activeElement.textContent.startsWith('See each click')"
        )

        await button.click()
        await expect(button).to_have_text("Paused")
        await store(make_clicked_message("m3", "c", verdict=Verdict.BOT))
        await button.click()
        await expect(page.locator(".rates s")).to_have_text("100.0%")
        await expect(button).to_have_attribute("aria-pressed", "true")
    assert console_messages == []


@needs_chromium
async def test_hidden_page_closes_its_connection() -> None:
    analytics, feed = MemoryAnalytics(), ClickFeed()
    await analytics.store([], [make_clicked_message("m1", "a")])
    async with serve_console(analytics, feed) as address, chromium() as browser:
        context = await browser.new_context()
        await context.add_init_script(HIDE_SCRIPT)
        pages = [await context.new_page() for _ in range(8)]
        for page in pages:
            await page.goto(f"{address}/campaign?name=spring")
            await expect(page.locator("#live")).to_have_text("Live")
            await page.evaluate("setHidden(true)")
        await analytics.store([], [make_clicked_message("m2", "b", verdict=Verdict.BOT)])
        await pages[0].evaluate("setHidden(false)")
        await expect(pages[0].locator("#live")).to_have_text("Live")
        await expect(pages[0].locator(".rates s")).to_have_text("100.0%")


async def _collect(stream: AsyncGenerator[StreamEvent, None]) -> list[StreamEvent]:
    return [event async for event in stream]
