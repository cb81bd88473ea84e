import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError, TokenForgedError
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.tokens import KeyRing, KeyState, TokenFormat


def test_first_start_creates_a_private_ring(tmp_path: Path) -> None:
    path = tmp_path / "data" / keyring_file.FILE_NAME

    created = keyring_file.load_or_create(path, earlier_data_paths=[tmp_path / "data" / "journal"])

    assert created.keys == keyring_file.load_or_create(path, earlier_data_paths=[]).keys
    assert path.stat().st_mode & 0o777 == 0o600


def test_lost_ring_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()

    with pytest.raises(KeyRingError, match="is missing") as caught:
        keyring_file.load_or_create(tmp_path / keyring_file.FILE_NAME, earlier_data_paths=[tmp_path / "journal"])

    assert "keys restore FILE restores a backup" in caught.value.hint
    assert not (tmp_path / keyring_file.FILE_NAME).exists()


def test_hint_for_a_mistyped_name_does_not_say_remove(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="is missing") as caught:
        keyring_file.load(tmp_path / "mistyped.json")

    assert "remove" not in caught.value.hint


def test_ring_readable_by_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keyring_file.load_or_create(path, earlier_data_paths=[])
    path.chmod(0o640)

    with pytest.raises(KeyRingError, match="open to other users"):
        keyring_file.load(path)


def test_hint_for_another_file_does_not_say_chmod(tmp_path: Path) -> None:
    for content in (b"[tracking]", b"\xff"):
        (tmp_path / "wrong.toml").write_bytes(content)
        with pytest.raises(KeyRingError, match=r"wrong\.toml is not a key ring") as caught:
            keyring_file.load(tmp_path / "wrong.toml")
        assert caught.value.hint.startswith("name the right file")


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
def test_malformed_ring_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")

    with pytest.raises(KeyRingError):
        keyring_file.load(path)


def test_backup_opens_what_the_ring_sealed(tmp_path: Path) -> None:
    path, copy = tmp_path / keyring_file.FILE_NAME, tmp_path / "copy.json"
    ring = keyring_file.load_or_create(path, earlier_data_paths=[])

    keyring_file.backup(path, copy)

    assert keyring_file.load(copy).decrypt(ring.encrypt(b"secret")) == b"secret"
    assert copy.stat().st_mode & 0o777 == 0o600


def test_backup_to_a_missing_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keyring_file.load_or_create(path, earlier_data_paths=[])

    with pytest.raises(KeyRingError, match="no folder") as caught:
        keyring_file.backup(path, tmp_path / "drive" / "copy.json")

    assert (caught.value.hint, keyring_file.is_backed_up(path)) == ("is its drive mounted?", False)


def test_changed_ring_is_not_backed_up(tmp_path: Path) -> None:
    path, copies = tmp_path / keyring_file.FILE_NAME, [tmp_path / f"copy-{number}.json" for number in range(2)]
    assert not keyring_file.is_backed_up(path)
    keyring_file.load_or_create(path, earlier_data_paths=[])
    states = [keyring_file.is_backed_up(path)]
    keyring_file.backup(path, copies[0])
    states.append(keyring_file.is_backed_up(path))
    keyring_file.rotate(path)
    states.append(keyring_file.is_backed_up(path))
    keyring_file.backup(path, copies[1])
    states.append(keyring_file.is_backed_up(path))
    keyring_file.revoke(path, 0)
    states.append(keyring_file.is_backed_up(path))
    path.unlink()
    states.append(keyring_file.is_backed_up(path))
    keyring_file.restore(path, copies[1])
    assert [*states, keyring_file.is_backed_up(path)] == [False, True, False, True, False, False, True]


def test_backup_does_not_overwrite_a_file(tmp_path: Path) -> None:
    path, copy = tmp_path / keyring_file.FILE_NAME, tmp_path / "copy.json"
    keyring_file.load_or_create(path, earlier_data_paths=[])
    copy.write_text("older", "utf-8")

    with pytest.raises(KeyRingError, match=r"there is a file at .*copy\.json already") as caught:
        keyring_file.backup(path, copy)

    assert caught.value.hint == "choose another name, or move it away"
    assert copy.read_text("utf-8") == "older"


def list_keys(ring: KeyRing) -> list[tuple[int, KeyState]]:
    """Numbers and states of a ring's keys, newest first."""
    return [(key.number, key.state) for key in ring.keys]


