import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from playwright.async_api import expect

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.feed import ROOM, LiveClicks
from clicktrail.server.ports import JudgedMessage
from tests.browsers import chromium, needs_chromium
from tests.consoles import served
from tests.judged import BURST, click, delivered, judged, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics
from tests.streams import Told, events


def clicked(name: str, *clicks: str, campaign: str = "spring", by: Verdict = Verdict.HUMAN) -> JudgedMessage:
    """A message that was delivered, and clicked in."""
    reasons = () if by is Verdict.HUMAN else (BURST,)
    told = [verdict(click(name, each, campaign=campaign), by, *reasons) for each in clicks]
    return judged(sent(name, campaign=campaign), delivered(name, campaign=campaign), clicks=tuple(told))


async def test_a_program_hears_of_each_click_at_once() -> None:
    """In the shape of `/api/clicks`, with its campaign and what it was before; other campaigns' are left out."""
    live = LiveClicks()
    async with (
        served(MemoryAnalytics(), live) as address,
        aclosing(events(f"{address}/api/live?campaign=spring")) as stream,
    ):
        assert ("listening", None) == await anext(stream)
        live.stored([clicked("m0", "x", campaign="autumn"), clicked("m1", "a", by=Verdict.BOT)])
        name, told = await anext(stream)
        assert ("click", "spring", "m1-a", "bot", None) == (
            name,
            *(told[key] for key in ("campaign", "id", "verdict", "was")),
        )
        assert [{"signal": "burst", "points": 5, "detail": "7 links in 0.6 s"}] == told["reasons"]


async def test_a_program_is_told_what_it_missed() -> None:
    """Where clicks come faster than they are fetched, it hears how many there were besides."""
    live = LiveClicks()
    async with served(MemoryAnalytics(), live) as address, aclosing(events(f"{address}/api/live")) as stream:
        await anext(stream)
        live.stored([clicked("m1", *map(str, range(ROOM + 7)))])
        assert ("missed", 7) == await anext(stream)
        assert ("click", "m1-7") == ((told := await anext(stream))[0], told[1]["id"])


async def test_a_page_hears_once_however_many_clicks_there_were() -> None:
    """It asks for all of itself each time."""
    live = LiveClicks()
    async with served(MemoryAnalytics(), live) as address, aclosing(events(f"{address}/live")) as stream:
        await anext(stream)
        live.stored([clicked("m1", "a", "b"), clicked("m2", "c")])
        assert ("change", 3) == await anext(stream)
        live.stored([clicked("m3", "d")])
        live.stored([clicked("m4", "e")])
        assert ("change", 2) == await anext(stream)


async def test_listeners_do_not_keep_the_console_from_ending() -> None:
    """They are let go when it is to stop."""
    live = LiveClicks()
    async with asyncio.TaskGroup() as tasks, served(MemoryAnalytics(), live) as address:
        stream = events(f"{address}/live")
        await anext(stream)
        rest = tasks.create_task(_all(stream))
    assert [] == await rest


@needs_chromium
async def test_a_page_shows_clicks_without_being_loaded_again_until_it_is_paused() -> None:
    """Its figures change where they stand, and what has focus keeps it."""
    analytics, live = MemoryAnalytics(), LiveClicks()

    async def store(message: JudgedMessage) -> None:
        await analytics.store([], [message])
        live.stored([message])

    await store(clicked("m1", "a"))
    await store(judged(sent("m2"), delivered("m2")))
    complaints: list[str] = []
    async with served(analytics, live) as address, chromium() as browser:
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


async def _all(stream: AsyncGenerator[Told, None]) -> list[Told]:
    return [event async for event in stream]
