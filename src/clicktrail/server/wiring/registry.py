"""Open the registry that the settings name, for whoever writes to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry_reader import Registry, opened

__all__ = ["open_registry"]


@contextlib.asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading and writing, its tables as this version needs them.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
        StorageError: it does not answer, or a newer version has been there.
    """
    if not settings.registry.url:
        _make_private(settings.registry_file)
    async with opened(settings, read_only=False) as (database, registry):
        await asyncio.to_thread(migrate, database)
        yield registry


def _make_private(file: Path) -> None:
    """Have SQLite find a file that only its owner can read: recipients stand in it."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"cannot make the registry {file}: {error.strerror}") from error
