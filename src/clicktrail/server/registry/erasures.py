"""Erased recipients, as rows: a mark for good, and the name until analytics has nothing of them any more."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from clicktrail.model.consent import Consent
from clicktrail.server.registry.consents import keep, name_of
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import erasures, short_messages

__all__ = ["SqlErasures"]


class SqlErasures:
    """The erasures of a registry: `Erasures`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recipient: str, mark: str, *, at: datetime) -> None:
        """Begin to erase a recipient."""
        await self._database.run(lambda connection: _add(connection, name_of(recipient), mark, at))

    async def marks(self) -> list[str]:
        """What is kept of all who were erased."""
        return await self._database.run(lambda connection: list(connection.scalars(select(erasures.c.mark))))

    async def pending(self) -> list[str]:
        """Recipients whom analytics has not erased yet."""
        wanted = select(erasures.c.recipient).where(erasures.c.recipient != "")
        return await self._database.run(lambda connection: list(connection.scalars(wanted)))

    async def done(self, recipient: str) -> None:
        """Forget a name."""
        forgotten = update(erasures).where(erasures.c.recipient == name_of(recipient)).values(recipient="")
        await self._database.run(lambda connection: connection.execute(forgotten))


def _add(connection: Connection, name: str, mark: str, at: datetime) -> None:
    connection.execute(delete(erasures).where(erasures.c.mark == mark))
    connection.execute(insert(erasures), {"mark": mark, "at": at, "recipient": name})
    theirs = short_messages.c.recipient
    same = func.lower(theirs) == name if "@" in name else theirs == name
    connection.execute(update(short_messages).where(same).values(recipient=mark))
    keep(connection, name, Consent.DENIED, at=at)
