"""What recipients said to being tracked, as rows."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import EpochMilliseconds, consents, erasures, short_messages

__all__ = ["SqlConsents", "SqlErasures", "normalize_recipient", "upsert_consent"]

_UPSERT_CONSENT = text(
    "INSERT INTO consents (recipient, consent, at) VALUES (:recipient, :consent, :at)"
    " ON CONFLICT (recipient) DO UPDATE SET consent = excluded.consent, at = excluded.at"
).bindparams(bindparam("at", type_=EpochMilliseconds))
"""In one statement, as SQLite and PostgreSQL both have it: of two that come at once none is refused."""


class SqlConsents:
    """The consents of a registry: `Consents`.

    A recipient stands there as the sender names them, like in journal and analytics. A hash would protect nobody:
    whoever has the database has those, too, and a key for it would be one more thing that must never be lost.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Keep what a recipient said last."""
        name = normalize_recipient(recipient)
        await self._database.run(lambda connection: upsert_consent(connection, name, consent, at=at))

    async def find(self, recipient: str) -> Consent | None:
        """What a recipient said last, if anything."""
        name = normalize_recipient(recipient)
        found = await self._database.run(
            lambda connection: connection.execute(
                select(consents.c.consent).where(consents.c.recipient == name)
            ).scalar_one_or_none()
        )
        return None if found is None else Consent(found)

    async def list_records(self, *, since: datetime | None) -> list[ConsentRecord]:
        """What was said at a time and later; without one, by whom tracking was denied."""
        wanted = consents.c.consent == Consent.DENIED.value if since is None else consents.c.at >= since
        columns = consents.c.recipient, consents.c.consent, consents.c.at
        rows = await self._database.run(lambda connection: connection.execute(select(*columns).where(wanted)).all())
        return [ConsentRecord(recipient=recipient, consent=Consent(consent), at=at) for recipient, consent, at in rows]


def normalize_recipient(recipient: str) -> str:
    """Mail servers tell no capital from small letters in addresses; an opaque id may."""
    return recipient.casefold() if "@" in recipient else recipient


def upsert_consent(connection: Connection, recipient: str, consent: Consent, *, at: datetime) -> None:
    """Have this be what a recipient said last."""
    connection.execute(_UPSERT_CONSENT, {"recipient": recipient, "consent": consent.value, "at": at})


# FOLDED erasures.py: Erased recipients, as rows: a mark for good, and the name until analytics has nothing of
# them any more.


class SqlErasures:
    """The erasures of a registry: `Erasures`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> None:
        """Begin to erase a recipient."""
        await self._database.run(
            lambda connection: _insert_erasure(connection, normalize_recipient(recipient), recipient_hash, at)
        )

    async def list_hashes(self) -> list[str]:
        """What is kept of all who were erased."""
        return await self._database.run(lambda connection: list(connection.scalars(select(erasures.c.mark))))

    async def list_pending(self) -> list[str]:
        """Recipients whom analytics has not erased yet."""
        wanted = select(erasures.c.recipient).where(erasures.c.recipient != "")
        return await self._database.run(lambda connection: list(connection.scalars(wanted)))

    async def mark_done(self, recipient: str) -> None:
        """Forget a name."""
        forgotten = update(erasures).where(erasures.c.recipient == normalize_recipient(recipient)).values(recipient="")
        await self._database.run(lambda connection: connection.execute(forgotten))


def _insert_erasure(connection: Connection, recipient: str, recipient_hash: str, at: datetime) -> None:
    connection.execute(delete(erasures).where(erasures.c.mark == recipient_hash))
    connection.execute(insert(erasures), {"mark": recipient_hash, "at": at, "recipient": recipient})
    theirs = short_messages.c.recipient
    same = func.lower(theirs) == recipient if "@" in recipient else theirs == recipient
    connection.execute(update(short_messages).where(same).values(recipient=recipient_hash))
    upsert_consent(connection, recipient, Consent.DENIED, at=at)
