"""The key ring's file: made once, and never again in silence.

Every link ever sent depends on the key that sealed it. A new key where an old one is missing would let everything
start and kill all those links, so a ring is made only where nothing shows that there ever was one. The file is either
the old one or the new one, whatever happens in between. A running edge goes by what the file says; the engine has the
ring of its start.
"""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from clicktrail.errors import KeyRingError
from clicktrail.tokens import MAX_KEYS, SECRET_BYTES, Key, KeyRing, KeyState

__all__ = ["FILE_NAME", "backup", "is_backed_up", "load", "load_or_create", "restore", "revoke", "rotate"]

FILE_NAME = "keys.json"
"""The file's name in the data folder."""

_BACKUP_RECORD_NAME = "keys.backed-up"
"""Beside the ring: which one was copied last."""

_RESTORE_HINT = (
    "clicktrail keys restore FILE puts your backup there (clicktrail keys backup made it); without it no link ever "
    "sent can be opened."
)
_FIRST_START_HINT = "clicktrail serve makes one at its very first start."
_NOT_A_KEY_RING_HINT = "name the right file; if this one was a ring, restore it from your backup"
_GROUP_AND_OTHERS_MODE = stat.S_IRWXG | stat.S_IRWXO


def load(path: Path) -> KeyRing:
    """Read the ring.

    Raises:
        KeyRingError: missing, not a ring, or readable by others than its owner.
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
    """Read the ring, or make one if this is the first start.

    Args:
        path: the ring's file.
        earlier_data_paths: what an earlier start would have left: journal, registry, analytics. Where one of them exists a
            missing ring is lost, not new.

    Raises:
        KeyRingError: as for load.
    """
    if not path.exists():
        if any(trace.exists() for trace in earlier_data_paths):
            raise KeyRingError(
                f"the key ring {path} is missing",
                hint=f"{_RESTORE_HINT} Only if you never sent any, remove {path.parent}",
            )
        _write_new_file(path, [_generate_key(0)])
    return load(path)


def backup(path: Path, backup_path: Path) -> None:
    """Copy the ring to a new file that only its owner can read.

    Raises:
        KeyRingError: there is no good ring at path, something at ``backup_path`` already, or no folder for it.
    """
    ring = load(path)
    if not backup_path.absolute().parent.is_dir():  # a drive that is not mounted, as a rule
        raise KeyRingError(
            f"there is no folder {backup_path.parent} to copy the key ring to", hint="is its drive mounted?"
        )
    _write_new_file(backup_path, ring.keys)
    _record_backup(path, ring)


def is_backed_up(path: Path) -> bool:
    """Whether a backup was made of the ring as it is now; not where there is no good ring."""
    try:
        return path.with_name(_BACKUP_RECORD_NAME).read_text("utf-8") == _compute_fingerprint(load(path))
    except (OSError, UnicodeDecodeError, KeyRingError):
        return False


def restore(path: Path, backup_path: Path) -> None:
    """Put a backup in the place of a ring that is lost.

    Raises:
        KeyRingError: there is no good ring at ``backup_path``, or something at path already.
    """
    if path.exists():
        raise KeyRingError(
            f"there is a key ring at {path}", hint="move it away first; what it sealed opens only with its keys"
        )
    ring = load(backup_path)
    _write_new_file(path, ring.keys)
    _record_backup(path, ring)


def rotate(path: Path) -> Key:
    """Put a new key in front that seals from now on; those before it still open. Returns the new key.

    Raises:
        KeyRingError: there is no good ring at path, or it has all the keys that a ring can have.
    """
    keys = load(path).keys
    taken = {key.number for key in keys}
    after = keys[0].number + 1
    free = next(
        (number % MAX_KEYS for number in range(after, after + MAX_KEYS) if number % MAX_KEYS not in taken), None
    )
    if free is None:
        raise KeyRingError(f"the key ring {path} has {MAX_KEYS} keys, and cannot have more")
    new = _generate_key(free)
    older = [replace(key, state=KeyState.OPEN) if key.state is KeyState.SEAL else key for key in keys]
    _overwrite_file(path, [new, *older])
    return new


def revoke(path: Path, number: int) -> None:
    """Have a key neither seal nor open any more: every link that it sealed is dead.

    Raises:
        KeyRingError: there is no good ring at path, no such key in it, or it is the one that seals.
    """
    keys = load(path).keys
    revoked = next((key for key in keys if key.number == number), None)
    if revoked is None:
        raise KeyRingError(f"the key ring {path} has no key {number}", hint="clicktrail keys list shows its keys")
    if revoked.state is KeyState.SEAL:
        raise KeyRingError(f"key {number} seals new links", hint="clicktrail keys rotate puts another in its place")
    _overwrite_file(path, [replace(key, state=KeyState.REVOKED) if key is revoked else key for key in keys])


def _record_backup(path: Path, ring: KeyRing) -> None:
    """Have `is_backed_up` know of it. The backup is made whether that can be noted or not."""
    note = path.with_name(_BACKUP_RECORD_NAME)
    with contextlib.suppress(OSError):
        draft = note.with_suffix(".tmp")
        draft.write_text(_compute_fingerprint(ring), "utf-8")
        draft.replace(note)  # also where another user wrote it the last time


def _compute_fingerprint(ring: KeyRing) -> str:
    """Another one for other keys, or for the same in other states; it tells nothing of their secrets."""
    told = b"".join(key.number.to_bytes(1) + key.state.encode() + key.secret for key in ring.keys)
    return hashlib.sha256(told).hexdigest()


def _generate_key(number: int) -> Key:
    return Key(number=number, secret=secrets.token_bytes(SECRET_BYTES))


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


def _write_new_file(path: Path, keys: Iterable[Key]) -> None:
    """Write a ring where there is nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = _write_temp_file(path, keys)
        try:
            path.hardlink_to(written)  # unlike a renaming it never takes the place of another file
        finally:
            written.unlink()
        _fsync_parent_dir(path)
    except FileExistsError as error:
        raise KeyRingError(f"there is a file at {path} already", hint="choose another name, or move it away") from error
    except OSError as error:
        raise KeyRingError(f"cannot write the key ring {path}: {error.strerror}") from error


def _overwrite_file(path: Path, keys: Iterable[Key]) -> None:
    """Write a ring in place of the one that is there."""
    try:
        _write_temp_file(path, keys).replace(path)
        _fsync_parent_dir(path)
    except OSError as error:
        raise KeyRingError(f"cannot write the key ring {path}: {error.strerror}") from error


def _write_temp_file(path: Path, keys: Iterable[Key]) -> Path:
    """A new file beside path, on disk, for its owner alone."""
    entries = [
        {"number": key.number, "state": key.state.value, "secret": base64.b64encode(key.secret).decode()}
        for key in keys
    ]
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": entries}, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _fsync_parent_dir(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file's name is on disk only once its folder is
    finally:
        os.close(folder)
