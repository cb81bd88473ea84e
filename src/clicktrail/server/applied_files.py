"""Which versions of its files each edge worker has applied, so that a command can wait until its change is in force.

Each worker has a file, which it keeps locked while it runs: what a dead worker left behind is ignored. The file holds a
JSON object with the version of each applied file, by file name.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import msgspec

from clicktrail.errors import StorageError
from clicktrail.server.file_locks import is_locked

_WAIT_S = 5.0
"""Workers look for changes four times a second. A loaded machine takes longer."""
_POLL_INTERVAL_S = 0.05
_MAX_FILE_BYTES = 4096


def get_file_version(path: Path) -> str:
    """A text that changes when a file is replaced or written to; empty if the file does not exist."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_ino}-{stat.st_mtime_ns}-{stat.st_size}"


class AppliedFiles:
    """What one worker has applied. Create it before the worker reads any of the files.

    Raises:
        StorageError: the file cannot be created.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        self._path = folder / worker
        self._versions: Mapping[str, str] = {}
        self._descriptor = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def publish(self, versions: Mapping[str, str]) -> None:
        """State the version of each file that is in force now, by file name.

        Raises:
            StorageError: the file cannot be written; the next call tries again.
        """
        if self._is_replaced():
            previous, self._descriptor = self._descriptor, self._open()
            os.close(previous)
            self._versions = {}
        if versions == self._versions:
            return
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, msgspec.json.encode(versions), 0)
        except OSError as error:
            raise StorageError(f"cannot write {self._path}: {error.strerror}") from error
        self._versions = dict(versions)

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # a command holds it for a moment to see whether we run
            os.ftruncate(descriptor, 0)
        except OSError as error:
            raise StorageError(f"cannot write {self._path}: {error.strerror}") from error
        return descriptor

    def _is_replaced(self) -> bool:
        """Whether the file was deleted or replaced, such as when a data folder is restored under a running worker."""
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._descriptor))
        except OSError:
            return True


async def find_outdated_workers(folder: Path, path: Path) -> tuple[list[str], int]:
    """Wait some seconds until every running worker has applied the current version of a file.

    Returns the names of the workers that have not, and the number of all running workers.
    """
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while True:
        applied = dict(_read_running_workers(folder))
        outdated = sorted(
            name for name, versions in applied.items() if versions.get(path.name) != get_file_version(path)
        )
        if not outdated or asyncio.get_running_loop().time() > deadline:
            return outdated, len(applied)
        await asyncio.sleep(_POLL_INTERVAL_S)


def _read_running_workers(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for path in folder.glob("*"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if is_locked(file.fileno()):
                yield path.name, _decode_versions(file.read(_MAX_FILE_BYTES))


def _decode_versions(data: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(data, type=dict[str, str])
    except msgspec.DecodeError:  # empty, or being written
        return {}
