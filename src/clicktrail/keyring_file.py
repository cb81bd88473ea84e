"""The file of the key ring: created once, changed atomically, never re-created silently.

Every link ever sent depends on the key that sealed it. A new ring in place of a lost one would let everything start and
break all those links, so a ring is created only where there is no data of an earlier start. A running edge reloads the
ring when the file changes; the engine keeps the ring it started with.
"""

import base64
import contextlib
import hashlib
import json
import secrets
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from clicktrail.atomic_file import write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import KeyRingError
from clicktrail.tokens import MAX_KEYS, SECRET_BYTES, Key, KeyRing, KeyState

FILE_NAME = "keys.json"
"""Name of the file in the data folder."""

_BACKUP_RECORD_NAME = "keys.backed-up"
"""Name of the file, beside the ring, that holds the fingerprint of the ring at its last backup."""

_RESTORE_HINT = (
    "clicktrail keys restore FILE restores a backup (clicktrail keys backup makes one); without it no link ever sent "
    "can be opened."
)
_FIRST_START_HINT = "clicktrail serve creates one at its very first start."
_FULL_RING_HINT = (
    "clicktrail keys revoke NUMBER ends the links of a key that you no longer need, and clicktrail keys remove NUMBER "
    "makes room."
)
_NOT_A_KEY_RING_HINT = "name the right file; if this one was a ring, restore it from your backup"
_GROUP_AND_OTHERS_MODE = stat.S_IRWXG | stat.S_IRWXO


