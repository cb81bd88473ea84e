"""The file that remembers where reading stopped."""

from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.journal import cursor
from clicktrail.server.journal.cursor import Place

PLACES = (Place("edge-0", 3, 21), Place("engine", 1, 400))


def test_places_come_back(tmp_path: Path) -> None:
    """As they were saved, and the latest save stands."""
    cursor.save(tmp_path / "cursor", PLACES[:1])
    cursor.save(tmp_path / "cursor", PLACES)
    assert PLACES == cursor.load(tmp_path / "cursor")


def test_nothing_was_read_yet(tmp_path: Path) -> None:
    """No file, no places."""
    assert () == cursor.load(tmp_path / "cursor")


def test_a_save_that_fails_leaves_the_old_places(tmp_path: Path) -> None:
    """Here a folder stands where the draft would be written."""
    cursor.save(tmp_path / "cursor", PLACES)
    (tmp_path / "cursor.new").mkdir()
    with pytest.raises(StorageError):
        cursor.save(tmp_path / "cursor", PLACES[:1])
    assert PLACES == cursor.load(tmp_path / "cursor")


@pytest.mark.parametrize("text", [b"", b"{", b'{"edge-0": 3}', b"\xff"])
def test_a_damaged_file_is_refused_with_the_way_out(tmp_path: Path, text: bytes) -> None:
    """Reading everything again is safe, but not to be done silently."""
    (tmp_path / "cursor").write_bytes(text)
    with pytest.raises(StorageError) as caught:
        cursor.load(tmp_path / "cursor")
    assert "read again from its start" in caught.value.hint
