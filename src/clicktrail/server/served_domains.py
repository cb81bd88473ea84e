"""The file of the domains that the edge serves: they stay in force when the registry is down.

Commands and the engine copy them from the registry. An edge of this machine takes a change up within a second.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from clicktrail.atomic_file import write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.model.tracking_domain import ServedDomain
from clicktrail.server.file_locks import try_lock
from clicktrail.server.json_file import read_json_file

_LOCK_POLL_S = 0.02
"""A copy takes some milliseconds."""


class ServedDomains(msgspec.Struct, frozen=True, kw_only=True):
    """All domains that the edge serves; if there are none, it serves every host."""

    domains: tuple[ServedDomain, ...] = ()


def read(path: Path) -> ServedDomains:
    """Read the file; no domains if it does not exist.

    Raises:
        StorageError: the file cannot be read.
    """
    return read_json_file(path, ServedDomains, default=ServedDomains(), failure="cannot read the tracking domains in")


def write(path: Path, served: ServedDomains) -> None:
    """Write the file atomically, unless it holds the same.

    Raises:
        StorageError: the file cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(served)) + b"\n"
    try:
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
    except OSError as error:
        raise StorageError(f"cannot write the tracking domains to {path}: {describe_os_error(error, path)}") from error


@contextlib.asynccontextmanager
async def lock_copy(path: Path) -> AsyncIterator[None]:
    """Let one process at a time read the registry and write the file, so that no earlier copy replaces a later one.

    Raises:
        StorageError: the lock's file cannot be written.
    """
    try:
        file = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise StorageError(f"cannot write the tracking domains to {path}: {error.strerror}") from error
    with file:
        # Another process may have it. To wait in a thread could use up the threads that its holder needs.
        while not try_lock(file.fileno()):  # noqa: ASYNC110
            await asyncio.sleep(_LOCK_POLL_S)
        yield
