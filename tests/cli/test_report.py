import json
from pathlib import Path

import httpx2

from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.serving import RunningServer, running_server, wait_for_report


async def click_once(running: RunningServer) -> None:
    """One person's click in the campaign ``spring``."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        await client.get(token_path(ring=running.ring), headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})


async def test_the_report_is_the_same_with_and_without_an_engine(tmp_path: Path) -> None:
    arguments = ("report", "--json", "--filter=time", "--filter=agent", "--config", str(tmp_path / "clicktrail.toml"))
    async with running_server(tmp_path) as running:
        await click_once(running)
        await wait_for_report(running, "spring", clicks=1)
        asked = run_clicktrail(*arguments, folder=tmp_path)
    read = run_clicktrail(*arguments, folder=tmp_path)

    (report,) = json.loads(asked.stdout)["campaigns"]
    assert ("spring", 1) == (report["campaign"], report["clicks"]["total"])
    assert ["time", "agent"] == [of["filter"] for of in report["filters"]]
    assert asked.stdout == read.stdout


async def test_one_campaign_is_shown_by_link(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        await click_once(running)
        await wait_for_report(running, "spring", clicks=1)
        done = run_clicktrail("report", "spring", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert 0 == done.returncode
    assert "https://shop.example/" in done.stdout


async def test_an_unknown_campaign_is_an_error(tmp_path: Path) -> None:
    async with running_server(tmp_path):
        done = run_clicktrail("report", "autumn", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert 1 == done.returncode
    assert "clicktrail: error: there is no campaign 'autumn'" in done.stderr


def test_a_report_before_the_first_start_leaves_no_trace(tmp_path: Path) -> None:
    done = run_clicktrail("report", folder=tmp_path)

    assert (0, []) == (done.returncode, list(tmp_path.iterdir()))
    assert done.stdout.startswith("No campaigns yet")
