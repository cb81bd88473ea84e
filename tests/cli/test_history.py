import asyncio
import json
from pathlib import Path

import httpx2

from clicktrail.model.event import AnyEvent, encode_event
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import SENT, click
from tests.support.serving import RunningServer, running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S, wait_until


async def record(running: RunningServer, *events: AnyEvent, clicks: int) -> None:
    """Write events to the journal, and wait until the report has this number of clicks."""
    with SegmentWriter(running.data_folder / "journal" / "test", asyncio.get_running_loop()) as writer:
        for event in events:
            writer.append(encode_event(event), lambda _committed: None)
    await wait_for_report(running, "winter", clicks=clicks)


async def wait_for_metric(running: RunningServer) -> str:
    """The line of the metric that counts changes."""
    async with httpx2.AsyncClient(base_url=running.metrics, timeout=TIMEOUT_S) as client:

        async def fetch_changes() -> list[str]:
            lines = (await client.get("/metrics")).text.splitlines()
            return [line for line in lines if line.startswith("clicktrail_verdicts_changed_total")]

        (line,) = await wait_until(fetch_changes)
        return line


async def test_history_is_the_same_with_and_without_an_engine(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    arguments = [
        ("winter",),
        ("winter", "--json"),
        ("winter", "--click", "c1"),
        ("winter", "--click", "c0", "--limit", "1"),
    ]

    def run_history() -> list[str]:
        runs = [run_clicktrail("history", *argument, *config, folder=tmp_path) for argument in arguments]
        assert [run.returncode for run in runs] == [0] * len(runs), runs
        return [run.stdout for run in runs]

    async with running_server(tmp_path) as running:
        await record(running, SENT, click(0), clicks=1)
        await record(running, click(1), click(2), clicks=3)
        with_engine = await asyncio.to_thread(run_history)
        unknown = await asyncio.to_thread(run_clicktrail, "history", "autumn", *config, folder=tmp_path)
        metric = await wait_for_metric(running)

    assert run_history() == with_engine
    table, document, unchanged_click, changed_click = with_engine
    (change,) = json.loads(document)["changes"]
    assert (change["click_id"], change["from"], change["to"]) == ("c0", "human", "bot")
    assert changed_click == table
    assert unchanged_click == "No verdict has changed.\n"
    assert "human to bot" in table
    assert f"\n{change['signals'][0]}: " in table
    assert metric == 'clicktrail_verdicts_changed_total{change="human_to_bot",process="engine"} 1.0'
    (line,) = [json.loads(line) for line in running.log if "click.reclassified" in line]
    assert (line["campaign"], line["change"], line["clicks"]) == ("winter", "human_to_bot", 1)
    assert unknown.returncode == 1
    assert "there is no campaign 'autumn'" in unknown.stderr


def test_history_before_the_first_start_writes_no_file(tmp_path: Path) -> None:
    run = run_clicktrail("history", "winter", folder=tmp_path)
    assert (run.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "there is no campaign" in run.stderr
