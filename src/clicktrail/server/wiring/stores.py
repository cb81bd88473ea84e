"""Open the registry that the settings name for reading: without what only its owner needs, and is slow to import."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet
from clicktrail.server.journal.writer import Durability, SegmentWriter
from clicktrail.server.ports import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from clicktrail.server.settings import Settings

__all__ = ["Registry", "connect_registry", "open_journal", "open_registry", "open_registry_read_only", "save_link_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that a registry holds."""

    link_sets: LinkSets
    short_links: ShortLinks
    consents: Consents
    link_edits: LinkEdits
    erasures: Erasures


@contextlib.asynccontextmanager
async def open_registry_read_only(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading. What cannot be read is told by whoever asks for it.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    async with connect_registry(settings, read_only=True) as (_, registry):
        yield registry


@contextlib.asynccontextmanager
async def connect_registry(settings: Settings, *, read_only: bool) -> AsyncIterator[tuple[Database, Registry]]:
    """The database, nothing yet asked of it, and what it holds.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    database = Database(parse_database_url(settings.registry.url, file=settings.registry_path), read_only=read_only)
    try:
        yield database, _build_registry(database)
    finally:
        await database.close()


def _build_registry(database: Database) -> Registry:
    return Registry(
        link_sets=SqlLinkSets(database),
        short_links=SqlShortLinks(database),
        consents=SqlConsents(database),
        link_edits=SqlLinkEdits(database),
        erasures=SqlErasures(database),
    )


# FOLDED registry.py: Open the registry that the settings name, for whoever writes to it.


@contextlib.asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading and writing, its tables as this version needs them.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
        StorageError: it does not answer, or a newer version has been there.
    """
    if not settings.registry.url:
        _create_private_file(settings.registry_path)
    async with connect_registry(settings, read_only=False) as (database, registry):
        await asyncio.to_thread(migrate, database)
        yield registry


def _create_private_file(file: Path) -> None:
    """Have SQLite find a file that only its owner can read: recipients stand in it."""
    try:
        file.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"cannot make the registry {file}: {error.strerror}") from error


# FOLDED journal.py: The journal that the settings describe, on the machine's own disk.


def open_journal(settings: Settings, writer_name: str) -> SegmentWriter:
    """One writer's end, in the running event loop.

    Args:
        settings: the folder, and how safe a line is when it is confirmed.
        writer_name: the name of the writer's folder.

    Raises:
        StorageError: another process writes there.
    """
    return SegmentWriter(
        settings.journal_path / writer_name,
        asyncio.get_running_loop(),
        durability=Durability(settings.journal.durability),
        buffer_bytes=settings.journal.buffer_mb * 1_000_000,
    )


# FOLDED link_sets.py: Keep link sets from outside of a server: for the command line, and for programs that
# compile their campaigns.


def save_link_set(link_set: LinkSet, settings: Settings) -> int:
    """Keep a link set in the registry that the settings name. Returns its number.

    It waits for the database: a program with an event loop calls it in a thread.

    Raises:
        SettingsError: the registry's URL is not PostgreSQL's.
        StorageError: the registry does not answer; it may or may not have been kept, under a number that nobody knows.
    """
    return asyncio.run(_save_link_set(link_set, settings))


async def _save_link_set(link_set: LinkSet, settings: Settings) -> int:
    async with open_registry(settings) as registry:
        return await registry.link_sets.add(link_set)
