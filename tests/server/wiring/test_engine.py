import asyncio
import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx2
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from clicktrail import keyring_file
from clicktrail.model.verdict import Verdict
from clicktrail.server.journal.segments import list_segment_numbers
from clicktrail.server.pipeline.shared_address import MIN_CLICKS
from clicktrail.server.ports import JudgedMessage
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.engine import VerdictChangeLogger
from clicktrail.server.wiring.offline import OfflineReports
from tests.support.edge import token_path
from tests.support.judged_lines import click as judged_click
from tests.support.judged_lines import make_judged_click, make_judged_message
from tests.support.recorded_journal import click as recorded_click
from tests.support.recorded_journal import write_journal
from tests.support.serving import RunningServer, running_server
from tests.support.worker_process import running_worker


async def test_an_engine_relays_and_shows(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as relay, socket.create_server(("127.0.0.1", 0)) as console:
        relay_host, relay_port = relay.getsockname()
        console_host, console_port = console.getsockname()
        async with running_worker("engine", tmp_path, [relay, console]) as process:
            async with aiosmtplib.SMTP(hostname=relay_host, port=relay_port, start_tls=False) as sender:
                greeted = await sender.ehlo()
            async with httpx2.AsyncClient() as client:
                reports = await client.get(f"http://{console_host}:{console_port}/api/campaigns")

    assert 250 == greeted.code
    assert {"campaigns": []} == reports.json()
    assert 0 == process.returncode


async def test_what_is_in_analytics_leaves_the_journal(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text("[journal]\nretention_hours = 0\n", "utf-8")
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    for link in range(3):
        await asyncio.to_thread(write_journal, settings, recorded_click(link))
    with socket.create_server(("127.0.0.1", 0)) as relay, socket.create_server(("127.0.0.1", 0)) as console:
        async with running_worker("engine", tmp_path, [relay, console]):
            for _ in range(600):
                if list_segment_numbers(settings.journal_path / "edge-0") == [4]:
                    break
                await asyncio.sleep(0.05)
    assert [4] == list_segment_numbers(settings.journal_path / "edge-0")
    with OfflineReports(settings) as reports:
        (campaign,) = await asyncio.to_thread(reports.campaigns, "winter")
    assert campaign.clicks.total == 3


async def click(running: RunningServer, times: int) -> None:
    """Follow one link as often, by a client on this machine."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        for _ in range(times):
            await client.get(token_path(ring=running.ring))


async def engine_once_troubled(running: RunningServer) -> dict[str, Any]:
    """What the private port says of the engine, once that has troubles and has logged them."""
    async with httpx2.AsyncClient(base_url=running.metrics) as client:
        async with asyncio.timeout(20):
            while True:
                engine: dict[str, Any] = (await client.get("/healthz")).json()["processes"]["engine"]
                if engine["problems"] and any("too many clicks" in line for line in running.log):
                    return engine
                await asyncio.sleep(0.05)


async def test_a_proxy_that_is_not_trusted_is_noticed(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        await click(running, MIN_CLICKS)
        engine = await engine_once_troubled(running)
        async with httpx2.AsyncClient(base_url=running.metrics) as client:
            metrics = (await client.get("/metrics")).text

    (trouble,) = engine["problems"]
    (warning,) = [json.loads(line) for line in running.log if "too many clicks" in line]
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    processed = {sample.value for sample in samples if sample.name == "clicktrail_events_processed_total"}
    assert ("dominant-ip-address", warning["hint"]) == (trouble["code"], trouble["hint"])
    assert "127.0.0.0/24" in trouble["hint"]
    assert "edge.trusted_proxies" in trouble["hint"]
    assert {MIN_CLICKS} == processed


def message(name: str, *before: Verdict | None, campaign: str = "spring") -> JudgedMessage:
    """A message whose clicks are a bot's now; None where that is the first verdict."""
    clicks = [
        make_judged_click(judged_click(name, str(number), campaign=campaign, recipient="ann@example.com"), Verdict.BOT)
        for number, _ in enumerate(before)
    ]
    stood = {of.click.id: known for of, known in zip(clicks, before, strict=True) if known}
    return dataclasses.replace(make_judged_message(clicks=tuple(clicks)), previous_verdicts=stood)


def test_changes_are_counted_and_logged_by_campaign() -> None:
    announcements = VerdictChangeLogger()
    human, preview = Verdict.HUMAN, Verdict.PREVIEW
    with capture_logs() as logged:
        announcements.on_stored(
            [message("m1", human, human, None), message("m2", human), message("m3", human, preview, campaign="autumn")]
        )
        announcements.on_stored([message("m4", None)])
    assert {"human_to_bot": 4, "preview_to_bot": 1} == announcements.change_counts
    assert [("autumn", "human_to_bot", 1), ("autumn", "preview_to_bot", 1), ("spring", "human_to_bot", 3)] == [
        (line["campaign"], line["change"], line["clicks"]) for line in logged
    ]
    assert {"click.reclassified"} == {line["event"] for line in logged}
    assert {"event", "log_level", "part", "campaign", "change", "clicks"} == {key for line in logged for key in line}
