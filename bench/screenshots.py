"""Take the documentation's screenshots in Chromium: the demo's campaign in the console, and the page of an audit.

python -m bench.screenshots [--folder FOLDER]
"""

import asyncio
import io
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from urllib.parse import quote

import typer
from playwright.async_api import expect

from bench.population.esp_log import record_as_esp
from bench.population.scenarios import LIFELIKE
from bench.population.world import simulate
from clicktrail.cli.audit import audit
from clicktrail.demo.newsletter import CAMPAIGN
from clicktrail.demo.run import Demo
from clicktrail.model.event import encode_event
from tests.support.chromium import chromium

_IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
_WIDTH: Final = 1000
_HEIGHT: Final = 900
_SCALE: Final = 1.5
"""Device pixels per CSS pixel."""
_AUDIT_SEED: Final = 3
_AUDIT_RECIPIENTS: Final = 2_500
_AUDIT_HEIGHT: Final = 1_250
"""The page as far as the first scanners."""


def main(folder: Annotated[Path, typer.Option(help="Folder for the screenshots.")] = _IMAGES) -> None:
    """Take all screenshots."""
    asyncio.run(_take_screenshots(folder))


async def _take_screenshots(folder: Path) -> None:
    await _take_audit(folder)
    await _take_console(folder)


async def _take_audit(folder: Path) -> None:
    """Audit a simulated ESP's log with lifelike shares of people and scanners."""
    simulation = record_as_esp(simulate(LIFELIKE, seed=_AUDIT_SEED, recipient_count=_AUDIT_RECIPIENTS))
    with TemporaryDirectory() as name:
        log, page_file = Path(name) / "november.jsonl", Path(name) / "audit.html"
        log.write_bytes(b"".join(encode_event(event).replace(b"lifelike-", b"") + b"\n" for event in simulation.events))
        with redirect_stdout(io.StringIO()):
            audit(files=[str(log)], html=page_file)
        async with chromium() as browser:
            page = await browser.new_page(
                viewport={"width": _WIDTH, "height": _AUDIT_HEIGHT}, device_scale_factor=_SCALE
            )
            await page.goto(page_file.as_uri())
            await page.screenshot(path=folder / "audit.png")


async def _take_console(folder: Path) -> None:
    async with Demo() as demo:
        result = await demo.run(lambda _step, _done: None)
        async with chromium() as browser:
            page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=_SCALE)
            await page.goto(f"{result.console_url}/campaign?name={quote(CAMPAIGN)}")
            await expect(page.locator("#live")).to_have_text("Live")
            await page.screenshot(path=folder / "console.png")


if __name__ == "__main__":
    typer.run(main)
