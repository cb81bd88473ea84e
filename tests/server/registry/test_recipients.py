"""Consents, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from sqlalchemy import select

from clicktrail.model.consent import Consent
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from clicktrail.server.registry.tables import consents, erasures


async def test_a_recipient_has_one_row(database: Database) -> None:
    first, last = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    store = SqlConsents(database)
    await store.set("ann@example.org", Consent.DENIED, at=first)
    await store.set("ann@example.org", Consent.GRANTED, at=last)
    rows = await database.run(lambda connection: connection.execute(select(consents)).all())
    assert [("ann@example.org", "granted", last)] == [tuple(row) for row in rows]


async def test_once_it_is_done_the_row_has_no_name(database: Database) -> None:
    store, at = SqlErasures(database), datetime(2026, 11, 23, tzinfo=UTC)
    await store.add("ann@example.org", "mark", at=at)
    await store.mark_done("Ann@example.org")
    rows = await database.run(lambda connection: connection.execute(select(erasures)).all())
    assert [("mark", at, "")] == [tuple(row) for row in rows]
