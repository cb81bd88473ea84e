"""Commands on a full disk: one sentence that names the disk, exit status 1, no traceback."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.model.event import encode_event
from tests.support.judged_lines import click
from tests.support.waiting import TIMEOUT_S


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB with a data folder and no space left."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not Path(command[0]).exists() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a disk")
    try:
        keyring_file.load_or_create(disk / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
        (disk / "events.jsonl").write_bytes(encode_event(click("m1", "1")))
        (disk / "mail.html").write_text('<a href="https://shop.example/">Shop</a>', "utf-8")
        with contextlib.suppress(OSError):
            (disk / "filler").write_bytes(bytes(2_000_000))  # more than fits
        yield disk
    finally:
        subprocess.run(["/bin/umount", str(disk)], check=True)


def run(folder: Path, *arguments: str, stdout: str = os.devnull) -> subprocess.CompletedProcess[str]:
    with Path(stdout).open("w") as output:
        return subprocess.run(
            [sys.executable, "-m", "clicktrail", *arguments],
            cwd=folder,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "rotate"),
        ("keys", "backup", "copy.json"),
        ("consent", "set", "ann@example.com", "denied"),
        ("erase", "ann@example.com", "--yes"),
        ("links", "disable", "shop.example"),
        ("import", "events.jsonl"),
        ("rewrite", "mail.html", "-o", "out.html", "--report", "report.json"),
        ("audit", "events.jsonl", "--csv", "out.csv"),
    ],
    ids=" ".join,
)
def test_error_names_the_disk(full_disk: Path, arguments: tuple[str, ...]) -> None:
    process = run(full_disk, *arguments)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert f"free on the disk of {full_disk}" in process.stderr
    assert not list(full_disk.rglob(".*-*"))


def test_standard_output_on_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(encode_event(click("m1", "1")))
    process = run(tmp_path, "audit", "events.jsonl", "--json", stdout="/dev/full")
    assert process.returncode == 1
    assert process.stderr.startswith("clicktrail: error: cannot use standard output: No space left on device")
