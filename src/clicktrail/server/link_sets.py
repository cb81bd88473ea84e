"""Keep link sets from outside of a server: for the command line, and for programs that compile their campaigns."""

import asyncio

from clicktrail.model.stored import LinkSet
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry import open_registry

__all__ = ["keep_link_set"]


def keep_link_set(link_set: LinkSet, settings: Settings) -> int:
    """Keep a link set in the registry that the settings name. Returns its number.

    It waits for the database: a program with an event loop calls it in a thread.

    Raises:
        SettingsError: the registry's URL is not PostgreSQL's.
        StorageError: the registry does not answer; it may or may not have been kept, under a number that nobody knows.
    """
    return asyncio.run(_keep(link_set, settings))


async def _keep(link_set: LinkSet, settings: Settings) -> int:
    async with open_registry(settings) as registry:
        return await registry.link_sets.add(link_set)
