"""Edits of links, as rows."""

from sqlalchemy import Connection, delete, insert, select

from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import link_edits

__all__ = ["SqlLinkEdits"]


class SqlLinkEdits:
    """The edits of a registry: `LinkEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, edit: LinkEdit) -> None:
        """Keep an edit."""
        await self._database.run(lambda connection: _add(connection, edit))

    async def all(self) -> list[LinkEdit]:
        """Every edit, in the order of time."""
        return await self._database.run(_all)


def _add(connection: Connection, edit: LinkEdit) -> None:
    target = edit.target
    connection.execute(delete(link_edits).where(link_edits.c.id == edit.id))
    connection.execute(
        insert(link_edits),
        {
            "id": edit.id,
            "at": edit.at,
            "campaign": target.campaign,
            "position": target.position,
            "url": target.url,
            "host": target.host,
            "action": edit.action.value,
            "destination": edit.destination,
            "expires_at": edit.expires_at,
        },
    )


def _all(connection: Connection) -> list[LinkEdit]:
    rows = connection.execute(select(link_edits).order_by(link_edits.c.at, link_edits.c.id))
    return [
        LinkEdit(
            id=row.id,
            at=row.at,
            target=Target(campaign=row.campaign, position=row.position, url=row.url, host=row.host),
            action=EditAction(row.action),
            destination=row.destination,
            expires_at=row.expires_at,
        )
        for row in rows
    ]
