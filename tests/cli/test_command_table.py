import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from clicktrail.cli import app
from clicktrail.cli.command_table import COMMANDS, HelpfulGroup
from tests.support.command_line import run_clicktrail

SLOW_PACKAGES = {
    *("asyncio", "crawleruseragents", "cryptography", "msgspec", "pydantic", "re2", "rich", "zstandard"),
    *("chdb", "httpx2", "litestar", "sqlalchemy", "structlog", "uvloop"),
}
"""Packages that take long to import. ``clicktrail --help`` needs none of them."""


def list_imported_packages(*arguments: str, folder: Path) -> set[str]:
    """Top-level packages that a command imports."""
    code = (
        "import atexit, sys; from clicktrail.cli import main;"
        "atexit.register(lambda: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)); main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return set(result.stderr.splitlines()[-1].split())


def test_summaries_are_the_first_lines_of_the_commands_help() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, HelpfulGroup)
    assert {name: entry.summary for name, entry in COMMANDS.items()} == {
        name: (command.help or "").splitlines()[0] for name, command in group.commands.items()
    }


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ()], ids=["--help", "--version", "no arguments"])
def test_help_and_version_import_no_command(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert list_imported_packages(*arguments, folder=tmp_path) & SLOW_PACKAGES == set()


@pytest.mark.parametrize("command", [name for name, entry in COMMANDS.items() if not entry.hidden])
def test_help_of_a_command_imports_no_rich(tmp_path: Path, command: str) -> None:
    imported = list_imported_packages(command, "--help", folder=tmp_path)
    assert imported & {"chdb", "litestar", "rich", "sqlalchemy", "uvloop"} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("rewrite", "mail.html", "--domain", "https://links.example.com", "-o", "out.html"),
        ("rewrite", "mail.eml", "--domain", "https://links.example.com", "-o", "out.eml"),
        ("utm", "lint", "mail.html"),
        ("inspect", "--", "tokenA"),
    ],
    ids=["rewrite HTML", "rewrite message", "utm lint", "inspect"],
)
def test_short_commands_import_neither_judge_nor_server_packages(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "mail.html").write_text('<p><a href="https://shop.example/">Shop</a></p>')
    (tmp_path / "mail.eml").write_text("Subject: x\n\nhttps://shop.example/\n")
    (tmp_path / "clicktrail-data").mkdir()
    slow = SLOW_PACKAGES - {"cryptography", "msgspec", "zstandard", "re2"}
    assert list_imported_packages(*arguments, folder=tmp_path) & slow == set()


def test_hidden_command_runs(tmp_path: Path) -> None:
    assert "--socket" in run_clicktrail("worker", "--help", folder=tmp_path).stdout
