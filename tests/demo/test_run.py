"""The demo as a whole."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from clicktrail.demo.population.plan import GroundTruth
from clicktrail.demo.run import Demo, DemoResult
from clicktrail.errors import SettingsError
from clicktrail.report import CampaignReport, UniqueClickers
from clicktrail.server.api import schemas

SIZE = 100
WINDOW_S = 15.0


def console_in(run_file: Path) -> str:
    """Give the console's address, once the file is there."""
    return str(json.loads(run_file.read_text("utf-8"))["console"]) if run_file.exists() else ""


def names_in(folder: Path) -> list[str]:
    """Give the names of what is in a folder."""
    return [path.name for path in folder.iterdir()]


@pytest.mark.timeout(180)
async def test_a_campaign_is_sent_clicked_and_reported(tmp_path: Path, summarize: Callable[[str], None]) -> None:
    told: list[tuple[str, float]] = []
    async with Demo(data=tmp_path / "kept", recipient_count=SIZE, window_s=WINDOW_S) as demo:
        outcome = await demo.run(lambda step, done: told.append((step, done)))
        visits = demo.landing_requests
    summarize(f"raw {outcome.raw_click_rate}, human {outcome.human_click_rate}, true {outcome.true_click_rate}")
    assert SIZE == outcome.report.delivered
    assert outcome.true_click_rate > 0
    assert outcome.raw_click_rate > 3 * outcome.true_click_rate
    error, raw_error = (
        abs(rate - outcome.true_click_rate) for rate in (outcome.human_click_rate, outcome.raw_click_rate)
    )
    assert error < raw_error / 3
    assert any("utm_source=email&utm_medium=newsletter&utm_campaign=winter-letter" in visit for visit in visits)
    assert ["sending", "clicking", "judging", "done"] == list(dict.fromkeys(step for step, _ in told))
    assert sorted(done for _, done in told) == [done for _, done in told]
    assert (tmp_path / "kept" / "data").is_dir()


@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGTERM, os.kill), (signal.SIGINT, os.kill), (signal.SIGINT, os.killpg)],
    ids=["SIGTERM", "SIGINT", "SIGINT to its group"],
)
async def test_a_demo_that_is_told_to_end_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals, send: Callable[[int, int], None]
) -> None:
    run_file = tmp_path / "data" / "run.json"
    demo = await asyncio.create_subprocess_exec(
        *("sh", "-c", "trap '' INT; exec \"$@\"", "sh"),
        *(sys.executable, "-m", "clicktrail", "demo", "--once", "--data", str(tmp_path)),
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    console = ""
    async with asyncio.timeout(30):
        while not console:
            await asyncio.sleep(0.05)
            console = console_in(run_file)
    send(demo.pid, number)
    assert 128 + number == await demo.wait()
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(console)


async def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(SettingsError):
        async with Demo(data=tmp_path):
            pass
    assert ["mine.txt"] == names_in(tmp_path)


def test_rates_are_of_what_was_delivered() -> None:
    truth = GroundTruth(clickers=frozenset({"ada@a.example"}), request_counts={})
    outcome = DemoResult(
        report=schemas.Campaign.from_report(
            CampaignReport(campaign="spring", reported_deliveries=4, unique=UniqueClickers(raw=3, human=2))
        ),
        truth=truth,
        console_url="http://127.0.0.1:1",
    )
    assert (0.75, 0.5, 0.25) == (outcome.raw_click_rate, outcome.human_click_rate, outcome.true_click_rate)
