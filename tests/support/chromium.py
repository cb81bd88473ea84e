"""Debian's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from clicktrail.server.settings import get_environment

_PROGRAM = Path("/usr/bin/chromium")
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

needs_chromium = pytest.mark.skipif(
    not _PROGRAM.exists() and get_environment().get("CI") != "true",
    reason="Chromium is not installed: apt install chromium",
)


@asynccontextmanager
async def chromium(*switches: str) -> AsyncIterator[Browser]:
    """Run Chromium while the context is open, with additional switches."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_PROGRAM, args=[*_SWITCHES, *switches])
        yield browser
        await browser.close()
