"""Erased recipients, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from sqlalchemy import select

from clicktrail.server.registry.database import Database
from clicktrail.server.registry.erasures import SqlErasures
from clicktrail.server.registry.tables import erasures


async def test_once_it_is_done_the_row_has_no_name(database: Database) -> None:
    """Only the mark, from which nobody reads whose it is."""
    store, at = SqlErasures(database), datetime(2026, 11, 23, tzinfo=UTC)
    await store.add("ann@example.org", "mark", at=at)
    await store.done("Ann@example.org")
    rows = await database.run(lambda connection: connection.execute(select(erasures)).all())
    assert [("mark", at, "")] == [tuple(row) for row in rows]
