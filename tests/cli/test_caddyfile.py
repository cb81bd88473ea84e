"""clicktrail domain caddyfile prints, writes, and reloads a real Caddy."""

import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from clicktrail.server.settings import load
from clicktrail.server.system import SystemClock
from tests.support.caddy import CADDY, running_caddy
from tests.support.command_line import run_clicktrail
from tests.support.verified_domains import add_domains

NOW = SystemClock().now()
SETTINGS = """\
[edge]
listen = "[::]:8080"
trusted_proxies = ["127.0.0.0/8", "fastly"]
"""


async def add(
    folder: Path, *hosts: str, days_ago: int = 0, is_verified: bool = True, is_gone: bool = False, esp: str = ""
) -> None:
    (folder / "clicktrail.toml").write_text(f'data_dir = "{folder / "data"}"\n{SETTINGS}', "utf-8")
    (folder / "data").mkdir(exist_ok=True)
    settings = load(folder / "clicktrail.toml", {})
    at = NOW - timedelta(days=days_ago)
    await add_domains(settings, *hosts, at=at, is_verified=is_verified, is_gone=is_gone, esp=esp)


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def test_prints_every_verified_host_of_our_edge(tmp_path: Path) -> None:
    await add(tmp_path, "links.example.com", "links.example.org")
    await add(tmp_path, "never.example.com", is_verified=False)
    await add(tmp_path, "esp.example.com", esp="sendgrid")
    await add(tmp_path, "gone.example.com", days_ago=8, is_gone=True)
    await add(tmp_path, "blip.example.com", days_ago=6, is_gone=True)

    process = run_clicktrail("domain", "caddyfile", folder=tmp_path)

    assert (process.returncode, process.stderr) == (0, "")
    hosts = [line.rstrip(",{ ") for line in process.stdout.splitlines() if line.endswith((",", ".org {"))]
    assert hosts == ["blip.example.com", "links.example.com", "links.example.org"]
    assert "\treverse_proxy [::1]:8080 {\n" in process.stdout
    assert "151.101.0.0/16" in process.stdout


async def test_without_a_verified_domain_no_file_is_written(tmp_path: Path) -> None:
    await add(tmp_path, "never.example.com", is_verified=False)
    process = run_clicktrail("domain", "caddyfile", "--output", "Caddyfile", folder=tmp_path)
    assert process.returncode == 1
    assert "clicktrail domain check HOST" in process.stderr
    assert not (tmp_path / "Caddyfile").exists()


async def test_on_demand_prints_the_question_to_the_edge(tmp_path: Path) -> None:
    await add(tmp_path, "never.example.com", is_verified=False)
    process = run_clicktrail("domain", "caddyfile", "--on-demand", folder=tmp_path)
    assert "ask http://[::1]:8080/ask" in process.stdout


@pytest.mark.parametrize("arguments", [["--reload"], ["--main", "Caddyfile"]])
def test_reload_needs_a_file(arguments: list[str], tmp_path: Path) -> None:
    process = run_clicktrail("domain", "caddyfile", *arguments, folder=tmp_path)
    assert process.returncode == 2
    assert "--output FILE" in process.stderr


async def test_a_running_caddy_takes_up_new_hosts_and_keeps_the_old_file_if_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(CADDY.parent))
    main, hosts = tmp_path / "Caddyfile", tmp_path / "hosts.caddyfile"
    ports = {find_free_port(): "http_port", find_free_port(): "https_port"}
    options = "".join(f"\t{name} {port}\n" for port, name in ports.items())
    main.write_text(
        f"{{\n\tadmin 127.0.0.1:{find_free_port()}\n\tlocal_certs\n\tskip_install_trust\n"
        f"\tstorage file_system {tmp_path / 'store'}\n{options}}}\nimport {hosts}\n",
        "utf-8",
    )
    arguments = ["domain", "caddyfile", "--output", str(hosts), "--main", str(main)]
    await add(tmp_path, "links.example.com")
    first = await asyncio.to_thread(run_clicktrail, *arguments, folder=tmp_path)
    assert (first.returncode, "reload Caddy" in first.stderr) == (0, True)
    assert hosts.stat().st_mode & 0o777 == 0o644

    async with running_caddy(main) as caddy:
        await add(tmp_path, "second.example.com")
        second = await asyncio.to_thread(run_clicktrail, *arguments, "--reload", folder=tmp_path)
        assert (second.returncode, "Caddy uses it" in second.stderr) == (0, True)
        await caddy.wait_for("certificate obtained successfully")
        written = hosts.read_text("utf-8")

        main.write_text(main.read_text("utf-8") + "nonsense {\n", "utf-8")
        await add(tmp_path, "third.example.com")
        refused = await asyncio.to_thread(run_clicktrail, *arguments, "--reload", folder=tmp_path)
        assert refused.returncode == 1
        assert f"Caddy did not take {main}" in refused.stderr
        assert hosts.read_text("utf-8") == written


async def test_caddy_that_does_not_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(CADDY.parent))
    monkeypatch.setenv("CADDY_ADMIN", f"127.0.0.1:{find_free_port()}")
    await add(tmp_path, "links.example.com")
    process = run_clicktrail("domain", "caddyfile", "--output", "Caddyfile", "--reload", folder=tmp_path)
    assert process.returncode == 1
    assert "systemctl start caddy" in process.stderr
