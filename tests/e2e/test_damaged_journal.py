"""A damaged journal and a damaged cursor, seen from outside: reports, health, metrics, log and doctor."""

import asyncio
import json
from pathlib import Path

import httpx2

from clicktrail import keyring_file
from clicktrail.server.journal.segments import list_segments
from clicktrail.server.settings import Settings
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import SENT, click, write_journal
from tests.support.serving import running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S, wait_until


async def test_damage_is_reported_and_all_other_clicks_are_counted(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    await asyncio.to_thread(write_journal, settings, SENT, *map(click, range(5)))
    (segment,) = list_segments(settings.journal_path / "edge-0")
    content = segment.path.read_bytes()
    segment.path.write_bytes(content.replace(b"https://example.com/1", b"https://example.com/!"))
    settings.analytics_path.mkdir()
    (settings.journal_path / "cursor.json").write_bytes(b'{"segments":{"edge-0/0000000001":[9999]}}')

    async with running_server(tmp_path, workers=1) as running:
        report = await wait_for_report(running, "winter", clicks=4)
        async with httpx2.AsyncClient(base_url=running.metrics, timeout=TIMEOUT_S) as client:

            async def fetch_problems() -> dict[str, str]:
                engine = (await client.get("/healthz")).json()["processes"]["engine"]
                return {problem["code"]: problem["hint"] for problem in engine["problems"]}

            problems = await wait_until(fetch_problems, lambda problems: "journal-damaged" in problems)
            metrics = (await client.get("/metrics")).text
        config = ("--config", str(tmp_path / "clicktrail.toml"))
        doctor = await asyncio.to_thread(run_clicktrail, "doctor", "--json", *config, folder=tmp_path)

    assert sorted(link["url"] for link in report["links"]) == [f"https://example.com/{link}" for link in (0, 2, 3, 4)]
    damaged_bytes = [line.split()[-1] for line in metrics.splitlines() if line.startswith("clicktrail_journal_damaged")]
    assert f"{int(float(damaged_bytes[0])):,} bytes are damaged in edge-0/0000000001" in problems["journal-damaged"]
    assert "cursor.json.damaged" in problems["cursor-damaged"]
    findings = {finding["code"] for finding in json.loads(doctor.stdout)["findings"]}
    assert {"journal-damaged", "cursor-damaged"} <= findings
    (damage,) = [json.loads(line) for line in running.log if "journal segment is damaged" in line]
    assert (damage["segment"], damage["level"]) == ("edge-0/0000000001", "error")
    assert segment.id.hex() not in "\n".join(running.log)
