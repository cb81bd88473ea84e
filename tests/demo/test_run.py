"""The whole demo, in process; tests/cli/test_demo.py tests the command and the accuracy of its report."""

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
from clicktrail.report import CampaignReport, UniqueClickers
from clicktrail.server.api import schemas
from tests.support.waiting import wait_until

RECIPIENT_COUNT = 50
WINDOW_S = 15.0


async def test_campaign_is_sent_clicked_and_reported(tmp_path: Path) -> None:
    progress: list[tuple[str, float]] = []
    async with Demo(data=tmp_path / "kept", recipient_count=RECIPIENT_COUNT, window_s=WINDOW_S) as demo:
        result = await demo.run(lambda step, done: progress.append((step, done)))
        page_requests = demo.landing_requests
    assert result.report.delivered == RECIPIENT_COUNT
    assert result.raw_click_rate > result.true_click_rate > 0
    utm = "utm_source=email&utm_medium=newsletter&utm_campaign=winter-letter"
    assert any(utm in target for target in page_requests)
    assert list(dict.fromkeys(step for step, _ in progress)) == ["sending", "clicking", "judging", "done"]
    shares = [share for _, share in progress]
    assert shares == sorted(shares)
    assert (tmp_path / "kept" / "data").is_dir()


@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGTERM, os.kill), (signal.SIGINT, os.kill), (signal.SIGINT, os.killpg)],
    ids=["SIGTERM", "SIGINT", "SIGINT to its group"],
)
async def test_signal_stops_the_demo_and_its_server(
    tmp_path: Path, number: signal.Signals, send: Callable[[int, int], None]
) -> None:
    # The shell ignores SIGINT, as shells do for background processes.
    demo = await asyncio.create_subprocess_exec(
        *("sh", "-c", "trap '' INT; exec \"$@\"", "sh"),
        *(sys.executable, "-m", "clicktrail", "demo", "--once", "--data", str(tmp_path)),
        stderr=subprocess.DEVNULL,
        process_group=0,
    )

    async def read_console_url() -> str:
        run_file = tmp_path / "data" / "run.json"
        return str(json.loads(run_file.read_text("utf-8"))["console"]) if run_file.exists() else ""

    console_url = await wait_until(read_console_url)
    send(demo.pid, number)
    assert await demo.wait() == 128 + number
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(console_url)


def test_rates_are_shares_of_delivered_messages() -> None:
    result = DemoResult(
        report=schemas.Campaign.from_report(
            CampaignReport(campaign="spring", reported_deliveries=4, unique=UniqueClickers(raw=3, human=2))
        ),
        truth=GroundTruth(clickers=frozenset({"ada@a.example"}), request_counts={}),
        console_url="http://127.0.0.1:1",
    )
    assert (result.raw_click_rate, result.human_click_rate, result.true_click_rate) == (0.75, 0.5, 0.25)
