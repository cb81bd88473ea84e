import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.serving import RunningServer, running_server, wait_for_report
from tests.support.waiting import wait_until

VISITOR = "198.51.100.9"
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept-Language": "en",
    "X-Forwarded-For": VISITOR,
}


async def click_once(running: RunningServer) -> None:
    """A human click in the campaign ``spring``."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        await client.get(token_path(ring=running.ring), headers=BROWSER)
    await wait_for_report(running, "spring", clicks=1)


async def rejudge_spring(folder: Path, *arguments: str) -> dict[str, Any]:
    """The command's result for the campaign ``spring``."""
    run = await asyncio.to_thread(run_clicktrail, "rejudge", "--json", *arguments, folder=folder)
    assert run.returncode == 0, run.stderr
    (campaign,) = json.loads(run.stdout)["campaigns"]
    assert isinstance(campaign, dict)
    return campaign


async def test_new_operator_network_changes_stored_verdicts(tmp_path: Path) -> None:
    (tmp_path / "scanner.txt").write_text(f"{VISITOR}/32\n")
    async with running_server(tmp_path) as running:
        await click_once(running)
        assert (await rejudge_spring(tmp_path))["changes"] == []
        update = ("networks", "update", "scanner.txt", "--name", "a scanner", "--class", "mail-security")
        assert run_clicktrail(*update, folder=tmp_path).returncode == 0
        # The engine reloads the list after some time.
        dry_run = await wait_until(lambda: rejudge_spring(tmp_path, "--dry-run"), lambda result: result["changes"])
        assert (await rejudge_spring(tmp_path, "--since", "2099-01-01", "--dry-run"))["changes"] == []
        assert await rejudge_spring(tmp_path, "--campaign", "spring") == dry_run
        (report,) = json.loads(run_clicktrail("report", "--json", folder=tmp_path).stdout)["campaigns"]
    assert dry_run["changes"] == [{"from": "human", "to": "bot", "clicks": 1}]
    assert dry_run["unique"]["human"] == {"before": 1, "after": 0}
    assert (report["clicks"]["bot"], report["clicks"]["human"]) == (1, 0)
    second_run = run_clicktrail("rejudge", folder=tmp_path)
    assert second_run.stdout == "Clicks judged again: 1; 0 have another verdict now.\n"


def test_rejudge_before_the_first_start_writes_no_file(tmp_path: Path) -> None:
    unknown_campaign = run_clicktrail("rejudge", "--campaign", "spring", folder=tmp_path)
    assert unknown_campaign.returncode == 1
    assert "there is no campaign 'spring'" in unknown_campaign.stderr
    all_campaigns = run_clicktrail("rejudge", "--json", folder=tmp_path)
    assert json.loads(all_campaigns.stdout) == {"applied": True, "campaigns": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("time", ["9999-12-31", "0001-01-01"])
def test_time_out_of_range_is_refused(tmp_path: Path, time: str) -> None:
    process = run_clicktrail("rejudge", "--since", time, folder=tmp_path)
    assert (process.returncode, process.stdout) == (2, "")
    assert "is not between 1970 and 2099" in process.stderr
