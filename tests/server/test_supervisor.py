import asyncio
import fcntl
import json
import os
import signal
import socket
import sys
from pathlib import Path

import httpx2
import pytest

from clicktrail.errors import KeyRingError, SettingsError, StorageError
from clicktrail.server import settings, supervisor
from clicktrail.server.supervisor import Component
from tests.support.serving import running_server


def loaded(folder: Path, toml: str = "") -> settings.Settings:
    """Settings of a file in a folder."""
    file = folder / "clicktrail.toml"
    file.write_text(toml, "utf-8")
    return settings.load(file, {})


@pytest.mark.parametrize("section", ["edge", "relay", "console", "metrics"])
async def test_an_address_that_is_taken_stops_the_start(tmp_path: Path, section: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        free = dict.fromkeys(("edge", "relay", "console", "metrics"), "127.0.0.1:0")
        chosen = "".join(f'{name}.listen = "{listen}"\n' for name, listen in (free | {section: address}).items())
        with pytest.raises(SettingsError, match=rf"^{section}\.listen: cannot listen on {address}: Address already"):
            await supervisor.serve(loaded(tmp_path, chosen), config_path=None, components=list(Component))


async def test_a_folder_that_is_in_use_stops_the_start(tmp_path: Path) -> None:
    chosen = loaded(tmp_path)
    chosen.data_path.mkdir()
    with (chosen.data_path / "edge.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="another clicktrail serves"):
            await supervisor.serve(chosen, config_path=None, components=[Component.EDGE])


@pytest.mark.parametrize("trace", ["journal", "registry.sqlite3", "analytics"])
async def test_a_lost_key_ring_stops_the_start(tmp_path: Path, trace: str) -> None:
    chosen = loaded(tmp_path)
    (chosen.data_path / trace).mkdir(parents=True)

    with pytest.raises(KeyRingError, match="is missing"):
        await supervisor.serve(chosen, config_path=None, components=list(Component))


async def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, '[tracking]\npolicy = "policy.toml"\n')

    with pytest.raises(SettingsError, match="cannot read the policy"):
        await supervisor.serve(chosen, config_path=None, components=[Component.ENGINE])

    chosen = loaded(tmp_path, '[tracking]\ndomains_file = "domains.toml"\n')
    with pytest.raises(SettingsError, match="cannot read the domains file"):
        await supervisor.serve(chosen, config_path=None, components=[Component.EDGE])


async def test_it_says_where_it_serves_as_long_as_it_does(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        said = json.loads((running.data_folder / "run.json").read_text("utf-8"))

    assert (running.process.pid, running.console) == (said["pid"], said["console"])
    assert not (running.data_folder / "run.json").exists()


async def test_the_private_port_tells_of_every_process(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=2) as running, httpx2.AsyncClient(base_url=running.metrics) as client:
        health = await client.get("/healthz")
        metrics = await client.get("/metrics")

    processes = {name: told["status"] for name, told in health.json()["processes"].items()}
    assert (200, {"edge-0": "serving", "edge-1": "serving", "engine": "serving"}) == (health.status_code, processes)
    assert 'clicktrail_up{process="engine"} 1.0' in metrics.text


async def test_it_ends_with_its_standard_input_where_it_was_asked_to(tmp_path: Path) -> None:
    config = tmp_path / "clicktrail.toml"
    config.write_text('edge = { listen = "127.0.0.1:0", workers = 1 }\nmetrics = { listen = "127.0.0.1:0" }\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "serve", "--with-input", "--only", "edge", "--config", str(config)),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stderr
    first = await process.stderr.readline()
    process.stdin.close()

    assert "child ready" == json.loads(first)["event"]
    assert 0 == await process.wait()


async def test_one_address_is_enough_for_ipv4_and_ipv6(tmp_path: Path) -> None:
    config = tmp_path / "clicktrail.toml"
    config.write_text('edge = { listen = "[::]:0", workers = 1 }\nmetrics = { listen = "127.0.0.1:0" }\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "serve", "--only", "edge", "--config", str(config)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    answers = []
    async for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "serving":
            port = said["edge"].rpartition(":")[2]
            async with httpx2.AsyncClient() as client:
                answers = [await client.get(f"http://{host}:{port}/healthz") for host in ("127.0.0.1", "[::1]")]
            process.terminate()

    assert [200, 200] == [answer.status_code for answer in answers]
    assert 0 == await process.wait()


async def test_a_stop_may_come_before_anything_serves(tmp_path: Path) -> None:
    chosen = loaded(
        tmp_path,
        'edge = { listen = "127.0.0.1:0", workers = 1 }\nrelay = { listen = "127.0.0.1:0" }\n'
        'console = { listen = "127.0.0.1:0" }\nmetrics = { listen = "127.0.0.1:0" }\n',
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            supervisor.serve(chosen, config_path=tmp_path / "clicktrail.toml", components=list(Component))
        )
        await asyncio.sleep(0)  # it runs to where its first child starts
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    assert not (chosen.run_file_path).exists()


async def test_waiting_connections_are_not_lost_with_a_worker(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        host, _, port = running.edge.removeprefix("http://").partition(":")
        os.kill(running.find_child_pid("edge-0"), signal.SIGKILL)
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200")
