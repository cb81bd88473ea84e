"""Tables of recipients: their consent to being tracked, and their erasure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

import msgspec
from sqlalchemy import Column, Connection, bindparam, delete, insert, literal_column, select, text, update

from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.recipient import normalize_recipient
from clicktrail.server.ports import ErasureResult, PendingErasure, StoredConsent
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import (
    EpochMilliseconds,
    consents,
    erasures,
    link_edits,
    link_set_links,
    link_sets,
    short_links,
    short_messages,
)

EditUrl = Callable[[str], str]
"""Returns a URL without the recipient; the same URL if it does not hold the recipient."""

_SCANNED_MESSAGES = 1_000
"""Messages or link sets per transaction: other writers wait for less than 0.1 s."""

_UPSERT_CONSENT = text(
    "INSERT INTO consents (recipient, consent, recorded_at) VALUES (:recipient, :consent, :recorded_at)"
    " ON CONFLICT (recipient) DO UPDATE SET consent = excluded.consent, recorded_at = excluded.recorded_at"
).bindparams(bindparam("recorded_at", type_=EpochMilliseconds))
"""One statement, which SQLite and PostgreSQL both have: of two concurrent ones, neither fails."""

_ERASED = "erased"
_SELECT_CONSENTS = (
    select(consents.c.recipient, consents.c.consent, consents.c.recorded_at)
    .where(consents.c.recipient.in_(bindparam("names", expanding=True)))
    .union_all(
        select(erasures.c.recipient_hash, literal_column(f"'{_ERASED}'"), erasures.c.requested_at).where(
            erasures.c.recipient_hash.in_(bindparam("hashes", expanding=True))
        )
    )
)


class SqlConsents:
    """The port `Consents`.

    Recipients are stored under their normalized name, like in journal and analytics. Hashing them would protect no one:
    access to the database includes journal and analytics. Only the denial of an erased recipient is stored by hash.

    Args:
        database: the registry.
        hash_recipient: returns the hash of a recipient; None without a key ring: erased recipients are not recognised.
    """

    def __init__(self, database: Database, hash_recipient: Callable[[str], str] | None) -> None:
        self._database = database
        self._hash_recipient = hash_recipient

    async def set(self, recipient: str, consent: Consent, *, at: datetime) -> None:
        """Store a recipient's latest consent."""
        name, recipient_hash = self._find_names(recipient)
        await self._database.run(lambda connection: _set_consent(connection, name, recipient_hash, consent, at))

    async def find(self, recipients: Iterable[str]) -> list[StoredConsent]:
        """What is stored of each recipient, looked up by one statement."""
        names = [self._find_names(recipient) for recipient in recipients]
        return await self._database.read(lambda connection: _select_consents(connection, names)) if names else []

    async def list_records(self, *, since: datetime | None) -> list[ConsentRecord]:
        """Consents recorded at a time or later; None for all denials."""
        condition = consents.c.consent == Consent.DENIED.value if since is None else consents.c.recorded_at >= since
        statement = select(consents.c.recipient, consents.c.consent, consents.c.recorded_at).where(condition)
        rows = await self._database.run(lambda connection: connection.execute(statement).all())
        return [
            ConsentRecord(recipient=row.recipient, consent=Consent(row.consent), at=row.recorded_at) for row in rows
        ]

    def _find_names(self, recipient: str) -> tuple[str, str]:
        """Name and hash of a recipient."""
        name = normalize_recipient(recipient)
        return name, self._hash_recipient(name) if self._hash_recipient and name else name


def _set_consent(connection: Connection, name: str, recipient_hash: str, consent: Consent, at: datetime) -> None:
    (stored,) = _select_consents(connection, [(name, recipient_hash)])
    if stored.is_erased:
        if consent is not Consent.GRANTED:
            return  # an erased recipient is not tracked anyway, and the name stays erased
        connection.execute(delete(consents).where(consents.c.recipient == recipient_hash))
        is_done = (erasures.c.recipient_hash == recipient_hash) & (erasures.c.pending_recipient == "")
        connection.execute(delete(erasures).where(is_done))
    _upsert_consent(connection, name, consent, at=at)


