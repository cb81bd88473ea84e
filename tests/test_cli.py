import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.command_line import run_clicktrail


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_is_printed(tmp_path: Path, option: str) -> None:
    result = run_clicktrail(option, folder=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{version('clicktrail')}\n", "")


@pytest.mark.parametrize("group", [(), ("keys",)], ids=["clicktrail", "clicktrail keys"])
def test_without_arguments_a_group_shows_its_help(tmp_path: Path, group: tuple[str, ...]) -> None:
    result = run_clicktrail(*group, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, run_clicktrail(*group, "--help", folder=tmp_path).stdout)


def test_help_lists_commands_without_internal_ones(tmp_path: Path) -> None:
    listed = [line.split()[0] for line in run_clicktrail("--help", folder=tmp_path).stdout.splitlines() if line.strip()]
    assert {"serve", "report", "demo", "keys"} <= set(listed)
    assert "worker" not in listed


def test_error_is_one_line(tmp_path: Path) -> None:
    result = run_clicktrail("report", "--config", "missing.toml", folder=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "clicktrail: error: cannot read the settings file missing.toml: No such file or directory\n"
    )


def test_control_characters_in_an_error_are_escaped(tmp_path: Path) -> None:
    result = run_clicktrail("report", "--config", "\x1b[31m\nmissing.toml", folder=tmp_path)
    assert result.stderr.splitlines() == [
        r"clicktrail: error: cannot read the settings file \x1b[31m\nmissing.toml: No such file or directory"
    ]


@pytest.mark.parametrize("arguments", [("report", "--jason"), ("reprot",), ("keys", "nope"), ("rewrite",)])
def test_wrong_usage_is_status_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run_clicktrail(*arguments, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Error: " in result.stderr


def test_command_that_was_mistyped_is_suggested(tmp_path: Path) -> None:
    assert "Did you mean 'report'" in run_clicktrail("reprot", folder=tmp_path).stderr


def test_missing_extra_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['structlog'] = None; from clicktrail.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "serve"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "clicktrail: hint: pip install 'clicktrail[server]'"
