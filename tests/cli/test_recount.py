import asyncio
import json
from pathlib import Path

import httpx2

from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.serving import running_server, wait_for_report


async def test_recount_gives_the_same_numbers_with_and_without_an_engine(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        async with httpx2.AsyncClient(base_url=running.edge) as client:
            await client.get(token_path(ring=running.ring))
        await wait_for_report(running, "spring", clicks=1)
        run = await asyncio.to_thread(run_clicktrail, "recount", "--json", folder=tmp_path)
    assert json.loads(run.stdout) == {
        "campaigns": [{"campaign": "spring", "clicks": 1, "unique": 1, "corrected": False}]
    }
    assert run_clicktrail("recount", "spring", "--json", folder=tmp_path).stdout == run.stdout
    text = run_clicktrail("recount", folder=tmp_path).stdout
    assert text == "Campaigns counted: 1; 0 had other numbers before.\n"


def test_recount_before_the_first_start_writes_no_file(tmp_path: Path) -> None:
    unknown_campaign = run_clicktrail("recount", "spring", folder=tmp_path)
    assert unknown_campaign.returncode == 1
    assert "there is no campaign 'spring'" in unknown_campaign.stderr
