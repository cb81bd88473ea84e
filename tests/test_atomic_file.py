import errno
import os
import stat
from pathlib import Path

import pytest

from clicktrail.atomic_file import write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that holds the old data."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def fail_fsync(monkeypatch: pytest.MonkeyPatch, *, of_folder: bool) -> None:
    """Make fsync fail for folders, or for files."""
    fsync = os.fsync

    def failing_fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) is of_folder:
            raise OSError(errno.EIO, "disk error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing_fsync)


def test_file_is_created_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (b"old", b"new"):
        write_atomically(path, data)
        assert (path.read_bytes(), list(tmp_path.iterdir())) == (data, [path])


def test_file_is_private(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o644)
    write_atomically(tmp_path / "file", b"")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_existing_file_is_kept_without_overwrite(path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_atomically(path, b"new", overwrite=False)
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"old", [path])


def test_file_is_created_without_overwrite(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"new", overwrite=False)
    assert [(tmp_path / "file", b"new")] == [(path, path.read_bytes()) for path in tmp_path.iterdir()]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        write_atomically(tmp_path / "missing" / "file", b"")


def test_failed_write_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_fsync(monkeypatch, of_folder=False)
    with pytest.raises(OSError, match="disk error"):
        write_atomically(path, b"new")
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"old", [path])


def test_failed_rename_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "file" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", b"new")
    assert [tmp_path / "file"] == list(tmp_path.iterdir())


def test_failed_folder_sync_leaves_the_complete_new_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_fsync(monkeypatch, of_folder=True)
    with pytest.raises(OSError, match="disk error"):
        write_atomically(path, b"new")
    assert (path.read_bytes(), list(path.parent.iterdir())) == (b"new", [path])


def test_leftovers_of_killed_writers_are_deleted(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".file-a1", ".file-b2", ".other-a1"))
    for leftover in (old, young, other):
        leftover.write_bytes(b"secret")
    os.utime(old, (1, 1))
    os.utime(other, (1, 1))
    write_atomically(tmp_path / "file", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".file-b2", ".other-a1", "file"]
