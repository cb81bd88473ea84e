import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError
from clicktrail.server import settings
from clicktrail.server.asgi import serve_app
from clicktrail.server.doctor.findings import Finding, Severity, sort_findings
from clicktrail.server.doctor.installation import (
    InstallationState,
    ProcessHealth,
    diagnose_installation,
    inspect_installation,
)
from clicktrail.server.monitoring.heartbeat import Problem, ProcessStatus
from clicktrail.server.service_locks import Component, RunningService, announce_service, get_lock_path, hold_lock
from clicktrail.server.wiring.journals import open_journal
from tests.support.serving import running_server
from tests.support.waiting import wait_until

Send = Callable[[dict[str, Any]], Awaitable[None]]


def load_settings(data_dir: Path, *, metrics_port: int) -> settings.Settings:
    """Settings of an installation with a private port."""
    return settings.load(
        None, {"CLICKTRAIL_DATA_DIR": str(data_dir), "CLICKTRAIL_METRICS_LISTEN": f"127.0.0.1:{metrics_port}"}
    )


def test_inspection_without_a_server_reads_files(tmp_path: Path) -> None:
    state = inspect_installation(load_settings(tmp_path / "none", metrics_port=1))
    assert (state.processes, state.dropped_events, state.unreadable_events) == (None, 0, 0)
    assert state.are_own_hosts_empty
    assert "is missing" in str(state.key_ring_error)
    assert 0 < state.disk_free_bytes


async def test_inspection_asks_a_running_server(tmp_path: Path) -> None:
    async with running_server(tmp_path):
        loaded = settings.load(tmp_path / "clicktrail.toml", {})
        keyring_file.backup(loaded.keyring_path, tmp_path / "copy.json")
        with open_journal(loaded, "another") as journal:
            journal.append(b"no event", lambda _committed: None)
        state = await wait_until(
            lambda: asyncio.to_thread(inspect_installation, loaded), lambda state: state.unreadable_events
        )
    assert state.processes is not None
    assert state.processes.keys() == {"edge-0", "edge-1", "relay-0", "engine"}
    assert {(process.status, process.restarts) for process in state.processes.values()} == {("serving", 0)}
    assert (
        state.key_ring_error,
        state.is_key_ring_backed_up,
        state.dropped_events,
        state.unreadable_events,
    ) == (None, True, 0, 1)


async def test_relay_that_seals_with_a_rotated_key_is_named(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1):
        loaded = settings.load(tmp_path / "clicktrail.toml", {})
        keyring_file.rotate(loaded.keyring_path)

        def find_relay_problems() -> list[str]:
            processes = inspect_installation(loaded).processes or {}
            return [problem.code for problem in processes["relay-0"].problems]

        assert await wait_until(lambda: asyncio.to_thread(find_relay_problems), bool) == ["relay-old-key"]


