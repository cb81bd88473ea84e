from pathlib import Path

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from tests.support.command_line import run_clicktrail


def test_an_erased_recipient_is_known_to_the_edge_by_a_mark(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    done = run_clicktrail("erase", "Anna@example.net", folder=tmp_path)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert "anna@example.net" in HashedRecipients(ring, overrides_file.read(data / "overrides.json").erased)
    assert "anna" not in (data / "overrides.json").read_text("utf-8").lower()
    assert "denied\n" == run_clicktrail("consent", "show", "anna@example.net", folder=tmp_path).stdout


def test_nobody_is_erased_where_nobody_serves(tmp_path: Path) -> None:
    done = run_clicktrail("erase", "anna@example.net", folder=tmp_path)
    assert (1, []) == (done.returncode, list(tmp_path.iterdir()))