def load(path: Path) -> KeyRing:
    """Read a key ring.

    Raises:
        KeyRingError: the file is missing, not a key ring, or accessible to other users than its owner.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise KeyRingError(f"the key ring {path} is missing", hint=f"{_FIRST_START_HINT} {_RESTORE_HINT}") from error
    except OSError as error:
        raise KeyRingError(f"cannot read the key ring {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise KeyRingError(f"{path} is not a key ring: it is not UTF-8", hint=_NOT_A_KEY_RING_HINT) from error
    ring = _parse_key_ring(text, path)
    if mode & _GROUP_AND_OTHERS_MODE:
        raise KeyRingError(f"the key ring {path} is open to other users", hint=f"chmod 600 {path}")
    return ring


def load_or_create(path: Path, *, earlier_data_paths: Iterable[Path]) -> KeyRing:
    """Read a key ring, or create it if this is the first start.

    ``earlier_data_paths`` are files that only an earlier start creates: journal, registry, analytics. If one of them
    exists, a missing ring is lost and is not created.

    Raises:
        KeyRingError: the ring is lost or cannot be written, or as for `load`.
    """
    if not path.exists():
        if any(data_path.exists() for data_path in earlier_data_paths):
            raise KeyRingError(
                f"the key ring {path} is missing",
                hint=f"{_RESTORE_HINT} Only if you never sent any, remove {path.parent}",
            )
        _write(path, [_generate_key(0)], overwrite=False)
    return load(path)


def backup(path: Path, backup_path: Path) -> None:
    """Copy a key ring to a new file, readable by its owner alone.

    Raises:
        KeyRingError: the ring cannot be read, ``backup_path`` exists, or its folder does not exist.
    """
    ring = load(path)
    if not backup_path.absolute().parent.is_dir():
        raise KeyRingError(
            f"there is no folder {backup_path.parent} to copy the key ring to", hint="is its drive mounted?"
        )
    _write(backup_path, ring.keys, overwrite=False)
    _record_backup(path, ring)


def is_backed_up(path: Path) -> bool:
    """Whether the ring in its current state has a backup; False if the ring cannot be read."""
    try:
        return path.with_name(_BACKUP_RECORD_NAME).read_text("utf-8") == _compute_fingerprint(load(path))
    except (OSError, UnicodeDecodeError, KeyRingError):
        return False


def restore(path: Path, backup_path: Path) -> None:
    """Restore a lost key ring from a backup.

    Raises:
        KeyRingError: ``backup_path`` is not a key ring that `load` accepts, or a ring exists at ``path``.
    """
    if path.exists():
        raise KeyRingError(
            f"there is a key ring at {path}", hint="move it away first; what it sealed opens only with its keys"
        )
    ring = load(backup_path)
    _write(path, ring.keys, overwrite=False)
    _record_backup(path, ring)


def rotate(path: Path) -> Key:
    """Add a new key that seals from now on, and return it. The older keys only open.

    Raises:
        KeyRingError: the ring cannot be read or written, or is full.
    """
    keys = load(path).keys
    used_numbers = {key.number for key in keys}
    candidates = ((keys[0].number + step) % MAX_KEYS for step in range(1, MAX_KEYS + 1))
    free_number = next((number for number in candidates if number not in used_numbers), None)
    if free_number is None:
        raise KeyRingError(f"the key ring {path} has {MAX_KEYS} keys, and cannot have more", hint=_FULL_RING_HINT)
    new_key = _generate_key(free_number)
    older_keys = [replace(key, state=KeyState.OPEN) if key.state is KeyState.SEAL else key for key in keys]
    _write(path, [new_key, *older_keys], overwrite=True)
    return new_key


def revoke(path: Path, number: int) -> None:
    """Revoke a key: it neither seals nor opens, so every link it sealed stops working.

    Raises:
        KeyRingError: the ring cannot be read or written, has no such key, or the key is the one that seals.
    """
    keys = load(path).keys
    revoked = _find_key(keys, number, path)
    if revoked.state is KeyState.SEAL:
        raise KeyRingError(f"key {number} seals new links", hint="run clicktrail keys rotate first to replace it")
    _write(path, [replace(key, state=KeyState.REVOKED) if key is revoked else key for key in keys], overwrite=True)


def remove(path: Path, number: int) -> None:
    """Remove a revoked key, so that a full ring can have a new one.

    Raises:
        KeyRingError: the ring cannot be read or written, has no such key, or the key is not revoked or the oldest.
    """
    keys = load(path).keys
    removed = _find_key(keys, number, path)
    if removed is keys[-1]:
        raise KeyRingError(
            f"key {number} is the oldest: it hashes erased recipients", hint="remove another key; this one stays"
        )
    if removed.state is not KeyState.REVOKED:
        raise KeyRingError(
            f"key {number} is not revoked",
            hint=f"run clicktrail keys revoke {number} first: every link that it sealed stops working",
        )
    _write(path, [key for key in keys if key is not removed], overwrite=True)


def _find_key(keys: Iterable[Key], number: int, path: Path) -> Key:
    found = next((key for key in keys if key.number == number), None)
    if found is None:
        raise KeyRingError(f"the key ring {path} has no key {number}", hint="clicktrail keys list shows its keys")
    return found


def _generate_key(number: int) -> Key:
    return Key(number=number, secret=secrets.token_bytes(SECRET_BYTES))


def _record_backup(path: Path, ring: KeyRing) -> None:
    with contextlib.suppress(OSError):  # the backup is made, even if this cannot be recorded
        write_atomically(path.with_name(_BACKUP_RECORD_NAME), _compute_fingerprint(ring).encode())


def _compute_fingerprint(ring: KeyRing) -> str:
    content = b"".join(key.number.to_bytes(1) + key.state.encode() + key.secret for key in ring.keys)
    return hashlib.sha256(content).hexdigest()


def _parse_key_ring(text: str, path: Path) -> KeyRing:
    try:
        return KeyRing(
            [
                Key(
                    number=entry["number"],
                    secret=base64.b64decode(entry["secret"], validate=True),
                    state=KeyState(entry["state"]),
                )
                for entry in json.loads(text)["keys"]
            ]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise KeyRingError(f"{path} is not a key ring: {error}", hint=_NOT_A_KEY_RING_HINT) from error


def _write(path: Path, keys: Iterable[Key], *, overwrite: bool) -> None:
    entries = [
        {"number": key.number, "state": key.state.value, "secret": base64.b64encode(key.secret).decode()}
        for key in keys
    ]
    text = json.dumps({"keys": entries}, indent=1) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, text.encode(), overwrite=overwrite)
    except FileExistsError as error:
        raise KeyRingError(f"there is a file at {path} already", hint="choose another name, or move it away") from error
    except OSError as error:
        raise KeyRingError(f"cannot write the key ring {path}: {describe_os_error(error, path)}") from error
