"""Take the documentation's screenshots of the demo's campaign in the console, in Chromium.

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
"""Device pixels per CSS pixel."""


def main(folder: Annotated[Path, typer.Option(help="Folder for the screenshots.")] = _IMAGES) -> None:
    """Run the demo, and take screenshots of its console."""
    asyncio.run(_take_screenshot(folder))


async def _take_screenshot(folder: Path) -> None:
    async with Demo() as demo:
        result = await demo.run(lambda _step, _done: None)
        async with chromium() as browser:
            page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=_SCALE)
            await page.goto(f"{result.console_url}/campaign?name={quote(CAMPAIGN)}")
            await expect(page.locator("#live")).to_have_text("Live")
            await page.screenshot(path=folder / "console.png")


if __name__ == "__main__":
    typer.run(main)
