import asyncio
import json
from pathlib import Path

import httpx2

from clicktrail.model.event import AnyEvent, encode_event
from clicktrail.server.journal.writer import SegmentWriter
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import SENT, click
from tests.support.serving import RunningServer, running_server, wait_for_report


async def record(running: RunningServer, *events: AnyEvent, clicks: int) -> None:
    """Write events to the journal, and wait until the report has so many clicks."""
    with SegmentWriter(running.data_folder / "journal" / "test", asyncio.get_running_loop()) as writer:
        for event in events:
            writer.append(encode_event(event), lambda _committed: None)
    await wait_for_report(running, "winter", clicks=clicks)


async def counted(running: RunningServer) -> str:
    """The line of the metrics that counts changes, once there is one."""
    async with httpx2.AsyncClient(base_url=running.metrics) as client, asyncio.timeout(60):
        while True:
            lines = (await client.get("/metrics")).text.splitlines()
            if found := [line for line in lines if line.startswith("clicktrail_verdicts_changed_total")]:
                return found[0]
            await asyncio.sleep(0.05)


async def test_what_a_click_was_before_is_told_with_and_without_an_engine(tmp_path: Path) -> None:
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    forms = [
        ("winter",),
        ("winter", "--json"),
        ("winter", "--click", "c1"),
        ("winter", "--click", "c0", "--limit", "1"),
    ]
    told: list[list[str]] = []

    def tell() -> None:
        runs = [run_clicktrail("history", *form, *config, folder=tmp_path) for form in forms]
        assert [0] * len(runs) == [run.returncode for run in runs], runs
        told.append([run.stdout for run in runs])

    async with running_server(tmp_path) as running:
        await record(running, SENT, click(0), clicks=1)
        await record(running, click(1), click(2), clicks=3)
        await asyncio.to_thread(tell)
        unknown = await asyncio.to_thread(run_clicktrail, "history", "autumn", *config, folder=tmp_path)
        metric = await counted(running)
    tell()

    table, document, none, same = told[0]
    assert told[0] == told[1]
    (change,) = json.loads(document)["changes"]
    assert ("c0", "human", "bot") == (change["click_id"], change["from"], change["to"])
    assert (table, "No verdict has changed.\n") == (same, none)
    assert "human to bot" in table
    assert f"\n{change['signals'][0]}: " in table
    assert 'clicktrail_verdicts_changed_total{change="human_to_bot",process="engine"} 1.0' == metric
    (line,) = [json.loads(line) for line in running.log if "click.reclassified" in line]
    assert ("winter", "human_to_bot", 1) == (line["campaign"], line["change"], line["clicks"])
    assert (1, True) == (unknown.returncode, "there is no campaign 'autumn'" in unknown.stderr)


def test_history_before_the_first_start_leaves_no_trace(tmp_path: Path) -> None:
    done = run_clicktrail("history", "winter", folder=tmp_path)
    assert (1, True, []) == (done.returncode, "there is no campaign" in done.stderr, list(tmp_path.iterdir()))
