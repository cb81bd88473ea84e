"""Tables of links: link sets of campaigns, messages with short links, and edits of sent links."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage
from clicktrail.server.registry import tables
from clicktrail.server.registry.batch_loader import MAX_LINK_SET_ID, BatchLoader
from clicktrail.server.registry.batch_writer import BatchWriter
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import insert_links, link_edits, select_links


class SqlLinkSets:
    """The port `LinkSets`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loader = BatchLoader(self._find_all)

    async def add(self, link_set: LinkSet) -> int:
        """Store a link set and return its id."""
        return await self._database.run(lambda connection: _insert_link_set(connection, link_set))

    async def find(self, link_set_id: int) -> LinkSet | None:
        """The link set with an id, if there is one."""
        return await self._loader.find(link_set_id) if link_set_id <= MAX_LINK_SET_ID else None

    async def find_newest(self, campaign: str) -> LinkSet | None:
        """The link set of a campaign that was stored last, if there is one."""
        return await self._database.run(lambda connection: _select_newest_link_set(connection, campaign))

    async def _find_all(self, ids: Sequence[int]) -> dict[int, LinkSet]:
        return await self._database.run(lambda connection: _select_link_sets(connection, ids))


def _insert_link_set(connection: Connection, link_set: LinkSet) -> int:
    statement = insert(tables.link_sets).returning(tables.link_sets.c.id)
    row = {"campaign": link_set.campaign, "created_at": link_set.created_at}
    link_set_id: int = connection.execute(statement, row).scalar_one()
    owned_links = ((link_set_id, link) for link in link_set.links)
    insert_links(connection, tables.link_set_links.c.link_set_id, owned_links)
    return link_set_id


def _select_newest_link_set(connection: Connection, campaign: str) -> LinkSet | None:
    table = tables.link_sets
    newest = select(table.c.id).where(table.c.campaign == campaign).order_by(table.c.id.desc()).limit(1)
    link_set_id = connection.execute(newest).scalar_one_or_none()
    return None if link_set_id is None else _select_link_sets(connection, [link_set_id])[link_set_id]


def _select_link_sets(connection: Connection, ids: Sequence[int]) -> dict[int, LinkSet]:
    rows = {row.id: row for row in connection.execute(select(tables.link_sets).where(tables.link_sets.c.id.in_(ids)))}
    links = select_links(connection, tables.link_set_links.c.link_set_id, rows) if rows else {}
    return {
        id_: LinkSet(campaign=row.campaign, created_at=row.created_at, links=links.get(id_, ()))
        for id_, row in rows.items()
    }


class SqlShortLinks:
    """The port `ShortLinks`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loader = BatchLoader(self._find_all)
        self._writer = BatchWriter(self._add_all)

    async def add(self, message: ShortLinkMessage) -> None:
        """Store a message and its links, together with messages that are added meanwhile."""
        await self._writer.add(message)

    async def find(self, code: int) -> ShortLinkMessage | None:
        """The message with a code, if there is one."""
        return await self._loader.find(code)

    async def _add_all(self, messages: Sequence[ShortLinkMessage]) -> None:
        await self._database.run(lambda connection: _insert_short_messages(connection, messages))

    async def _find_all(self, codes: Sequence[int]) -> dict[int, ShortLinkMessage]:
        return await self._database.run(lambda connection: _select_short_messages(connection, codes))

    async def delete(self, *, created_before: datetime, limit: int) -> int:
        """Delete the oldest messages created before a time, and their links. Returns the number of messages."""
        messages = tables.short_messages.c
        oldest = (
            select(messages.code).where(messages.created_at < created_before).order_by(messages.created_at).limit(limit)
        )
        statement = delete(tables.short_messages).where(messages.code.in_(oldest))
        return await self._database.run(lambda connection: connection.execute(statement).rowcount)


def _insert_short_messages(connection: Connection, messages: Sequence[ShortLinkMessage]) -> None:
    rows = [
        {
            "code": message.code,
            "message_id": message.message_id,
            "recipient": message.recipient,
            "campaign": message.campaign,
            "created_at": message.created_at,
        }
        for message in messages
    ]
    connection.execute(insert(tables.short_messages), rows)
    insert_links(
        connection, tables.short_links.c.code, ((message.code, link) for message in messages for link in message.links)
    )


def _select_short_messages(connection: Connection, codes: Sequence[int]) -> dict[int, ShortLinkMessage]:
    statement = select(tables.short_messages).where(tables.short_messages.c.code.in_(codes))
    rows = {row.code: row for row in connection.execute(statement)}
    links = select_links(connection, tables.short_links.c.code, rows) if rows else {}
    return {
        code: ShortLinkMessage(
            code=code,
            message_id=row.message_id,
            recipient=row.recipient,
            campaign=row.campaign,
            created_at=row.created_at,
            links=links.get(code, ()),
        )
        for code, row in rows.items()
    }


class SqlLinkEdits:
    """The port `LinkEdits`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, edit: LinkEdit) -> None:
        """Store an edit. The same edit again changes nothing."""
        await self._database.run(lambda connection: _insert_link_edit(connection, edit))

    async def list_all(self) -> list[LinkEdit]:
        """Every edit, by time."""
        return await self._database.run(_select_link_edits)


def _insert_link_edit(connection: Connection, edit: LinkEdit) -> None:
    target = edit.target
    connection.execute(delete(link_edits).where(link_edits.c.id == edit.id))
    connection.execute(
        insert(link_edits),
        {
            "id": edit.id,
            "created_at": edit.at,
            "campaign": target.campaign,
            "position": target.position,
            "url": target.url,
            "host": target.host,
            "action": edit.action.value,
            "destination": edit.destination,
            "expires_at": edit.expires_at,
        },
    )


def _select_link_edits(connection: Connection) -> list[LinkEdit]:
    rows = connection.execute(select(link_edits).order_by(link_edits.c.created_at, link_edits.c.id))
    return [
        LinkEdit(
            id=row.id,
            at=row.created_at,
            target=EditTarget(campaign=row.campaign, position=row.position, url=row.url, host=row.host),
            action=EditAction(row.action),
            destination=row.destination,
            expires_at=row.expires_at,
        )
        for row in rows
    ]
