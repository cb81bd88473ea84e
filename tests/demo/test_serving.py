"""clicktrail serve, as the demo runs it."""

import asyncio
import fcntl
import sys
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.serving import running_server
from clicktrail.errors import ClicktrailError


async def test_every_part_answers_until_the_end(tmp_path: Path) -> None:
    async with running_server(tmp_path, next_hop="127.0.0.1:1") as addresses, httpx2.AsyncClient() as http:
        assert 200 == (await http.get(f"{addresses.edge}/healthz")).status_code
        assert 200 == (await http.get(addresses.console)).status_code
        host, _, port = addresses.relay.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), local_hostname="shop.example") as relay:
            assert relay.is_connected
    async with httpx2.AsyncClient() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(f"{addresses.edge}/healthz")


DEMO = """
import asyncio, sys
import asyncio
import fcntl
import sys
from pathlib import Path
from clicktrail.demo.serving import running_server

async def demo():
    async with running_server(Path(sys.argv[1]), next_hop="127.0.0.1:1"):
        print("serving", flush=True)
        await asyncio.Event().wait()

asyncio.run(demo())
"""


async def test_nothing_is_left_of_a_demo_that_is_killed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DEMO, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert b"serving\n" == await process.stdout.readline()
    process.kill()
    await process.wait()
    with (tmp_path / "data" / "engine.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)

    assert not (tmp_path / "data" / "run.json").exists()


async def test_the_user_s_own_settings_stay_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTRAIL_EDGE_LISTEN", "not an address")
    async with running_server(tmp_path, next_hop="127.0.0.1:1") as addresses:
        assert addresses.edge.startswith("http://127.0.0.1:")


async def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ClicktrailError) as failure:
        async with running_server(tmp_path, next_hop="nowhere"):
            pass
    assert "nowhere" in failure.value.hint or "host:port" in failure.value.hint
