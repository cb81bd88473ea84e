"""Tables of recipients: their consent to being tracked, and their erasure."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.recipient import normalize_recipient
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import EpochMilliseconds, consents, erasures, short_messages

_UPSERT_CONSENT = text(
    "INSERT INTO consents (recipient, consent, recorded_at) VALUES (:recipient, :consent, :recorded_at)"
    " ON CONFLICT (recipient) DO UPDATE SET consent = excluded.consent, recorded_at = excluded.recorded_at"
).bindparams(bindparam("recorded_at", type_=EpochMilliseconds))
"""One statement, which SQLite and PostgreSQL both have: of two concurrent ones, neither fails."""


class SqlConsents:
    """The port `Consents`.

    Recipients are stored as the sender names them, like in journal and analytics. Hashing them would protect no one:
    access to the database includes journal and analytics. And the key of the hash would be one more secret to back up.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Store a recipient's latest consent."""
        name = normalize_recipient(recipient)
        await self._database.run(lambda connection: upsert_consent(connection, name, consent, at=at))

    async def find(self, recipient: str) -> Consent | None:
        """A recipient's latest consent; None if none is stored."""
        statement = select(consents.c.consent).where(consents.c.recipient == normalize_recipient(recipient))
        consent = await self._database.run(lambda connection: connection.execute(statement).scalar_one_or_none())
        return None if consent is None else Consent(consent)

    async def list_records(self, *, since: datetime | None) -> list[ConsentRecord]:
        """Consents recorded at a time or later; None for all denials."""
        condition = consents.c.consent == Consent.DENIED.value if since is None else consents.c.recorded_at >= since
        statement = select(consents.c.recipient, consents.c.consent, consents.c.recorded_at).where(condition)
        rows = await self._database.run(lambda connection: connection.execute(statement).all())
        return [
            ConsentRecord(recipient=row.recipient, consent=Consent(row.consent), at=row.recorded_at) for row in rows
        ]


def upsert_consent(connection: Connection, recipient: str, consent: Consent, *, at: datetime) -> None:
    """Store a recipient's latest consent. ``recipient`` is normalized."""
    connection.execute(_UPSERT_CONSENT, {"recipient": recipient, "consent": consent.value, "recorded_at": at})


class SqlErasures:
    """The port `Erasures`.

    A keyed hash of each erased recipient stays permanently. The recipient is stored only until analytics has erased
    them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> None:
        """Store a request for erasure, and deny tracking."""
        name = normalize_recipient(recipient)
        await self._database.run(lambda connection: _insert_erasure(connection, name, recipient_hash, at))

    async def list_hashes(self) -> list[str]:
        """Hashes of all erased recipients."""
        statement = select(erasures.c.recipient_hash)
        return await self._database.run(lambda connection: list(connection.scalars(statement)))

    async def list_pending(self) -> list[str]:
        """Recipients that analytics has not erased yet."""
        statement = select(erasures.c.pending_recipient).where(erasures.c.pending_recipient != "")
        return await self._database.run(lambda connection: list(connection.scalars(statement)))

    async def mark_done(self, recipient: str) -> None:
        """Delete the recipient after analytics has erased them; the hash stays."""
        is_recipient = erasures.c.pending_recipient == normalize_recipient(recipient)
        statement = update(erasures).where(is_recipient).values(pending_recipient="")
        await self._database.run(lambda connection: connection.execute(statement))


def _insert_erasure(connection: Connection, recipient: str, recipient_hash: str, at: datetime) -> None:
    connection.execute(delete(erasures).where(erasures.c.recipient_hash == recipient_hash))
    connection.execute(
        insert(erasures), {"recipient_hash": recipient_hash, "requested_at": at, "pending_recipient": recipient}
    )
    column = short_messages.c.recipient
    is_recipient = func.lower(column) == recipient if "@" in recipient else column == recipient
    connection.execute(update(short_messages).where(is_recipient).values(recipient=recipient_hash))
    upsert_consent(connection, recipient, Consent.DENIED, at=at)