async def test_only_processes_of_the_data_folder_are_asked(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with running_server(tmp_path / "other") as other:
        loaded = load_settings(tmp_path / "mine", metrics_port=urlsplit(other.metrics).port or 0)
        loaded.data_path.mkdir()
        stale = f'{{"pid":1,"metrics":"{other.metrics}"}}\n'
        (loaded.data_path / "engine.lock").write_text(stale, "utf-8")  # left behind by a crash
        (loaded.data_path / "run.json").write_text(stale, "utf-8")
        state = await asyncio.to_thread(inspect_installation, loaded)
    assert state.processes is None


@pytest.mark.parametrize("body", [b'{"status":"ok"}', b"[]", b"<html>"])
async def test_private_port_that_another_program_answers_is_named(tmp_path: Path, body: bytes) -> None:
    stopping = asyncio.Event()

    async def other_app(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        loaded = load_settings(tmp_path, metrics_port=1)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with hold_lock(get_lock_path(loaded.data_path, Component.EDGE)) as lock:
            announce_service([lock], RunningService(pid=1, metrics=url))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(serve_app(other_app, listening, stopping=stopping))
                state = await asyncio.to_thread(inspect_installation, loaded)
                stopping.set()
    assert (state.processes, state.silent_ports) == ({}, (url,))


async def test_supervisor_without_a_private_port_yet_is_starting(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path, metrics_port=1)
    with hold_lock(get_lock_path(loaded.data_path, Component.EDGE)):
        state = await asyncio.to_thread(inspect_installation, loaded)
    assert state.processes == {"edge": process(ProcessStatus.STARTING)}


def process(
    status: ProcessStatus = ProcessStatus.SERVING, *, restarts: int = 0, problems: tuple[Problem, ...] = ()
) -> ProcessHealth:
    """A healthy process, except for the arguments."""
    return ProcessHealth(status=status, restarts=restarts, problems=problems)


HEALTHY = InstallationState(
    key_ring_error=None,
    is_key_ring_backed_up=True,
    disk_free_bytes=10**12,
    processes={"edge-0": process(), "engine": process()},
)
JOURNAL_PROBLEM = Problem(code="journal-not-writable", hint="look at the disk")
STATES_BY_CODE = {
    "key-ring": replace(HEALTHY, key_ring_error=KeyRingError("the key ring is missing", hint="restore it")),
    "key-ring-not-backed-up": replace(HEALTHY, is_key_ring_backed_up=False),
    "not-running": replace(HEALTHY, processes=None),
    "process-starting": replace(HEALTHY, processes={"engine": process(ProcessStatus.STARTING)}),
    "process-unresponsive": replace(HEALTHY, processes={"engine": process(ProcessStatus.UNRESPONSIVE)}),
    "process-down": replace(HEALTHY, processes={"engine": process(ProcessStatus.DOWN)}),
    "process-restarted": replace(HEALTHY, processes={"engine": process(restarts=3)}),
    "journal-not-writable": replace(HEALTHY, processes={"edge": process(problems=(JOURNAL_PROBLEM,))}),
    "dropped": replace(HEALTHY, dropped_events=1_200),
    "unreadable-events": replace(HEALTHY, unreadable_events=1),
    "disk-low": replace(HEALTHY, disk_free_bytes=999_000_000),
    "private-port-silent": replace(HEALTHY, silent_ports=("http://127.0.0.1:8082",)),
    "utm-own-hosts-empty": replace(HEALTHY, are_own_hosts_empty=True),
}
WARNINGS = {"key-ring-not-backed-up", "process-restarted", "disk-low", "utm-own-hosts-empty"}


def diagnose(state: InstallationState) -> list[Finding]:
    return sort_findings(diagnose_installation(state))


def test_healthy_installation_has_no_findings() -> None:
    assert diagnose(HEALTHY) == []


@pytest.mark.parametrize("code", STATES_BY_CODE)
def test_finding_has_code_severity_and_hint(code: str) -> None:
    (finding,) = diagnose(STATES_BY_CODE[code])
    assert (code, code in WARNINGS) == (finding.code, finding.severity is Severity.WARNING)
    assert finding.message
    assert finding.hint


@pytest.mark.parametrize(("restarts", "expected"), [(1, "restarted once since"), (3, "restarted 3 times since")])
def test_restarts_are_counted(restarts: int, expected: str) -> None:
    (finding,) = diagnose(replace(HEALTHY, processes={"engine": process(restarts=restarts)}))
    assert expected in finding.message


def test_lost_key_ring_needs_no_backup() -> None:
    state = replace(STATES_BY_CODE["key-ring"], is_key_ring_backed_up=False)
    assert [finding.code for finding in diagnose(state)] == ["key-ring"]


def test_errors_come_before_warnings() -> None:
    state = replace(HEALTHY, is_key_ring_backed_up=False, dropped_events=1_200)
    expected = Finding(
        code="dropped",
        severity=Severity.ERROR,
        message="1,200 events were dropped, because the disk did not take them for too long",
        hint="their readers arrived; check space, permissions and health of the disk that holds data_dir",
    )
    first, second = diagnose(state)
    assert (first, second.code) == (expected, "key-ring-not-backed-up")
