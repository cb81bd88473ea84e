"""The key ring's file: made once, and never again in silence.

Every link ever sent depends on the key that sealed it. A new key where an old one is missing would let everything
start and kill all those links, so a ring is made only where nothing shows that there ever was one.
"""

import base64
import json
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from clicktrail.errors import KeyRingError
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, KeyState

__all__ = ["NAME", "backup", "load", "load_or_create"]

NAME = "keys.json"
"""The file's name in the data folder."""

_PRIVATE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load(path: Path) -> KeyRing:
    """Read the ring.

    Raises:
        KeyRingError: missing, not a ring, or readable by others than its owner.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise KeyRingError(
            f"the key ring {path} is missing",
            hint=f"put your backup of it there with mode 0600 (clicktrail keys backup made one); "
            f"without it no link ever sent can be opened. Only if you never sent any, remove {path.parent}",
        ) from error
    except OSError as error:
        raise KeyRingError(f"cannot read the key ring {path}: {error.strerror}") from error
    if mode & _OTHERS:
        raise KeyRingError(f"the key ring {path} is open to other users", hint=f"chmod 600 {path}")
    return _parse(text, path)


def load_or_create(path: Path, *, traces: Iterable[Path]) -> KeyRing:
    """Read the ring, or make one if this is the first start.

    Args:
        path: the ring's file.
        traces: what an earlier start would have left: journal, registry, analytics. Where one of them exists a
            missing ring is lost, not new.

    Raises:
        KeyRingError: as for load.
    """
    if not path.exists() and not any(trace.exists() for trace in traces):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, [Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])
    return load(path)


def backup(path: Path, to: Path) -> None:
    """Copy the ring to a new file that only its owner can read.

    Raises:
        KeyRingError: there is no good ring at path, or something at ``to`` already.
    """
    _write(to, load(path).keys)


def _parse(text: str, path: Path) -> KeyRing:
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
        raise KeyRingError(f"{path} is not a key ring: {error}", hint="restore it from your backup") from error


def _write(path: Path, keys: Iterable[Key]) -> None:
    entries = [
        {"number": key.number, "state": key.state.value, "secret": base64.b64encode(key.secret).decode()}
        for key in keys
    ]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except OSError as error:
        raise KeyRingError(f"cannot write the key ring {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"keys": entries}, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file's name is on disk only once its folder is
    finally:
        os.close(folder)
