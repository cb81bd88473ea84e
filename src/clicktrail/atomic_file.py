"""Replace files atomically: after a crash a file is the complete old one or the complete new one."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

_MAX_WRITING_S = 60.0
"""A younger temporary file may belong to a process that is writing."""


def write_atomically(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file of mode 0600 in an existing folder, and bring it to disk. Replace a file only if ``overwrite``.

    Raises:
        FileExistsError: the file exists, and ``overwrite`` is false.
        OSError: writing or syncing failed. The path holds the complete old file or, if only the sync of the folder
            failed, the complete new one, which a power cut may still undo.
    """
    _remove_leftovers(path)
    descriptor, temp_name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    temp_path = Path(temp_name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if overwrite:
            temp_path.replace(path)
        else:
            path.hardlink_to(temp_path)  # unlike a rename it fails where the file exists
    finally:
        temp_path.unlink(missing_ok=True)  # repeated attempts must not fill the disk
    fsync_folder(path.parent)


def _remove_leftovers(path: Path) -> None:
    """Delete what a process left that was killed while it wrote the file. It may hold secrets."""
    with os.scandir(path.parent) as entries:
        leftovers = [Path(entry.path) for entry in entries if entry.name.startswith(f".{path.name}-")]
    for leftover in leftovers:
        with contextlib.suppress(FileNotFoundError):  # another process has deleted it
            if leftover.stat().st_mtime < time.time() - _MAX_WRITING_S:
                leftover.unlink()


def fsync_folder(folder: Path) -> None:
    """Bring a folder's entries to disk: until then a power cut can undo the creation of a file (fsync(2)).

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
