import json
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from msgspec.structs import replace

from clicktrail.server.settings import Settings
from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.recorded_journal import SENT, click, write_journal
from tests.support.serving import RunningServer, running_server, wait_for_report


async def click_once(running: RunningServer) -> None:
    """A human click in the campaign ``spring``."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        await client.get(token_path(ring=running.ring), headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})


async def test_report_is_the_same_with_and_without_an_engine(tmp_path: Path) -> None:
    arguments = ("report", "--json", "--filter=time", "--filter=agent", "--config", str(tmp_path / "clicktrail.toml"))
    async with running_server(tmp_path) as running:
        await click_once(running)
        await wait_for_report(running, "spring", clicks=1)
        with_engine = run_clicktrail(*arguments, folder=tmp_path)
    without_engine = run_clicktrail(*arguments, folder=tmp_path)

    (report,) = json.loads(with_engine.stdout)["campaigns"]
    assert (report["campaign"], report["clicks"]["total"]) == ("spring", 1)
    assert [result["filter"] for result in report["filters"]] == ["time", "agent"]
    assert without_engine.stdout == with_engine.stdout
    assert with_engine.stdout == json.dumps({"campaigns": [report]}, indent=2, ensure_ascii=False) + "\n"


async def test_one_campaign_has_its_links(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        await click_once(running)
        await wait_for_report(running, "spring", clicks=1)
        run = run_clicktrail("report", "spring", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert run.returncode == 0
    assert "https://shop.example/" in run.stdout


async def test_unknown_campaign_is_an_error(tmp_path: Path) -> None:
    async with running_server(tmp_path):
        run = run_clicktrail("report", "autumn", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert run.returncode == 1
    assert "clicktrail: error: there is no campaign 'autumn'" in run.stderr


def test_report_before_the_first_start_writes_no_file(tmp_path: Path) -> None:
    run = run_clicktrail("report", folder=tmp_path)

    assert (run.returncode, list(tmp_path.iterdir())) == (0, [])
    assert run.stdout.startswith("No campaigns yet")


def test_log_of_a_folder_without_engine_is_not_in_the_report(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    write_journal(settings, SENT, click(0), replace(click(1), at=datetime(9999, 12, 31, tzinfo=UTC)))
    process = run_clicktrail("report", "winter", "--json", folder=tmp_path)
    (report,) = json.loads(process.stdout)["campaigns"]
    assert report["clicks"]["total"] == 1
    assert "journal line is not an event" in process.stderr
