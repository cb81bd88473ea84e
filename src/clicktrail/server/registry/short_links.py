"""Messages with short links, as rows."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from clicktrail.model.stored import ShortMessage
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.link_rows import add_links, find_links

__all__ = ["SqlShortLinks"]


class SqlShortLinks:
    """The short links of a registry: `ShortLinks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, message: ShortMessage) -> None:
        """Keep a message's links."""
        await self._database.run(lambda connection: _add(connection, message))

    async def find(self, code: int) -> ShortMessage | None:
        """The message with a code, if there is one."""
        return await self._database.run(lambda connection: _find(connection, code))

    async def delete(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest messages of those before a time, and with them their links; how many there were."""
        messages = tables.short_messages.c
        oldest = select(messages.code).where(messages.created_at < before).order_by(messages.created_at).limit(limit)
        gone = delete(tables.short_messages).where(messages.code.in_(oldest))
        return await self._database.run(lambda connection: connection.execute(gone).rowcount)


def _add(connection: Connection, message: ShortMessage) -> None:
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


def _find(connection: Connection, code: int) -> ShortMessage | None:
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
