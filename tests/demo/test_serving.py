import asyncio
import fcntl
import sys
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.serving import running_server
from clicktrail.errors import ClicktrailError

DEMO_PROGRAM = """
import asyncio
import sys
from pathlib import Path
from clicktrail.demo.serving import running_server

async def run():
    async with running_server(Path(sys.argv[1]), next_hop="127.0.0.1:1"):
        print("serving", flush=True)
        await asyncio.Event().wait()

asyncio.run(run())
"""


async def test_every_component_answers_until_the_context_ends(tmp_path: Path) -> None:
    async with running_server(tmp_path, next_hop="127.0.0.1:1") as endpoints, httpx2.AsyncClient() as http:
        assert (await http.get(f"{endpoints.edge}/healthz")).status_code == 200
        assert (await http.get(endpoints.console)).status_code == 200
        host, _, port = endpoints.relay.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), local_hostname="shop.example") as relay:
            assert relay.is_connected
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"{endpoints.edge}/healthz")


async def test_server_stops_when_the_demo_is_killed(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DEMO_PROGRAM, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert demo.stdout
    assert await demo.stdout.readline() == b"serving\n"
    demo.kill()
    await demo.wait()
    with (tmp_path / "data" / "engine.lock").open("w") as lock:  # held as long as the engine runs
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
    assert not (tmp_path / "data" / "run.json").exists()


async def test_environment_settings_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTRAIL_EDGE_LISTEN", "not an address")
    async with running_server(tmp_path, next_hop="127.0.0.1:1") as endpoints:
        assert endpoints.edge.startswith("http://127.0.0.1:")


async def test_failed_start_gives_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError) as caught:
        async with running_server(tmp_path, next_hop="nowhere"):
            pass
    assert "nowhere" in caught.value.hint or "host:port" in caught.value.hint
