import asyncio
import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from clicktrail import keyring_file
from clicktrail.model.event import encode_event
from clicktrail.model.tracking_domain import RegisteredDomain, TrackingDomain
from clicktrail.model.verdict import Verdict
from clicktrail.server.pipeline.dominant_address import MIN_CLICKS
from clicktrail.server.ports import JournalEntry, JudgedMessage
from clicktrail.server.quarantine import QuarantineFolder
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.engine import VerdictChangeLogger
from clicktrail.server.wiring.offline import OfflineReports
from clicktrail.server.wiring.stores import open_registry
from tests.support.command_line import run_clicktrail
from tests.support.edge import token_path
from tests.support.judged_lines import click as judged_click
from tests.support.judged_lines import make_judged_click, make_judged_message
from tests.support.recorded_journal import click as recorded_click
from tests.support.recorded_journal import list_segment_numbers, write_journal
from tests.support.serving import RunningServer, running_server, wait_for_report
from tests.support.waiting import TIMEOUT_S, wait_until
from tests.support.worker_process import running_worker


async def test_engine_runs_the_console(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as console:
        console_host, console_port = console.getsockname()
        async with running_worker("engine", tmp_path, [console]) as process, httpx2.AsyncClient() as client:
            reports = await client.get(f"http://{console_host}:{console_port}/api/campaigns")

    assert reports.json() == {"campaigns": []}
    assert process.returncode == 0


async def test_processed_segments_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text("[journal]\nretention_hours = 0\n", "utf-8")
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    for link in range(3):
        await asyncio.to_thread(write_journal, settings, recorded_click(link))
    with socket.create_server(("127.0.0.1", 0)) as console:

        async def list_segments() -> list[int]:
            return list_segment_numbers(settings.journal_path / "edge-0")

        async with running_worker("engine", tmp_path, [console]):
            await wait_until(list_segments, lambda numbers: numbers == [])
    assert await asyncio.to_thread(count_clicks, settings) == 3


def count_clicks(settings: Settings) -> int:
    """Clicks of the campaign in analytics."""
    with OfflineReports(settings) as reports:
        (campaign,) = reports.campaigns("winter")
        return campaign.clicks.total


async def send_clicks(running: RunningServer, times: int) -> None:
    """Follow a link several times from one IP address."""
    async with httpx2.AsyncClient(base_url=running.edge) as client:
        for _ in range(times):
            await client.get(token_path(ring=running.ring))


async def wait_for_engine_problem(running: RunningServer) -> dict[str, Any]:
    """Health of the engine, once it has a problem and has logged it."""
    async with httpx2.AsyncClient(base_url=running.metrics, timeout=TIMEOUT_S) as client:

        async def fetch_engine() -> dict[str, Any]:
            engine: dict[str, Any] = (await client.get("/healthz")).json()["processes"]["engine"]
            return engine

        return await wait_until(
            fetch_engine,
            lambda engine: engine["problems"] and any("too many clicks" in line for line in running.log),
        )


async def test_untrusted_proxy_is_a_problem(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        await send_clicks(running, MIN_CLICKS)
        engine = await wait_for_engine_problem(running)
        async with httpx2.AsyncClient(base_url=running.metrics) as client:
            metrics = (await client.get("/metrics")).text

    (problem,) = engine["problems"]
    (warning,) = [json.loads(line) for line in running.log if "too many clicks" in line]
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    processed = {sample.value for sample in samples if sample.name == "clicktrail_events_processed_total"}
    assert (problem["code"], problem["hint"]) == ("dominant-ip-address", warning["hint"])
    assert "127.0.0.0/24" in problem["hint"]
    assert "edge.trusted_proxies" in problem["hint"]
    assert processed == {MIN_CLICKS}


async def test_quarantined_events_are_a_problem_until_they_are_retried(tmp_path: Path) -> None:
    quarantine = QuarantineFolder(tmp_path / "data" / "quarantine", SystemClock())
    keyring_file.load_or_create(tmp_path / "data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    await quarantine.add(JournalEntry(encode_event(recorded_click(0)), None), reason="judging took too long")
    config = ("--config", str(tmp_path / "clicktrail.toml"))
    async with (
        running_server(tmp_path, workers=1) as running,
        httpx2.AsyncClient(base_url=running.metrics, timeout=TIMEOUT_S) as client,
    ):

        async def fetch_problems() -> list[dict[str, str]]:
            problems: list[dict[str, str]] = (await client.get("/healthz")).json()["processes"]["engine"]["problems"]
            return problems

        (problem,) = await wait_until(fetch_problems)
        doctor = await asyncio.to_thread(run_clicktrail, "doctor", "--json", *config, folder=tmp_path)
        await asyncio.to_thread(run_clicktrail, "quarantine", "retry", *config, folder=tmp_path)
        await wait_for_report(running, "winter", clicks=1)
        await wait_until(fetch_problems, lambda problems: not problems)

    assert problem["code"] == "quarantined-events"
    assert "clicktrail quarantine list" in problem["hint"]
    assert "quarantined-events" in {finding["code"] for finding in json.loads(doctor.stdout)["findings"]}


def make_bot_message(name: str, *previous_verdicts: Verdict | None, campaign: str = "spring") -> JudgedMessage:
    """A message whose clicks are now a bot's; None for a click without a previous verdict."""
    clicks = [
        make_judged_click(judged_click(name, str(number), campaign=campaign, recipient="ann@example.com"), Verdict.BOT)
        for number, _ in enumerate(previous_verdicts)
    ]
    verdicts = {judged.click.id: verdict for judged, verdict in zip(clicks, previous_verdicts, strict=True) if verdict}
    return dataclasses.replace(make_judged_message(clicks=tuple(clicks)), previous_verdicts=verdicts)


def test_verdict_changes_are_counted_and_logged_by_campaign() -> None:
    verdict_changes = VerdictChangeLogger()
    human, preview = Verdict.HUMAN, Verdict.PREVIEW
    with capture_logs() as log:
        verdict_changes.on_stored(
            [
                make_bot_message("m1", human, human, None),
                make_bot_message("m2", human),
                make_bot_message("m3", human, preview, campaign="autumn"),
            ]
        )
        verdict_changes.on_stored([make_bot_message("m4", None)])
    assert verdict_changes.change_counts == {"human_to_bot": 4, "preview_to_bot": 1}
    assert [(line["campaign"], line["change"], line["clicks"]) for line in log] == [
        ("autumn", "human_to_bot", 1),
        ("autumn", "preview_to_bot", 1),
        ("spring", "human_to_bot", 3),
    ]
    assert {line["event"] for line in log} == {"click.reclassified"}
    assert {key for line in log for key in line} == {"event", "log_level", "component", "campaign", "change", "clicks"}


async def test_engine_checks_the_tracking_domains(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text(
        '[domains]\ntargets = ["192.0.2.1"]\n[dns]\nresolvers = ["127.0.0.1"]\nport = 1\ntimeout = 0.2\n', "utf-8"
    )
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    async with open_registry(settings) as registry:
        await registry.domains.put(
            RegisteredDomain(site=TrackingDomain(host="links.example.test"), added_at=SystemClock().now())
        )
        with socket.create_server(("127.0.0.1", 0)) as console:
            async with running_worker("engine", tmp_path, [console]):
                domain = await wait_until(
                    lambda: registry.domains.find("links.example.test"), lambda domain: domain and domain.state
                )
    assert domain is not None
    assert domain.state is not None
    assert (domain.state.status, domain.verified_at) == ("failing", None)
