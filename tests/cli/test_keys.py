from pathlib import Path

from clicktrail.server import keystore
from tests.cli.running import clicktrail


def test_backup_copies_the_ring(tmp_path: Path) -> None:
    """The copy is the ring, and nothing is printed on standard output."""
    ring = keystore.load_or_create(tmp_path / "clicktrail-data" / keystore.NAME, traces=[])

    done = clicktrail("keys", "backup", "copy.json", folder=tmp_path)

    assert (0, "") == (done.returncode, done.stdout)
    assert ring.keys == keystore.load(tmp_path / "copy.json").keys


def test_backup_of_nothing_says_so(tmp_path: Path) -> None:
    """An error is one line with its hint, and status 1."""
    done = clicktrail("keys", "backup", "copy.json", folder=tmp_path)

    first, second = done.stderr.splitlines()
    assert 1 == done.returncode
    assert first.startswith("clicktrail: error: the key ring ")
    assert second.startswith("clicktrail: hint: ")
