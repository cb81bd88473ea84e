"""Take the pictures that the documentation shows: the demo's campaign in the console, in Chromium.

python -m bench.screenshots [--folder FOLDER]
"""

import asyncio
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer
from playwright.async_api import expect

from clicktrail.demo.newsletter import CAMPAIGN
from clicktrail.demo.run import Demo
from tests.support.chromium import chromium

_IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
_WIDTH: Final = 1000
_HEIGHT: Final = 900
_SCALE: Final = 1.5
"""Pixels for one of the page's: screens that show more are common."""


def main(folder: Annotated[Path, typer.Option(help="Where the pictures go.")] = _IMAGES) -> None:
    """Run the demo, and take a picture of what its console shows."""
    asyncio.run(_take_screenshot(folder))


async def _take_screenshot(folder: Path) -> None:
    async with Demo() as running:
        outcome = await running.run(lambda _step, _done: None)
        async with chromium() as browser:
            page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=_SCALE)
            await page.goto(f"{outcome.console_url}/campaign?name={quote(CAMPAIGN)}")
            await expect(page.locator("#live")).to_have_text("Live")
            await page.screenshot(path=folder / "console.png")


if __name__ == "__main__":
    typer.run(main)
