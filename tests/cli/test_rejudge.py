import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.serving import RunningServer, running_server, wait_for_report

VISITOR = "198.51.100.9"
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept-Language": "en",
    "X-Forwarded-For": VISITOR,
}


async def click_once(running: RunningServer) -> None:
    """One person's click in the campaign ``spring``."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        await client.get(token_path(ring=running.ring), headers=BROWSER)
    await wait_for_report(running, "spring", clicks=1)


async def rejudged(folder: Path, *arguments: str) -> dict[str, Any]:
    """What the command says of the campaign ``spring``."""
    done = await asyncio.to_thread(run_clicktrail, "rejudge", "--json", *arguments, folder=folder)
    assert 0 == done.returncode, done.stderr
    (campaign,) = json.loads(done.stdout)["campaigns"]
    assert isinstance(campaign, dict)
    return campaign


async def test_what_an_operator_learnt_of_a_network_holds_for_clicks_of_before(tmp_path: Path) -> None:
    (tmp_path / "scanner.txt").write_text(f"{VISITOR}/32\n")
    async with running_server(tmp_path) as running:
        await click_once(running)
        assert [] == (await rejudged(tmp_path))["changes"]
        update = ("networks", "update", "scanner.txt", "--name", "a scanner", "--class", "mail-security")
        assert 0 == run_clicktrail(*update, folder=tmp_path).returncode
        async with asyncio.timeout(30):  # until the engine has read the list
            while not (shown := await rejudged(tmp_path, "--dry-run"))["changes"]:
                pass
        assert [] == (await rejudged(tmp_path, "--since", "2999-01-01", "--dry-run"))["changes"]
        assert shown == await rejudged(tmp_path, "--campaign", "spring")
        (report,) = json.loads(run_clicktrail("report", "--json", folder=tmp_path).stdout)["campaigns"]
    assert ([{"from": "human", "to": "bot", "clicks": 1}], {"before": 1, "after": 0}) == (
        shown["changes"],
        shown["unique"]["human"],
    )
    assert (1, 0) == (report["clicks"]["bot"], report["clicks"]["human"])
    again = run_clicktrail("rejudge", folder=tmp_path)
    assert "Clicks judged again: 1; 0 have another verdict now.\n" == again.stdout


def test_there_may_be_nothing_to_judge(tmp_path: Path) -> None:
    unknown = run_clicktrail("rejudge", "--campaign", "spring", folder=tmp_path)
    assert (1, True) == (unknown.returncode, "there is no campaign 'spring'" in unknown.stderr)
    nothing = run_clicktrail("rejudge", "--json", folder=tmp_path)
    assert {"applied": True, "campaigns": []} == json.loads(nothing.stdout)
    assert [] == list(tmp_path.iterdir())
