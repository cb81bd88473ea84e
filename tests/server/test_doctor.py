import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError
from clicktrail.server import settings
from clicktrail.server.asgi import serve_app
from clicktrail.server.doctor import (
    Finding,
    InstallationState,
    Problem,
    ProcessHealth,
    Severity,
    diagnose,
    inspect_installation,
)
from clicktrail.server.supervisor import RUN_FILE_NAME
from clicktrail.server.wiring.stores import open_journal
from tests.support.paths import ROOT
from tests.support.serving import running_server

Send = Callable[[dict[str, Any]], Awaitable[None]]


def test_where_nothing_runs_the_files_are_seen(tmp_path: Path) -> None:
    loaded = settings.load(
        None, {"CLICKTRAIL_DATA_DIR": str(tmp_path / "none"), "CLICKTRAIL_METRICS_LISTEN": "127.0.0.1:1"}
    )
    facts = inspect_installation(loaded, loaded.data_path / RUN_FILE_NAME)
    assert (None, 0, 0) == (facts.processes, facts.dropped_events, facts.unreadable_events)
    assert "is missing" in str(facts.key_ring_error)
    assert 0 < facts.disk_free_bytes


async def test_what_runs_is_asked(tmp_path: Path) -> None:
    async with running_server(tmp_path):
        loaded = settings.load(tmp_path / "clicktrail.toml", {})
        keyring_file.backup(loaded.data_path / keyring_file.FILE_NAME, tmp_path / "copy.json")
        with open_journal(loaded, "another") as journal:
            journal.append(b"no event", lambda _committed: None)
        facts = await asyncio.to_thread(inspect_installation, loaded, loaded.data_path / RUN_FILE_NAME)
        async with asyncio.timeout(20):
            while not facts.unreadable_events:
                facts = await asyncio.to_thread(inspect_installation, loaded, loaded.data_path / RUN_FILE_NAME)
    assert facts.processes is not None
    assert {"edge-0", "edge-1", "engine"} == facts.processes.keys()
    assert {("serving", 0)} == {(process.status, process.restarts) for process in facts.processes.values()}
    assert (None, True, 0, 1) == (
        facts.key_ring_error,
        facts.is_key_ring_backed_up,
        facts.dropped_events,
        facts.unreadable_events,
    )


@pytest.mark.parametrize("body", [b'{"status":"ok"}', b"[]", b"<html>"])
async def test_somebody_else_at_the_port_is_nobody(tmp_path: Path, body: bytes) -> None:
    stopping = asyncio.Event()

    async def another(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        loaded = settings.load(
            None, {"CLICKTRAIL_DATA_DIR": str(tmp_path), "CLICKTRAIL_METRICS_LISTEN": f"127.0.0.1:{port}"}
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve_app(another, listening, stopping=stopping))
            facts = await asyncio.to_thread(inspect_installation, loaded, loaded.data_path / RUN_FILE_NAME)
            stopping.set()
    assert facts.processes is None


PAGE = (ROOT / "docs" / "reference" / "doctor.md").read_text("utf-8")


def process(status: str = "serving", *, restarts: int = 0, troubles: tuple[Problem, ...] = ()) -> ProcessHealth:
    """A process that is well but for this."""
    return ProcessHealth(status=status, restarts=restarts, problems=troubles)


WELL = InstallationState(
    key_ring_error=None,
    is_key_ring_backed_up=True,
    disk_free_bytes=10**12,
    processes={"edge-0": process(), "engine": process()},
)
JOURNAL = Problem(code="journal-not-writable", hint="look at the disk")
SICK = {
    "key-ring": replace(WELL, key_ring_error=KeyRingError("the key ring is missing", hint="restore it")),
    "key-ring-not-backed-up": replace(WELL, is_key_ring_backed_up=False),
    "not-running": replace(WELL, processes=None),
    "process-starting": replace(WELL, processes={"engine": process("starting")}),
    "process-unresponsive": replace(WELL, processes={"engine": process("unresponsive")}),
    "process-down": replace(WELL, processes={"engine": process("down")}),
    "process-restarted": replace(WELL, processes={"engine": process(restarts=3)}),
    "journal-not-writable": replace(WELL, processes={"edge": process(troubles=(JOURNAL,))}),
    "dropped": replace(WELL, dropped_events=1_200),
    "unreadable-events": replace(WELL, unreadable_events=1),
    "disk-low": replace(WELL, disk_free_bytes=999_000_000),
}
WARNINGS = {"key-ring-not-backed-up", "process-restarted", "disk-low"}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert [] == diagnose(WELL)


@pytest.mark.parametrize("code", SICK)
def test_each_fact_is_found_with_what_to_do(code: str) -> None:
    (finding,) = diagnose(SICK[code])
    assert (code, code in WARNINGS) == (finding.code, finding.severity is Severity.WARNING)
    assert finding.message
    assert finding.hint
    assert f"| `{code}` |" in PAGE


def test_the_page_has_no_code_that_is_never_found() -> None:
    assert SICK.keys() | {"reports-late", "dominant-ip-address"} == set(re.findall(r"(?m)^\| `([\w-]+)` \|", PAGE))


def test_a_key_ring_that_is_lost_is_not_asked_for_a_backup() -> None:
    facts = replace(SICK["key-ring"], is_key_ring_backed_up=False)
    assert ["key-ring"] == [finding.code for finding in diagnose(facts)]


def test_what_matters_most_comes_first() -> None:
    facts = replace(WELL, is_key_ring_backed_up=False, dropped_events=1_200)
    expected = Finding(
        code="dropped",
        severity=Severity.ERROR,
        message="1,200 events were given up, because the disk did not take them for too long",
        hint="their readers arrived; look at room, permissions and health of the disk that holds data_dir",
    )
    first, second = diagnose(facts)
    assert (expected, "key-ring-not-backed-up") == (first, second.code)
