from pathlib import Path

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from tests.support.command_line import run_clicktrail


def test_edge_knows_only_a_hash_of_an_erased_recipient(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    process = run_clicktrail("erase", "Anna@example.net", folder=tmp_path)
    assert (0, "", "") == (process.returncode, process.stdout, process.stderr)
    assert "anna@example.net" in HashedRecipients(ring, overrides_file.read(data / "overrides.json").erased)
    assert "anna" not in (data / "overrides.json").read_text("utf-8").lower()
    assert "denied\n" == run_clicktrail("consent", "show", "anna@example.net", folder=tmp_path).stdout


def test_recipient_is_not_erased_without_a_key_ring(tmp_path: Path) -> None:
    process = run_clicktrail("erase", "anna@example.net", folder=tmp_path)
    assert (1, []) == (process.returncode, list(tmp_path.iterdir()))
