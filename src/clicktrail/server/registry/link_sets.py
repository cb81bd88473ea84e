"""Link sets, as rows."""

from sqlalchemy import Connection, insert, select

from clicktrail.model.stored import LinkSet
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.link_rows import add_links, find_links

__all__ = ["SqlLinkSets"]

_MAX_NUMBER = 2**63 - 1


class SqlLinkSets:
    """The link sets of a registry: `LinkSets`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, link_set: LinkSet) -> int:
        """Keep a link set, and return its number."""
        return await self._database.run(lambda connection: _add(connection, link_set))

    async def find(self, number: int) -> LinkSet | None:
        """One link set, if there is one of that number."""
        if number > _MAX_NUMBER:
            return None
        return await self._database.run(lambda connection: _find(connection, number))


def _add(connection: Connection, link_set: LinkSet) -> int:
    statement = insert(tables.link_sets).returning(tables.link_sets.c.id)
    number: int = connection.execute(
        statement, {"campaign": link_set.campaign, "created_at": link_set.created_at}
    ).scalar_one()
    add_links(connection, tables.link_set_links.c.link_set, number, link_set.links)
    return number


def _find(connection: Connection, number: int) -> LinkSet | None:
    row = connection.execute(select(tables.link_sets).where(tables.link_sets.c.id == number)).one_or_none()
    if row is None:
        return None
    return LinkSet(
        campaign=row.campaign,
        created_at=row.created_at,
        links=find_links(connection, tables.link_set_links.c.link_set, number),
    )
