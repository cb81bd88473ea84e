import json
from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.model.edit import EditAction, EditTarget
from clicktrail.server import overrides_file
from tests.support.command_line import run_clicktrail


def test_edits_are_stored_and_listed(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    for change in (
        ("redirect", "2026-11_spring sale#3", "https://new.example/é"),
        ("disable", "https://Shop.example/tea?a=b#top"),
        ("expire", "Evil.example.", "2026-12-24"),
        ("restore", "#0"),
    ):
        process = run_clicktrail("links", *change, folder=tmp_path)
        assert (0, "") == (process.returncode, process.stdout)
        assert process.stderr.lower().startswith(f"clicktrail: {change[0]} {change[1].rstrip('.')}: ".lower())
    edits = overrides_file.read(data / "overrides.json").edits
    assert [
        (EditAction.REDIRECT, EditTarget(campaign="2026-11_spring sale", position=3)),
        (EditAction.DISABLE, EditTarget(url="https://Shop.example/tea?a=b#top")),
        (EditAction.EXPIRE, EditTarget(host="evil.example")),
        (EditAction.RESTORE, EditTarget(position=0)),
    ] == [(edit.action, edit.target) for edit in edits]

    edit_lines = run_clicktrail("links", "list", folder=tmp_path).stdout.splitlines()
    assert edit_lines[2].endswith("Z expire evil.example 2026-12-24T00:00:00Z")
    edits_as_json = json.loads(run_clicktrail("links", "list", "--json", folder=tmp_path).stdout)
    assert ["https://new.example/é"] == [edit["destination"] for edit in edits_as_json if "destination" in edit]


@pytest.mark.parametrize(
    "change",
    [
        ("disable", "spring#x"),
        ("disable", "spring"),
        ("disable", "example.com/path"),
        ("disable", "example.com:80"),
        ("disable", "a@example.com"),
        ("disable", "[::1"),
        ("redirect", "spring#1", "http://[::1"),
        ("redirect", "spring#1", "javascript:alert(1)"),
        ("expire", "spring#1", "tomorrow"),
    ],
)
def test_invalid_edit_is_wrong_usage(tmp_path: Path, change: tuple[str, ...]) -> None:
    process = run_clicktrail("links", *change, folder=tmp_path)
    assert (2, []) == (process.returncode, list(tmp_path.iterdir()))


@pytest.mark.parametrize("time", ["9999-12-31", "2100-01-01", "0001-01-01"])
def test_expiry_out_of_range_is_refused(tmp_path: Path, time: str) -> None:
    process = run_clicktrail("links", "expire", "shop.example", time, folder=tmp_path)
    assert process.returncode == 2
    assert "is not between 1970 and 2099" in process.stderr
