"""The files in deploy/, each checked by the program that reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clicktrail.server.settings import get_environment, load
from tests.support.caddy import adapt_caddyfile
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
SYSTEMD = DEPLOY / "systemd"
MAX_EXPOSURE = "25"
"""Of 100, where an ordinary unit has over 90."""


def needs(program: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(program) is None and get_environment().get("CI") != "true",
        reason=f"{program} is not installed: apt install {package}",
    )


def run(*command: str, folder: Path = DEPLOY) -> str:
    process = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout + process.stderr


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a program that is installed here."""
    (tmp_path / "caddy.service").write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
    for unit in SYSTEMD.iterdir():
        text = unit.read_text("utf-8").replace("/opt/clicktrail/bin/clicktrail", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    return sorted(tmp_path.glob("clicktrail*"))


@needs("systemd-analyze", "systemd")
def test_systemd_accepts_the_units(units: list[Path]) -> None:
    assert len(units) == 4
    assert run("systemd-analyze", "verify", *map(str, units)) == ""


@needs("systemd-analyze", "systemd")
def test_the_services_are_hardened(units: list[Path]) -> None:
    for unit in units:
        if unit.suffix == ".service":
            run("systemd-analyze", "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", str(unit))


def test_commands_of_the_units_exist(tmp_path: Path) -> None:
    for unit in SYSTEMD.glob("*.service"):
        (line,) = (line for line in unit.read_text("utf-8").splitlines() if line.startswith("ExecStart="))
        words = line.split()
        command = words[1 : next(index for index, word in enumerate(words) if word.startswith("--"))]
        help_text = run(sys.executable, "-m", "clicktrail", *command, "--help", folder=tmp_path)
        assert [word for word in words if word.startswith("--") and word not in help_text] == []


def test_caddy_accepts_the_caddyfile_with_and_without_the_console() -> None:
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    adapt_caddyfile(text)
    _, _, console = text.partition("# console.example.com")
    lines = ["console.example.com" + console.splitlines()[0], *(line[2:] for line in console.splitlines()[1:])]
    site = "\n".join(lines).replace("$2a$14$...", "$2a$14$" + "x" * 53)
    assert "127.0.0.1:8081" in str(adapt_caddyfile(site + "\n"))


def test_the_settings_are_valid() -> None:
    settings = load(DEPLOY / "clicktrail.toml", {})
    unit = (SYSTEMD / "clicktrail-caddyfile.path").read_text("utf-8")
    assert f"PathChanged={settings.served_domains_path}\n" in unit


def test_hadolint_accepts_the_dockerfile() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    assert run(str(hadolint), "compose/Dockerfile") == ""


@needs("docker-compose", "docker-compose")
def test_compose_accepts_its_file() -> None:
    run("docker-compose", "--file", "compose/compose.yaml", "config", "--quiet")


def test_files_that_the_dockerfile_copies_exist() -> None:
    lines = (DEPLOY / "compose" / "Dockerfile").read_text("utf-8").splitlines()
    sources = [
        word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
