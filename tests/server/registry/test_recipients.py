"""Rows of consents and erasures. tests/contracts tests what holds for every registry."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent
from clicktrail.server.ports import ErasureResult, PendingErasure
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from clicktrail.server.registry.tables import consents, erasures


async def test_recipient_has_one_consent_row(database: Database) -> None:
    first, last = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    store = SqlConsents(database, None)
    await store.set("ann@example.org", Consent.DENIED, at=first)
    await store.set("ann@example.org", Consent.GRANTED, at=last)
    rows = await database.run(lambda connection: connection.execute(select(consents)).all())
    assert [tuple(row) for row in rows] == [("ann@example.org", "granted", last)]


async def test_row_of_a_completed_erasure_has_no_recipient(database: Database) -> None:
    store, at = SqlErasures(database), datetime(2026, 11, 23, tzinfo=UTC)
    await store.add("ann@example.org", "hash", at=at)
    pending = PendingErasure(recipient="ann@example.org", recipient_hash="hash")
    await store.mark_done(pending, ErasureResult(), is_in_text=lambda _data: False)
    rows = await database.run(lambda connection: connection.execute(select(erasures)).all())
    assert [tuple(row) for row in rows] == [("hash", at, "", '{"events":0,"clicks":0,"links":0,"journal_lines":0}')]


async def test_name_in_the_log_of_sqlite_keeps_the_erasure_pending(database: Database) -> None:
    store, at = SqlErasures(database), datetime(2026, 11, 23, tzinfo=UTC)
    await store.add("ann@example.org", "hash", at=at)
    (pending,) = await store.list_pending()
    is_ann = b"ann@example.org".__eq__
    readers = Database(database.engine.url, read_only=True)
    with readers.engine.connect() as reader:
        reader.execute(select(erasures)).all()  # its snapshot holds the log
        with pytest.raises(StorageError):
            await store.mark_done(pending, ErasureResult(events=3), is_in_text=is_ann)
    await readers.close()
    assert await store.find_result("hash") is None
    (pending,) = await store.list_pending()
    assert pending.is_name_deleted
    await store.mark_done(pending, ErasureResult(), is_in_text=is_ann)
    assert await store.find_result("hash") == ErasureResult(events=3)
    assert await store.list_pending() == []
