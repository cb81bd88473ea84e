"""The registry's tables."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import create_engine, insert, select

from clicktrail.server.registry.tables import METADATA, consents


def test_a_time_comes_back_as_the_same_instant() -> None:
    """In UTC, in milliseconds, on a database that knows no time zones."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    at = datetime(2026, 11, 23, 13, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))
    with engine.begin() as connection:
        connection.execute(insert(consents), {"recipient": "r", "consent": "denied", "at": at})
        found = connection.execute(select(consents.c.at)).scalar_one()
    engine.dispose()
    assert (at, UTC) == (found, found.tzinfo)
