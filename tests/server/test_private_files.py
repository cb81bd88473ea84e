import json
import os
import stat
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.server.private_files import remove_access_of_others
from tests.support.serving import running_server


def find_open_paths(folder: Path) -> list[str]:
    """Paths that other users can access."""
    return [
        str(path)
        for parent, _, names in os.walk(folder)
        for path in (Path(parent), *(Path(parent, name) for name in names))
        if is_open_to_others(path)
    ]


def is_open_to_others(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # deleted by the running server
        return False
    return not stat.S_ISLNK(mode) and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def test_access_of_others_is_removed(tmp_path: Path) -> None:
    folder, link = tmp_path / "data", tmp_path / "data" / "link"
    folder.mkdir(mode=0o755)
    (folder / "file").touch(mode=0o644)
    (folder / "keys.json").touch(mode=0o644)
    link.symlink_to(tmp_path)
    assert remove_access_of_others(folder, except_file=folder / "keys.json") == 2
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "file", folder / "keys.json")] == [
        0o700,
        0o600,
        0o644,
    ]
    assert remove_access_of_others(folder, except_file=folder / "keys.json") == 0


async def test_every_file_of_a_running_server_is_private(tmp_path: Path) -> None:
    old = tmp_path / "data" / "journal" / "edge-9"
    old.mkdir(parents=True, mode=0o755)
    (tmp_path / "data").chmod(0o755)
    (old / "lock").touch(mode=0o644)
    keyring_file.load_or_create(tmp_path / "data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    previous = os.umask(0o022)
    try:
        async with running_server(tmp_path, workers=1) as server:
            assert find_open_paths(tmp_path / "data") == []
            events = [json.loads(line)["event"] for line in server.log]
        assert "files were open to other users: access removed" in events
        assert find_open_paths(tmp_path / "data") == []
    finally:
        os.umask(previous)
