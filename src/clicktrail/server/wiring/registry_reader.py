"""Open the registry that the settings name for reading: without what only its owner needs, and is slow to import."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from clicktrail.server.ports import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.registry.consents import SqlConsents
from clicktrail.server.registry.database import Database, database_url
from clicktrail.server.registry.erasures import SqlErasures
from clicktrail.server.registry.link_edits import SqlLinkEdits
from clicktrail.server.registry.link_sets import SqlLinkSets
from clicktrail.server.registry.short_links import SqlShortLinks
from clicktrail.server.settings import Settings

__all__ = ["Registry", "opened", "read_registry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that a registry holds."""

    link_sets: LinkSets
    short_links: ShortLinks
    consents: Consents
    link_edits: LinkEdits
    erasures: Erasures


@contextlib.asynccontextmanager
async def read_registry(settings: Settings) -> AsyncIterator[Registry]:
    """Open it for reading. What cannot be read is told by whoever asks for it.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    async with opened(settings, read_only=True) as (_, registry):
        yield registry


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, read_only: bool) -> AsyncIterator[tuple[Database, Registry]]:
    """The database, nothing yet asked of it, and what it holds.

    Raises:
        SettingsError: its URL is not PostgreSQL's.
    """
    database = Database(database_url(settings.registry.url, file=settings.registry_file), read_only=read_only)
    try:
        yield database, _registry(database)
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
