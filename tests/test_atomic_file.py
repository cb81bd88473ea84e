import stat
from pathlib import Path

import pytest

from clicktrail.atomic_file import write_atomically


def test_the_new_file_stands_in_the_old_one_s_place(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        write_atomically(path, data)
        assert (data, [path]) == (path.read_bytes(), list(tmp_path.iterdir()))
    assert 0 == path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        write_atomically(tmp_path / "missing" / "file", b"")


def test_what_failed_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", b"new")
    assert [tmp_path / "file"] == list(tmp_path.iterdir())
