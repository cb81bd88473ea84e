import asyncio
import os
import shutil
from pathlib import Path

import pytest

from clicktrail.atomic_file import write_atomically
from clicktrail.errors import StorageError
from clicktrail.server import applied_files
from clicktrail.server.applied_files import AppliedFiles, find_outdated_workers, get_file_version


@pytest.fixture
def changed_file(tmp_path: Path) -> Path:
    path = tmp_path / "overrides.json"
    write_atomically(path, b"{}")
    return path


def test_version_changes_with_the_file(changed_file: Path) -> None:
    versions = {get_file_version(changed_file)}
    write_atomically(changed_file, b"[]")
    versions.add(get_file_version(changed_file))
    os.utime(changed_file, ns=(0, 0))
    versions.add(get_file_version(changed_file))
    changed_file.unlink()
    versions.add(get_file_version(changed_file))
    assert len(versions) == 4


async def test_command_waits_until_each_running_worker_has_applied_the_file(
    tmp_path: Path, changed_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "edge-workers"
    assert await find_outdated_workers(folder, changed_file) == ([], 0)
    with (
        AppliedFiles(folder, "edge-0") as first,
        AppliedFiles(folder, "edge-1") as second,
        AppliedFiles(folder, "dead"),
    ):
        pass
    with AppliedFiles(folder, "edge-0") as first, AppliedFiles(folder, "edge-1") as second:
        first.publish({changed_file.name: get_file_version(changed_file)})
        second.publish({changed_file.name: "an earlier version, which is much longer than the current one"})
        waiting = asyncio.get_running_loop().create_task(find_outdated_workers(folder, changed_file))
        await asyncio.sleep(0)
        assert not waiting.done()
        second.publish({changed_file.name: get_file_version(changed_file)})
        assert await waiting == ([], 2)
        monkeypatch.setattr(applied_files, "_WAIT_S", 0.0)
        write_atomically(changed_file, b"changed")
        first.publish({"keys.json": "1"})
        assert await find_outdated_workers(folder, changed_file) == (["edge-0", "edge-1"], 2)


async def test_replaced_folder_is_used_again(tmp_path: Path, changed_file: Path) -> None:
    folder, versions = tmp_path / "edge-workers", {changed_file.name: get_file_version(changed_file)}
    with AppliedFiles(folder, "edge-0") as worker:
        worker.publish(versions)
        shutil.copytree(folder, tmp_path / "copy")
        shutil.rmtree(folder)
        worker.publish(versions)
        assert await find_outdated_workers(folder, changed_file) == ([], 1)
        shutil.rmtree(folder)
        (tmp_path / "copy").rename(folder)
        assert await find_outdated_workers(folder, changed_file) == ([], 0)
        worker.publish(versions)
        assert await find_outdated_workers(folder, changed_file) == ([], 1)


def test_folder_that_cannot_be_created_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "edge-workers").touch()
    with pytest.raises(StorageError, match="edge-workers"):
        AppliedFiles(tmp_path / "edge-workers", "edge-0")
