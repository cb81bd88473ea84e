import json
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from tests.support.command_line import run_clicktrail
from tests.support.files import iterate_file_contents


def create_data_folder(folder: Path) -> Path:
    data = folder / "clicktrail-data"
    keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    return data


def test_edge_knows_only_a_hash_of_an_erased_recipient(tmp_path: Path) -> None:
    data = create_data_folder(tmp_path)
    process = run_clicktrail("erase", "Anna <Anna@example.net>", "--yes", folder=tmp_path)
    assert (0, "erased anna@example.net") == (process.returncode, process.stdout.splitlines()[0])
    ring = keyring_file.load(data / keyring_file.FILE_NAME)
    assert "anna@example.net" in HashedRecipients(ring, overrides_file.read(data / "overrides.json").erased)
    assert "denied\n" == run_clicktrail("consent", "show", "anna@example.net", folder=tmp_path).stdout
    assert [path.name for path, content in iterate_file_contents(data) if b"anna" in content.lower()] == []


def test_result_as_json(tmp_path: Path) -> None:
    create_data_folder(tmp_path)
    run_clicktrail("consent", "set", "anna@example.net", "granted", folder=tmp_path)
    process = run_clicktrail("erase", "ANNA@example.net", "--yes", "--json", folder=tmp_path)
    assert json.loads(process.stdout) == {
        "recipient": "anna@example.net",
        "done": True,
        "events": 0,
        "clicks": 0,
        "links": 0,
        "journal_lines": 0,
        "consents": 1,
        "left": [],
    }


def test_nothing_is_erased_without_a_terminal_or_yes(tmp_path: Path) -> None:
    data = create_data_folder(tmp_path)
    process = run_clicktrail("erase", "anna@example.net", folder=tmp_path)
    assert (1, "") == (process.returncode, process.stdout)
    assert "hint: add --yes" in process.stderr
    assert [path.name for path in data.iterdir()] == [keyring_file.FILE_NAME]


def test_recipient_is_not_erased_without_a_key_ring(tmp_path: Path) -> None:
    process = run_clicktrail("erase", "anna@example.net", "--yes", folder=tmp_path)
    assert (1, []) == (process.returncode, list(tmp_path.iterdir()))


def test_empty_name_is_refused(tmp_path: Path) -> None:
    create_data_folder(tmp_path)
    assert run_clicktrail("erase", " <> ", "--yes", folder=tmp_path).returncode == 1


def test_only_a_grant_tracks_an_erased_recipient_again(tmp_path: Path) -> None:
    data = create_data_folder(tmp_path)
    run_clicktrail("erase", "anna@example.net", "--yes", folder=tmp_path)
    refused = run_clicktrail("consent", "set", "Anna@example.net", "unknown", folder=tmp_path)
    assert "nothing is stored" in refused.stderr
    assert run_clicktrail("consent", "show", "anna@example.net", folder=tmp_path).stdout == "denied\n"
    granted = run_clicktrail("consent", "set", "Anna@example.net", "granted", folder=tmp_path)
    assert "is tracked again" in granted.stderr
    assert overrides_file.read(data / "overrides.json").currently_erased == frozenset()
