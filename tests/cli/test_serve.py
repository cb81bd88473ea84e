import shutil
from pathlib import Path

import pytest

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server


def test_unknown_setting_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text("[rellay]\n", "utf-8")

    process = run_clicktrail("serve", folder=tmp_path)

    assert 1 == process.returncode
    assert (
        "clicktrail: error: in the settings: unknown key 'rellay'\nclicktrail: hint: did you mean 'relay'?\n"
        == process.stderr
    )


@pytest.mark.parametrize("trace", ["journal", "analytics"])
def test_lost_key_ring_stops_the_start(tmp_path: Path, trace: str) -> None:
    (tmp_path / "clicktrail-data" / trace).mkdir(parents=True)

    process = run_clicktrail("serve", folder=tmp_path)

    assert 1 == process.returncode
    assert "is missing" in process.stderr
    assert "clicktrail: hint: clicktrail keys restore FILE restores a backup" in process.stderr


def test_unknown_part_is_wrong_usage(tmp_path: Path) -> None:
    process = run_clicktrail("serve", "--only", "processor", folder=tmp_path)

    assert 2 == process.returncode
    assert "is not edge, relay or engine" in process.stderr


async def test_second_server_in_one_folder_is_refused(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        process = run_clicktrail("serve", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

        assert 1 == process.returncode
        assert "another clicktrail serves from" in process.stderr
        assert running.process.returncode is None


async def test_links_open_after_a_restart(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        token = running.ring.encrypt(b"sealed")
    async with running_server(tmp_path) as running:
        assert b"sealed" == running.ring.decrypt(token)
    (tmp_path / "data" / keyring_file.FILE_NAME).unlink()

    process = run_clicktrail("serve", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert 1 == process.returncode
    assert "the key ring" in process.stderr
    shutil.rmtree(tmp_path / "data")