def _select_consents(connection: Connection, names: Sequence[tuple[str, str]]) -> list[StoredConsent]:
    """What is stored of recipients, by name and hash. Of a consent under the name and one under the hash, the later."""
    rows = connection.execute(
        _SELECT_CONSENTS,
        {"names": list({name for pair in names for name in pair}), "hashes": [hashed for _, hashed in names]},
    ).all()
    recorded = {row.recipient: (row.recorded_at, Consent(row.consent)) for row in rows if row.consent != _ERASED}
    erased = {row.recipient for row in rows if row.consent == _ERASED}
    found: list[StoredConsent] = []
    for pair in names:
        latest = max((recorded[name] for name in pair if name in recorded), default=None)
        consent = latest[1] if latest else None
        found.append(StoredConsent(consent, pair[1] in erased and consent is not Consent.GRANTED))
    return found


def _upsert_consent(connection: Connection, recipient: str, consent: Consent, *, at: datetime) -> None:
    connection.execute(_UPSERT_CONSENT, {"recipient": recipient, "consent": consent.value, "recorded_at": at})


class SqlErasures:
    """The port `Erasures`.

    A keyed hash of each erased recipient stays permanently. The recipient is stored only until it is erased everywhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recipient: str, recipient_hash: str, *, at: datetime) -> int:
        """Store a request for erasure, and deny tracking. Returns the number of consents deleted."""
        name = normalize_recipient(recipient)
        return await self._database.run(lambda connection: _insert_erasure(connection, name, recipient_hash, at))

    async def list_hashes(self) -> list[str]:
        """Hashes of all erased recipients."""
        statement = select(erasures.c.recipient_hash)
        return await self._database.run(lambda connection: list(connection.scalars(statement)))

    async def list_pending(self) -> list[PendingErasure]:
        """Recipients that are not erased everywhere yet."""
        statement = select(erasures.c.pending_recipient, erasures.c.recipient_hash).where(
            erasures.c.pending_recipient != ""
        )
        rows = await self._database.run(lambda connection: connection.execute(statement).all())
        return [PendingErasure(recipient=recipient, recipient_hash=hash_) for recipient, hash_ in rows]

    async def erase_links(self, erasure: PendingErasure, edit_url: EditUrl, *, only_own: bool) -> int:
        """Replace the recipient in stored messages by the hash, and remove the recipient from URLs."""
        owner_hash = erasure.recipient_hash if only_own else None
        messages = await self._scan(
            short_messages.c.code, lambda connection, codes: _rename_recipient(connection, erasure, codes)
        )
        short = await self._scan(
            short_messages.c.code,
            lambda connection, codes: _edit_links(connection, short_links.c.code, codes, edit_url, owner_hash),
        )
        if only_own:
            return messages + short
        campaign = await self._scan(
            link_sets.c.id, lambda connection, ids: _edit_links(connection, link_set_links.c.link_set_id, ids, edit_url)
        )
        edits = await self._database.run(lambda connection: _edit_edits(connection, edit_url))
        return messages + short + campaign + edits

    async def mark_done(
        self, erasure: PendingErasure, result: ErasureResult, *, is_in_text: Callable[[bytes], bool]
    ) -> None:
        """Delete the recipient, after it was erased everywhere else, from the rows and the files; the hash stays."""
        await self._database.run(lambda connection: _delete_name(connection, erasure, result))
        await self._database.delete_old_pages(is_in_text)
        is_erasure = erasures.c.recipient_hash == erasure.recipient_hash
        statement = update(erasures).where(is_erasure).values(pending_recipient="")
        await self._database.run(lambda connection: connection.execute(statement))

    async def find_result(self, recipient_hash: str) -> ErasureResult | None:
        """What was erased; None while the erasure is pending."""
        is_done = (erasures.c.recipient_hash == recipient_hash) & (erasures.c.pending_recipient == "")
        statement = select(erasures.c.result).where(is_done)
        result = await self._database.run(lambda connection: connection.execute(statement).scalar_one_or_none())
        return msgspec.json.decode(result, type=ErasureResult) if result else None

    async def _scan(self, key: Column[int], edit: Callable[[Connection, tuple[int, int]], int]) -> int:
        """Edit all messages or link sets in small transactions. Returns the number of edited rows."""
        count, last = 0, -1
        while True:
            edited, newest = await self._database.run(partial(_edit_batch, key=key, after=last, edit=edit))
            count += edited
            if newest is None:
                return count
            last = newest


def _edit_batch(
    connection: Connection, *, key: Column[int], after: int, edit: Callable[[Connection, tuple[int, int]], int]
) -> tuple[int, int | None]:
    """Edit the next messages or link sets. Returns the number of edited rows and the last key; None after the last."""
    statement = select(key).where(key > after).order_by(key).limit(_SCANNED_MESSAGES)
    keys: list[int] = list(connection.scalars(statement))
    return (edit(connection, (keys[0], keys[-1])), keys[-1]) if keys else (0, None)


def _insert_erasure(connection: Connection, recipient: str, recipient_hash: str, at: datetime) -> int:
    connection.execute(delete(erasures).where(erasures.c.recipient_hash == recipient_hash))
    connection.execute(
        insert(erasures),
        {"recipient_hash": recipient_hash, "requested_at": at, "pending_recipient": recipient, "result": ""},
    )
    is_recipient = short_messages.c.recipient == recipient
    connection.execute(update(short_messages).where(is_recipient).values(recipient=recipient_hash))
    count = connection.execute(delete(consents).where(consents.c.recipient == recipient)).rowcount
    _upsert_consent(connection, recipient_hash, Consent.DENIED, at=at)
    return count


def _delete_name(connection: Connection, erasure: PendingErasure, result: ErasureResult) -> None:
    """Replace the name of a pending erasure by its hash, until the files do not hold the name any more."""
    is_erasure = erasures.c.recipient_hash == erasure.recipient_hash
    connection.execute(update(erasures).where(is_erasure).values(pending_recipient=erasure.recipient_hash))
    first_result = update(erasures).where(is_erasure & (erasures.c.result == ""))
    connection.execute(first_result.values(result=msgspec.json.encode(result).decode()))


def _rename_recipient(connection: Connection, erasure: PendingErasure, codes: tuple[int, int]) -> int:
    """Replace spellings of the recipient that an earlier version stored."""
    rows = connection.execute(
        select(short_messages.c.code, short_messages.c.recipient).where(short_messages.c.code.between(*codes))
    )
    found = [row.code for row in rows if normalize_recipient(row.recipient) == erasure.recipient]
    for code in found:
        statement = update(short_messages).where(short_messages.c.code == code)
        connection.execute(statement.values(recipient=erasure.recipient_hash))
    return len(found)


def _edit_links(
    connection: Connection,
    owner: Column[int],
    owners: tuple[int, int],
    edit_url: EditUrl,
    owner_hash: str | None = None,
) -> int:
    table = owner.table
    statement = select(owner, table.c.position, table.c.destination).where(owner.between(*owners))
    if owner_hash is not None:
        statement = statement.where(
            owner.in_(select(short_messages.c.code).where(short_messages.c.recipient == owner_hash))
        )
    rows = connection.execute(statement)
    edited = [(key, position, edit_url(url)) for key, position, url in rows if edit_url(url) != url]
    for key, position, url in edited:
        is_link = (owner == key) & (table.c.position == position)
        connection.execute(update(table).where(is_link).values(destination=url))
    return len(edited)


def _edit_edits(connection: Connection, edit_url: EditUrl) -> int:
    rows = connection.execute(select(link_edits.c.id, link_edits.c.url, link_edits.c.destination)).all()
    edited = [row for row in rows if edit_url(row.url) != row.url or edit_url(row.destination) != row.destination]
    for row in edited:
        values = {"url": edit_url(row.url), "destination": edit_url(row.destination)}
        connection.execute(update(link_edits).where(link_edits.c.id == row.id).values(values))
    return len(edited)
