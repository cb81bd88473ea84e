"""Open the registry that the settings describe."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet
from clicktrail.server.log import get_logger
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.ports import Consents, Domains, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.domains import SqlDomains
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from clicktrail.server.settings import Settings

_LOG = get_logger(component="registry")
_MIGRATION_INTERVAL_S = 5.0
_UNAVAILABLE_PAUSE_S = 5.0
"""Of the messages that arrive while the registry does not respond, those of this time do not wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The repositories of an open registry."""

    link_sets: LinkSets
    short_links: ShortLinks
    consents: Consents
    link_edits: LinkEdits
    erasures: Erasures
    domains: Domains


@contextlib.asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open the registry for reading and writing, and migrate its tables to this version.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
        StorageError: it does not answer, or a newer version of clicktrail has migrated it.
    """
    if not settings.registry.url:
        _create_private_file(settings.registry_path)
    async with _connect_database(settings, read_only=False) as database:
        await asyncio.to_thread(migrate, database)
        yield _build_registry(database, settings)


@contextlib.asynccontextmanager
async def open_registry_when_available(settings: Settings) -> AsyncIterator[Registry]:
    """Open the registry for reading and writing, even if it is unavailable: its methods raise StorageError meanwhile.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    async with (
        _connect_database(settings, read_only=False, pause_s=_UNAVAILABLE_PAUSE_S) as database,
        asyncio.TaskGroup() as tasks,
    ):
        is_closing = asyncio.Event()
        if not await _try_to_migrate(settings, database):
            tasks.create_task(_migrate_when_available(settings, database, is_closing))
        try:
            yield _build_registry(database, settings)
        finally:
            is_closing.set()


async def _migrate_when_available(settings: Settings, database: Database, is_closing: asyncio.Event) -> None:
    while not is_closing.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MIGRATION_INTERVAL_S):
                await is_closing.wait()
        if is_closing.is_set() or await _try_to_migrate(settings, database):
            return


async def _try_to_migrate(settings: Settings, database: Database) -> bool:
    try:
        if not settings.registry.url:
            _create_private_file(settings.registry_path)
        await asyncio.to_thread(migrate, database)
    except StorageError as error:
        _LOG.error("cannot open the registry, trying again", error=error)
        return False
    except Exception as error:  # Alembic raises many kinds for tables that it does not understand
        _LOG.error("cannot open the registry, trying again", exc_info=error)
        return False
    return True


@contextlib.asynccontextmanager
async def open_registry_read_only(settings: Settings) -> AsyncIterator[Registry]:
    """Open the registry for reading, without a query: each later query raises its own errors.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    async with _connect_database(settings, read_only=True) as database:
        yield _build_registry(database, settings)


def save_link_set(link_set: LinkSet, settings: Settings) -> int:
    """Save a link set in the registry and return its id.

    This blocks on the database: call it in a thread if there is a running event loop.

    Raises:
        SettingsError: the registry's URL is not PostgreSQL's.
        StorageError: the registry does not answer. The link set may have been saved under an unknown id.
    """
    return asyncio.run(_save_link_set(link_set, settings))


async def _save_link_set(link_set: LinkSet, settings: Settings) -> int:
    async with open_registry(settings) as registry:
        return await registry.link_sets.add(link_set)


@contextlib.asynccontextmanager
async def _connect_database(settings: Settings, *, read_only: bool, pause_s: float = 0.0) -> AsyncIterator[Database]:
    url = parse_database_url(settings.registry.url, file=settings.registry_path)
    database = Database(url, read_only=read_only, pause_s=pause_s)
    try:
        yield database
    finally:
        await database.close()


def _build_registry(database: Database, settings: Settings) -> Registry:
    # A machine that only records consent in PostgreSQL has no key ring.
    has_ring = settings.keyring_path.exists()
    hash_recipient = HashedRecipients(keyring_file.load(settings.keyring_path)).hash_recipient if has_ring else None
    return Registry(
        link_sets=SqlLinkSets(database),
        short_links=SqlShortLinks(database),
        consents=SqlConsents(database, hash_recipient),
        link_edits=SqlLinkEdits(database),
        erasures=SqlErasures(database),
        domains=SqlDomains(database),
    )


def _create_private_file(path: Path) -> None:
    """Create the file before SQLite does, so that only its owner can read the recipients in it."""
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise StorageError(f"cannot create the registry {path}: {describe_os_error(error, path)}") from error
