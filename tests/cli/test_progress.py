import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from clicktrail.cli.progress import show_progress
from clicktrail.model.event import encode_event
from tests.support.command_line import run_clicktrail
from tests.support.events import click


def test_items_pass_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(show_progress(iter(range(3)), "Reading")) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_audit_shows_progress_on_a_terminal_only(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_event(click()) + b"\n{broken\n")
    arguments = [sys.executable, "-m", "clicktrail", "audit", "log.jsonl", "--json"]
    terminal, error_output = pty.openpty()
    process = subprocess.run(arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=error_output, check=True)
    os.close(error_output)
    shown = os.read(terminal, 65_536).decode()
    os.close(terminal)
    assert "Reading events" in shown
    assert "log.jsonl, line 2" in shown
    quiet = run_clicktrail("audit", "log.jsonl", "--json", folder=tmp_path)
    assert "Reading events" not in quiet.stderr
    assert process.stdout.decode() == quiet.stdout
