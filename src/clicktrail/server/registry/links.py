"""Link sets, as rows."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.model.link_set import LinkSet, ShortMessage
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import add_links, find_links, link_edits

__all__ = ["SqlLinkEdits", "SqlLinkSets", "SqlShortLinks"]

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


# FOLDED short_links.py: Messages with short links, as rows.


class SqlShortLinks:
    """The short links of a registry: `ShortLinks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, message: ShortMessage) -> None:
        """Keep a message's links."""
        await self._database.run(lambda connection: _add_short_links(connection, message))

    async def find(self, code: int) -> ShortMessage | None:
        """The message with a code, if there is one."""
        return await self._database.run(lambda connection: _find_short_links(connection, code))

    async def delete(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest messages of those before a time, and with them their links; how many there were."""
        messages = tables.short_messages.c
        oldest = select(messages.code).where(messages.created_at < before).order_by(messages.created_at).limit(limit)
        gone = delete(tables.short_messages).where(messages.code.in_(oldest))
        return await self._database.run(lambda connection: connection.execute(gone).rowcount)


def _add_short_links(connection: Connection, message: ShortMessage) -> None:
    connection.execute(
        insert(tables.short_messages),
        {
            "code": message.code,
            "message_id": message.message_id,
            "recipient": message.recipient,
            "campaign": message.campaign,
            "created_at": message.created_at,
        },
    )
    add_links(connection, tables.short_links.c.code, message.code, message.links)


def _find_short_links(connection: Connection, code: int) -> ShortMessage | None:
    row = connection.execute(select(tables.short_messages).where(tables.short_messages.c.code == code)).one_or_none()
    if row is None:
        return None
    return ShortMessage(
        code=row.code,
        message_id=row.message_id,
        recipient=row.recipient,
        campaign=row.campaign,
        created_at=row.created_at,
        links=find_links(connection, tables.short_links.c.code, code),
    )


# FOLDED link_edits.py: Edits of links, as rows.


class SqlLinkEdits:
    """The edits of a registry: `LinkEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, edit: LinkEdit) -> None:
        """Keep an edit."""
        await self._database.run(lambda connection: _add_link_edits(connection, edit))

    async def all(self) -> list[LinkEdit]:
        """Every edit, in the order of time."""
        return await self._database.run(_all)


def _add_link_edits(connection: Connection, edit: LinkEdit) -> None:
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
