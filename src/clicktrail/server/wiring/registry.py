"""Open the registry that the settings name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.server.ports import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.registry.consents import SqlConsents
from clicktrail.server.registry.database import Database, database_url
from clicktrail.server.registry.erasures import SqlErasures
from clicktrail.server.registry.link_edits import SqlLinkEdits
from clicktrail.server.registry.link_sets import SqlLinkSets
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.short_links import SqlShortLinks
from clicktrail.server.settings import Settings

__all__ = ["Registry", "open_registry", "read_registry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that a registry holds."""

    link_sets: LinkSets
    short_links: ShortLinks
    consents: Consents
    link_edits: LinkEdits
    erasures: Erasures


@contextlib.asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading and writing, its tables as this version needs them.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
        StorageError: it does not answer, or a newer version has been there.
    """
    if not settings.registry.url:
        _make_private(settings.registry_file)
    async with _opened(settings, read_only=False) as database:
        await asyncio.to_thread(migrate, database)
        yield _registry(database)


@contextlib.asynccontextmanager
async def read_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading. What cannot be read is told by whoever asks for it.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    async with _opened(settings, read_only=True) as database:
        yield _registry(database)


def _make_private(file: Path) -> None:
    """Have SQLite find a file that only its owner can read: recipients stand in it."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"cannot make the registry {file}: {error.strerror}") from error


@contextlib.asynccontextmanager
async def _opened(settings: Settings, *, read_only: bool) -> AsyncIterator[Database]:
    database = Database(database_url(settings.registry.url, file=settings.registry_file), read_only=read_only)
    try:
        yield database
    finally:
        await database.close()


def _registry(database: Database) -> Registry:
    return Registry(
        link_sets=SqlLinkSets(database),
        short_links=SqlShortLinks(database),
        consents=SqlConsents(database),
        link_edits=SqlLinkEdits(database),
        erasures=SqlErasures(database),
    )
