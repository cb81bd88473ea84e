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
from clicktrail.server.service_locks import Component
from tests.support.serving import running_server


def write_settings(folder: Path, toml: str = "") -> settings.Settings:
    """Write and load a settings file."""
    file = folder / "clicktrail.toml"
    file.write_text(toml, "utf-8")
    return settings.load(file, {})


@pytest.mark.parametrize("section", ["edge", "relay", "console", "metrics"])
async def test_address_in_use_is_an_error(tmp_path: Path, section: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        free = dict.fromkeys(("edge", "relay", "console", "metrics"), "127.0.0.1:0")
        toml = "".join(f'{name}.listen = "{listen}"\n' for name, listen in (free | {section: address}).items())
        with pytest.raises(SettingsError, match=rf"^{section}\.listen: cannot listen on {address}: Address already"):
            await supervisor.serve(write_settings(tmp_path, toml), config_path=None, components=list(Component))


async def test_data_folder_in_use_is_an_error(tmp_path: Path) -> None:
    loaded = write_settings(tmp_path)
    loaded.data_path.mkdir()
    with (loaded.data_path / "edge.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="another clicktrail serves"):
            await supervisor.serve(loaded, config_path=None, components=[Component.EDGE])


@pytest.mark.parametrize("data_name", ["journal", "registry.sqlite3", "analytics"])
async def test_lost_key_ring_is_an_error(tmp_path: Path, data_name: str) -> None:
    loaded = write_settings(tmp_path)
    (loaded.data_path / data_name).mkdir(parents=True)

    with pytest.raises(KeyRingError, match="is missing"):
        await supervisor.serve(loaded, config_path=None, components=list(Component))


async def test_missing_configuration_file_is_an_error(tmp_path: Path) -> None:
    loaded = write_settings(tmp_path, '[tracking]\npolicy = "policy.toml"\n')

    with pytest.raises(SettingsError, match="cannot read the policy"):
        await supervisor.serve(loaded, config_path=None, components=[Component.RELAY])


async def test_run_file_exists_while_serving(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        run_file = json.loads((running.data_folder / "run.json").read_text("utf-8"))

    assert (running.process.pid, running.console) == (run_file["pid"], run_file["console"])
    assert not (running.data_folder / "run.json").exists()


async def test_private_port_reports_every_process(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=2) as running, httpx2.AsyncClient(base_url=running.metrics) as client:
        health = await client.get("/healthz")
        metrics = await client.get("/metrics")

    processes = {name: process["status"] for name, process in health.json()["processes"].items()}
    assert (health.status_code, processes) == (
        200,
        {"edge-0": "serving", "edge-1": "serving", "relay-0": "serving", "engine": "serving"},
    )
    assert 'clicktrail_up{process="engine"} 1.0' in metrics.text


async def test_end_of_standard_input_stops_it_if_requested(tmp_path: Path) -> None:
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

    assert json.loads(first)["event"] == "child ready"
    assert await process.wait() == 0


async def test_ipv6_wildcard_address_serves_ipv4_too(tmp_path: Path) -> None:
    config = tmp_path / "clicktrail.toml"
    config.write_text('edge = { listen = "[::]:0", workers = 1 }\nmetrics = { listen = "127.0.0.1:0" }\n', "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "serve", "--only", "edge", "--config", str(config)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    answers = []
    async for line in process.stderr:
        entry = json.loads(line)
        if entry["event"] == "serving":
            port = entry["edge"].rpartition(":")[2]
            async with httpx2.AsyncClient() as client:
                answers = [await client.get(f"http://{host}:{port}/healthz") for host in ("127.0.0.1", "[::1]")]
            process.terminate()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await process.wait() == 0


async def test_stop_before_ready_leaves_no_run_file(tmp_path: Path) -> None:
    loaded = write_settings(
        tmp_path,
        'edge = { listen = "127.0.0.1:0", workers = 1 }\nrelay = { listen = "127.0.0.1:0" }\n'
        'console = { listen = "127.0.0.1:0" }\nmetrics = { listen = "127.0.0.1:0" }\n',
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            supervisor.serve(loaded, config_path=tmp_path / "clicktrail.toml", components=list(Component))
        )
        await asyncio.sleep(0)  # it runs to where its first child starts
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    assert not (loaded.run_file_path).exists()


async def test_connection_waits_for_the_next_worker(tmp_path: Path) -> None:
    async with running_server(tmp_path, workers=1) as running:
        host, _, port = running.edge.removeprefix("http://").partition(":")
        os.kill(running.find_child_pid("edge-0"), signal.SIGKILL)
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_several_relay_processes_share_a_port(tmp_path: Path) -> None:
    config = tmp_path / "clicktrail.toml"
    config.write_text(
        'relay = { listen = "127.0.0.1:0", workers = 2 }\nmetrics = { listen = "127.0.0.1:0" }\n', "utf-8"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clicktrail", "serve", "--only", "relay", "--config", str(config)),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    ready: set[str] = set()
    greeting = b""
    async for line in process.stderr:
        entry = json.loads(line)
        if entry["event"] == "child ready":
            ready.add(entry["child"])
        if entry["event"] == "serving":
            host, _, port = entry["relay"].rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            greeting = await reader.readline()
            writer.close()
            process.terminate()

    assert ready == {"relay-0", "relay-1"}
    assert greeting.startswith(b"220 ")
    assert await process.wait() == 0
