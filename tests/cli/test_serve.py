import shutil
from pathlib import Path

import pytest

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server


def test_an_unknown_setting_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text("[rellay]\n", "utf-8")

    done = run_clicktrail("serve", folder=tmp_path)

    assert 1 == done.returncode
    assert "clicktrail: error: unknown setting 'rellay'\nclicktrail: hint: did you mean 'relay'?\n" == done.stderr


@pytest.mark.parametrize("trace", ["journal", "analytics"])
def test_a_lost_key_ring_stops_the_start(tmp_path: Path, trace: str) -> None:
    (tmp_path / "clicktrail-data" / trace).mkdir(parents=True)

    done = run_clicktrail("serve", folder=tmp_path)

    assert 1 == done.returncode
    assert "is missing" in done.stderr
    assert "clicktrail: hint: clicktrail keys restore FILE puts your backup there" in done.stderr


def test_only_knows_two_parts(tmp_path: Path) -> None:
    done = run_clicktrail("serve", "--only", "relay", folder=tmp_path)

    assert 2 == done.returncode
    assert "neither edge nor engine" in done.stderr


async def test_serving_twice_from_one_folder_is_refused(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        done = run_clicktrail("serve", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

        assert 1 == done.returncode
        assert "another clicktrail serves from" in done.stderr
        assert running.process.returncode is None


async def test_a_second_start_opens_the_first_ones_links(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        token = running.ring.encrypt(b"sealed")
    async with running_server(tmp_path) as running:
        assert b"sealed" == running.ring.decrypt(token)
    (tmp_path / "data" / keyring_file.FILE_NAME).unlink()

    done = run_clicktrail("serve", "--config", str(tmp_path / "clicktrail.toml"), folder=tmp_path)

    assert 1 == done.returncode
    assert "the key ring" in done.stderr
    shutil.rmtree(tmp_path / "data")