def test_rotation_adds_the_key_that_seals(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    before = keyring_file.load_or_create(path, earlier_data_paths=[]).encrypt(b"before")

    new = keyring_file.rotate(path)

    ring = keyring_file.load(path)
    assert list_keys(ring) == [(1, KeyState.SEAL), (0, KeyState.OPEN)]
    assert (ring.decrypt(before), ring.encrypt(b"after")[-1]) == (b"before", new.last_character(TokenFormat.SEALED))


def test_rotated_ring_is_private_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keyring_file.load_or_create(path, earlier_data_paths=[])
    keyring_file.rotate(path)
    assert (list(tmp_path.iterdir()), path.stat().st_mode & 0o777) == ([path], 0o600)


def test_failed_write_keeps_the_old_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keys = keyring_file.load_or_create(path, earlier_data_paths=[]).keys

    def fail(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(KeyRingError, match=r"cannot write the key ring .*: No space left"):
            keyring_file.rotate(path)
    assert (keys, [path]) == (keyring_file.load(path).keys, list(tmp_path.iterdir()))


def test_full_ring_cannot_be_rotated(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keyring_file.load_or_create(path, earlier_data_paths=[])
    assert list(range(1, 20)) == [keyring_file.rotate(path).number for _ in range(19)]
    with pytest.raises(KeyRingError, match="has 20 keys") as refused:
        keyring_file.rotate(path)
    assert "clicktrail keys remove" in refused.value.hint


def test_revoked_key_of_a_full_ring_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    ring = keyring_file.load_or_create(path, earlier_data_paths=[])
    for _ in range(19):
        keyring_file.rotate(path)
    old_link = keyring_file.load(path)
    keyring_file.revoke(path, 5)
    keyring_file.remove(path, 5)
    assert keyring_file.rotate(path).number == 5
    assert len(keyring_file.load(path).keys) == 20
    assert HashedRecipients(keyring_file.load(path)).hash_recipient("ann@example.org") == HashedRecipients(
        ring
    ).hash_recipient("ann@example.org")
    assert next(key for key in old_link.keys if key.number == 5).secret != keyring_file.load(path).keys[0].secret


@pytest.mark.parametrize(("number", "reason"), [(0, "is the oldest"), (1, "is not revoked"), (7, "has no key 7")])
def test_key_that_is_needed_is_not_removed(tmp_path: Path, number: int, reason: str) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    keyring_file.load_or_create(path, earlier_data_paths=[])
    keyring_file.rotate(path)
    keyring_file.rotate(path)
    keyring_file.revoke(path, 0)
    with pytest.raises(KeyRingError, match=reason):
        keyring_file.remove(path, number)
    assert len(keyring_file.load(path).keys) == 3


def test_revoked_key_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    dead = keyring_file.load_or_create(path, earlier_data_paths=[]).encrypt(b"dead")
    keyring_file.rotate(path)

    keyring_file.revoke(path, 0)

    ring = keyring_file.load(path)
    assert list_keys(ring) == [(1, KeyState.SEAL), (0, KeyState.REVOKED)]
    assert ring.decrypt(ring.encrypt(b"alive")) == b"alive"
    with pytest.raises(TokenForgedError, match="revoked"):
        ring.decrypt(dead)


@pytest.mark.parametrize(("number", "says"), [(0, "key 0 seals new links"), (7, "has no key 7")])
def test_sealing_or_unknown_key_cannot_be_revoked(tmp_path: Path, number: int, says: str) -> None:
    path = tmp_path / keyring_file.FILE_NAME
    before = keyring_file.load_or_create(path, earlier_data_paths=[]).keys
    with pytest.raises(KeyRingError, match=says):
        keyring_file.revoke(path, number)
    assert before == keyring_file.load(path).keys


def test_lost_ring_is_restored_from_a_backup(tmp_path: Path) -> None:
    path, copy = tmp_path / "data" / keyring_file.FILE_NAME, tmp_path / "copy.json"
    ring = keyring_file.load_or_create(path, earlier_data_paths=[])
    keyring_file.backup(path, copy)
    path.unlink()

    keyring_file.restore(path, copy)

    assert ring.keys == keyring_file.load(path).keys


def test_existing_ring_is_not_replaced_by_a_backup(tmp_path: Path) -> None:
    path, copy = tmp_path / keyring_file.FILE_NAME, tmp_path / "copy.json"
    keyring_file.load_or_create(path, earlier_data_paths=[])
    keyring_file.backup(path, copy)
    keyring_file.rotate(path)

    with pytest.raises(KeyRingError, match="there is a key ring"):
        keyring_file.restore(path, copy)

    assert len(keyring_file.load(path).keys) == 2
