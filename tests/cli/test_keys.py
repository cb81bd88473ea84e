import json
from pathlib import Path

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail


def test_backup_copies_the_key_ring(tmp_path: Path) -> None:
    ring = keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])

    process = run_clicktrail("keys", "backup", "copy.json", folder=tmp_path)

    assert (0, "") == (process.returncode, process.stdout)
    assert ring.keys == keyring_file.load(tmp_path / "copy.json").keys


def test_backup_of_a_missing_key_ring_is_an_error(tmp_path: Path) -> None:
    process = run_clicktrail("keys", "backup", "copy.json", folder=tmp_path)

    first, second = process.stderr.splitlines()
    assert 1 == process.returncode
    assert first.startswith("clicktrail: error: the key ring ")
    assert second.startswith("clicktrail: hint: ")


def test_key_is_rotated_listed_and_revoked(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])

    rotated = run_clicktrail("keys", "rotate", folder=tmp_path)
    key_list = run_clicktrail("keys", "list", folder=tmp_path)
    revoked = run_clicktrail("keys", "revoke", "0", folder=tmp_path)
    as_json = run_clicktrail("keys", "list", "--json", folder=tmp_path)

    assert [0, 0, 0, 0] == [process.returncode for process in (rotated, key_list, revoked, as_json)]
    assert "restart clicktrail serve" in rotated.stderr
    assert [" 1  seal     links end in B or V", " 0  open     links end in A or U"] == key_list.stdout.splitlines()
    assert [
        {"number": 1, "state": "seal", "sealed": "B", "campaign": "V"},
        {"number": 0, "state": "revoked", "sealed": "A", "campaign": "U"},
    ] == json.loads(as_json.stdout)


def test_restore_replaces_a_lost_key_ring(tmp_path: Path) -> None:
    path = tmp_path / "clicktrail-data" / keyring_file.FILE_NAME
    ring = keyring_file.load_or_create(path, earlier_data_paths=[])
    run_clicktrail("keys", "backup", "copy.json", folder=tmp_path)
    path.unlink()

    process = run_clicktrail("keys", "restore", "copy.json", folder=tmp_path)

    assert (0, "") == (process.returncode, process.stdout)
    assert ring.keys == keyring_file.load(path).keys
