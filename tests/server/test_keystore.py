from pathlib import Path

import pytest

from clicktrail.errors import KeyRingError
from clicktrail.server import keystore


def test_the_first_start_makes_a_ring(tmp_path: Path) -> None:
    """Where nothing shows an earlier start, a ring is made, and the next start reads the same one."""
    path = tmp_path / "data" / keystore.NAME

    made = keystore.load_or_create(path, traces=[tmp_path / "data" / "journal"])

    assert made.keys == keystore.load_or_create(path, traces=[]).keys
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_missing_ring_is_never_replaced(tmp_path: Path) -> None:
    """Where a journal exists a missing ring is lost, not new: the error says how to bring it back."""
    (tmp_path / "journal").mkdir()

    with pytest.raises(KeyRingError, match="is missing") as caught:
        keystore.load_or_create(tmp_path / keystore.NAME, traces=[tmp_path / "journal"])

    assert "put your backup of it there with mode 0600" in caught.value.hint
    assert not (tmp_path / keystore.NAME).exists()


def test_a_ring_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Whoever reads the ring can make links in our name."""
    path = tmp_path / keystore.NAME
    keystore.load_or_create(path, traces=[])
    path.chmod(0o640)

    with pytest.raises(KeyRingError, match="open to other users"):
        keystore.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"keys": []}',
        '{"keys": [{"number": 0, "state": "seal", "secret": "c2hvcnQ="}]}',
        '{"keys": [{"number": 99, "state": "seal", "secret": ""}]}',
        '{"keys": [{"number": 0, "state": "lost", "secret": ""}]}',
    ],
)
def test_a_file_that_is_no_ring_is_refused(tmp_path: Path, text: str) -> None:
    """A damaged ring is an error of its own class, not a crash."""
    path = tmp_path / keystore.NAME
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")

    with pytest.raises(KeyRingError):
        keystore.load(path)


def test_a_backup_opens_what_the_ring_sealed(tmp_path: Path) -> None:
    """The copy is a whole ring, readable by its owner alone."""
    path, copy = tmp_path / keystore.NAME, tmp_path / "copy.json"
    ring = keystore.load_or_create(path, traces=[])

    keystore.backup(path, copy)

    assert b"secret" == keystore.load(copy).decrypt(ring.encrypt(b"secret"))
    assert 0o600 == copy.stat().st_mode & 0o777


def test_a_backup_overwrites_nothing(tmp_path: Path) -> None:
    """An older backup may be the only good one."""
    path, copy = tmp_path / keystore.NAME, tmp_path / "copy.json"
    keystore.load_or_create(path, traces=[])
    copy.write_text("older", "utf-8")

    with pytest.raises(KeyRingError, match="File exists"):
        keystore.backup(path, copy)

    assert "older" == copy.read_text("utf-8")
