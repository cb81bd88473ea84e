"""Locks of a data folder: one supervisor serves each component, and the lock's file says where it can be asked.

The file holds a JSON object with the supervisor's process id and the address of its private port. It counts only while
the supervisor holds the lock: what a dead one left behind is ignored, so no other program at the same port is asked.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import msgspec

from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.server.file_locks import is_locked, try_lock

_ATTEMPTS = 10
_ATTEMPT_INTERVAL_S = 0.02
"""`find_running` holds a lock for a moment, which must not keep a supervisor from starting."""
_MAX_FILE_BYTES = 4096


class Component(StrEnum):
    """What a supervisor can serve, chosen by ``serve --only``."""

    EDGE = "edge"
    RELAY = "relay"
    ENGINE = "engine"


class RunningService(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor that serves a component.

    Attributes:
        pid: its process id, as it sees it.
        metrics: URL of its private port.
    """

    pid: int
    metrics: str


def get_lock_path(data_path: Path, component: Component) -> Path:
    """The lock's file of a component."""
    return data_path / f"{component}.lock"


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[TextIO]:
    """Hold a component's lock. Yields its file, for `announce_service`.

    Raises:
        StorageError: another supervisor holds it, or the file cannot be written.
    """
    try:
        file = path.open("a+")  # the content of the supervisor that holds it stays
    except OSError as error:
        raise StorageError(f"cannot write {path}: {describe_os_error(error, path)}") from error
    with file:
        if not any(_attempt_lock(file) for _ in range(_ATTEMPTS)):
            raise StorageError(
                f"another clicktrail serves from {path.parent}", hint="stop it first, or choose another data_dir"
            )
        file.truncate(0)
        yield file


def announce_service(files: Iterable[TextIO], service: RunningService) -> None:
    """Write to the files of held locks where the supervisor can be asked."""
    for file in files:
        file.write(msgspec.json.encode(service).decode() + "\n")
        file.flush()


def find_running(data_path: Path) -> dict[Component, RunningService | None]:
    """Components that are served from a data folder, each with its supervisor; None while that is starting."""
    running: dict[Component, RunningService | None] = {}
    for component in Component:
        with contextlib.suppress(OSError), get_lock_path(data_path, component).open("rb") as file:
            if is_locked(file.fileno()):
                running[component] = _decode_service(file.read(_MAX_FILE_BYTES))
    return running


def _attempt_lock(file: TextIO) -> bool:
    if try_lock(file.fileno()):
        return True
    time.sleep(_ATTEMPT_INTERVAL_S)
    return False


def _decode_service(data: bytes) -> RunningService | None:
    try:
        return msgspec.json.decode(data, type=RunningService)
    except msgspec.DecodeError:  # not written yet
        return None
