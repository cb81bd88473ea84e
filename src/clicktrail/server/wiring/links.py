"""Open the stored links for lookups: a SQLite file without SQLAlchemy, PostgreSQL with it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clicktrail.server.ports import LinkSetReader, ShortLinkReader
from clicktrail.server.registry.sqlite_links import SqliteLinkReader
from clicktrail.server.settings import Settings

if TYPE_CHECKING:
    from clicktrail.server.wiring.stores import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLinks:
    """Lookups in an open registry.

    Attributes:
        shared_registry: the whole registry, if other machines use it too.
    """

    link_sets: LinkSetReader
    short_links: ShortLinkReader
    shared_registry: "Registry | None" = None


@contextlib.asynccontextmanager
async def open_links(settings: Settings) -> AsyncIterator[StoredLinks]:
    """Open the stored links, without a query: each lookup raises its own errors.

    Raises:
        SettingsError: the registry's URL is not PostgreSQL's.
    """
    if settings.registry.url:
        from clicktrail.server.wiring.stores import open_registry_read_only

        async with open_registry_read_only(settings) as registry:
            yield StoredLinks(link_sets=registry.link_sets, short_links=registry.short_links, shared_registry=registry)
        return
    reader = SqliteLinkReader(settings.registry_path)
    try:
        yield StoredLinks(link_sets=reader.link_sets, short_links=reader.short_links)
    finally:
        await reader.close()
