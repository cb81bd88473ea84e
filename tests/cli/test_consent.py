import json
from pathlib import Path

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail


def test_what_a_recipient_said_last_is_kept(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])

    for said in ("granted", "denied"):
        done = run_clicktrail("consent", "set", "anna@example.net", said, folder=tmp_path)
        assert (0, "", "") == (done.returncode, done.stdout, done.stderr)

    anna = run_clicktrail("consent", "show", "Anna@example.net", folder=tmp_path)
    ben = run_clicktrail("consent", "show", "ben@example.net", "--json", folder=tmp_path)
    assert ("denied\n", {"recipient": "ben@example.net", "consent": "unknown"}) == (anna.stdout, json.loads(ben.stdout))


def test_another_word_is_wrong_usage(tmp_path: Path) -> None:
    assert 2 == run_clicktrail("consent", "set", "anna@example.net", "no", folder=tmp_path).returncode


def test_nothing_is_kept_where_nobody_serves(tmp_path: Path) -> None:
    done = run_clicktrail("consent", "set", "anna@example.net", "denied", folder=tmp_path)

    assert (1, []) == (done.returncode, list(tmp_path.iterdir()))
    assert done.stderr.startswith("clicktrail: error: the key ring ")
