import json
from pathlib import Path

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail


def test_last_consent_is_stored(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])

    for new_consent in ("granted", "denied"):
        process = run_clicktrail("consent", "set", "anna@example.net", new_consent, folder=tmp_path)
        assert (0, "") == (process.returncode, process.stdout)
        assert process.stderr.startswith(
            f"clicktrail: consent {new_consent}: in force when an edge of this data folder"
        )

    anna = run_clicktrail("consent", "show", "Anna@example.net", folder=tmp_path)
    ben = run_clicktrail("consent", "show", "ben@example.net", "--json", folder=tmp_path)
    assert ("denied\n", {"recipient": "ben@example.net", "consent": "unknown"}) == (anna.stdout, json.loads(ben.stdout))


def test_unknown_consent_is_wrong_usage(tmp_path: Path) -> None:
    assert 2 == run_clicktrail("consent", "set", "anna@example.net", "no", folder=tmp_path).returncode


def test_consent_is_not_stored_without_a_key_ring(tmp_path: Path) -> None:
    process = run_clicktrail("consent", "set", "anna@example.net", "denied", folder=tmp_path)

    assert (1, []) == (process.returncode, list(tmp_path.iterdir()))
    assert process.stderr.startswith("clicktrail: error: the key ring ")
