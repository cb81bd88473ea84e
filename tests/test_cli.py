import subprocess
import sys
from pathlib import Path

from tests.support.command_line import run_clicktrail


def test_an_error_is_one_line_and_its_hint_another(tmp_path: Path) -> None:
    done = run_clicktrail("report", "--config", "missing.toml", folder=tmp_path)

    assert (1, "") == (done.returncode, done.stdout)
    assert ["clicktrail: error: cannot read the settings file missing.toml: No such file or directory"] == (
        done.stderr.splitlines()
    )


def test_wrong_usage_is_status_2(tmp_path: Path) -> None:
    assert 2 == run_clicktrail("report", "--jason", folder=tmp_path).returncode


def test_without_arguments_it_shows_its_commands(tmp_path: Path) -> None:
    shown = run_clicktrail(folder=tmp_path)

    assert all(command in shown.stdout for command in ("serve", "report", "demo", "keys"))
    assert "worker" not in shown.stdout


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    without = "import sys; sys.modules['structlog'] = None; from clicktrail.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "serve"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert "clicktrail: hint: pip install 'clicktrail[server]'" == done.stderr.splitlines()[-1]
