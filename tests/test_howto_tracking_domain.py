"""Commands and configurations of docs/howto/tracking-domain.md are accepted by the programs that read them."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from clicktrail.server.settings import Settings, get_environment, load
from tests.support.caddy import adapt_caddyfile
from tests.support.certificates import Authority
from tests.support.command_line import run_clicktrail
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "howto" / "tracking-domain.md").read_text("utf-8")
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


def find_blocks(language: str) -> list[str]:
    """Fenced code blocks in one language, without the indentation of a list."""
    matches = re.findall(rf"^( *)```{language}\n(.*?)^\1```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in matches]


def test_every_command_of_ours_has_its_options(tmp_path: Path) -> None:
    lines = [line for block in find_blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("clicktrail ")]
    assert {tuple(command[:2]) for command in commands} == {
        ("domain", "add"),
        ("domain", "caddyfile"),
        ("domain", "check"),
    }
    for command in commands:
        help_text = run_clicktrail(*command[:2], "--help", folder=tmp_path).stdout
        assert [word for word in command if word.startswith("--") and word not in help_text] == []


def test_files_that_are_installed_exist() -> None:
    installed = re.findall(r"\bdeploy/[\w./-]*\w", PAGE)
    assert installed
    assert [path for path in installed if not (ROOT / path).exists()] == []


def test_settings_are_valid(tmp_path: Path) -> None:
    for text in find_blocks("toml"):
        (tmp_path / "clicktrail.toml").write_text(text, "utf-8")
        assert load(tmp_path / "clicktrail.toml", {}) != Settings()


def test_caddy_accepts_its_configurations(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    for text in find_blocks("caddyfile"):
        file = str(authority.issue("links.example.com"))
        adapt_caddyfile(re.sub(r"/etc/caddy/[\w.]+\.pem", file, text).replace("/mnt/shared", str(tmp_path)))


@pytest.mark.skipif(NGINX is None and get_environment().get("CI") != "true", reason="nginx is not installed")
def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    (text,) = find_blocks("nginx")
    file = str(Authority(tmp_path).issue("links.example.com"))
    server = re.sub(r"/etc/letsencrypt/[\w./]+\.pem", file, text).replace("listen 443", "listen 44300")
    server = server.replace("[::]:443", "[::]:44300").replace(":80;", ":18080;").replace("listen 80;", "listen 18080;")
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{server}\n}}\n", "utf-8"
    )
    process = subprocess.run(
        [str(NGINX), "-t", "-p", str(tmp_path), "-c", str(config)], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
