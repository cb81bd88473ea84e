import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clicktrail.server import keystore, settings
from clicktrail.server.asgi import serve_app
from clicktrail.server.examining import examine
from clicktrail.server.supervisor import RUN_FILE
from clicktrail.server.wiring.journal import open_journal
from tests.e2e.serving import serving

Send = Callable[[dict[str, Any]], Awaitable[None]]


def test_where_nothing_runs_the_files_are_seen(tmp_path: Path) -> None:
    """A data folder that does not exist yet has a disk all the same."""
    loaded = settings.load(
        None, {"CLICKTRAIL_DATA_DIR": str(tmp_path / "none"), "CLICKTRAIL_METRICS_LISTEN": "127.0.0.1:1"}
    )
    facts = examine(loaded, loaded.data / RUN_FILE)
    assert (None, 0, 0) == (facts.processes, facts.let_go, facts.unreadable)
    assert "is missing" in str(facts.keys)
    assert 0 < facts.free_bytes


async def test_what_runs_is_asked(tmp_path: Path) -> None:
    """At the address that it told, whatever port that is; what processes have counted is there a second later."""
    async with serving(tmp_path):
        loaded = settings.load(tmp_path / "clicktrail.toml", {})
        keystore.backup(loaded.data / keystore.NAME, tmp_path / "copy.json")
        with open_journal(loaded, "another") as journal:
            journal.append(b"no event", lambda _committed: None)
        facts = await asyncio.to_thread(examine, loaded, loaded.data / RUN_FILE)
        async with asyncio.timeout(20):
            while not facts.unreadable:
                facts = await asyncio.to_thread(examine, loaded, loaded.data / RUN_FILE)
    assert facts.processes is not None
    assert {"edge-0", "edge-1", "engine"} == facts.processes.keys()
    assert {("serving", 0)} == {(process.status, process.restarts) for process in facts.processes.values()}
    assert (None, True, 0, 1) == (facts.keys, facts.keys_backed_up, facts.let_go, facts.unreadable)


@pytest.mark.parametrize("body", [b'{"status":"ok"}', b"[]", b"<html>"])
async def test_somebody_else_at_the_port_is_nobody(tmp_path: Path, body: bytes) -> None:
    """Another service may have a /healthz, too."""
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
            facts = await asyncio.to_thread(examine, loaded, loaded.data / RUN_FILE)
            stopping.set()
    assert facts.processes is None
