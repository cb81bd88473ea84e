from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, create_engine, insert, select, text

from clicktrail.errors import StorageError
from clicktrail.model.link_set import StoredLink
from clicktrail.model.supported_time import FIRST_TIME, LAST_TIME
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import METADATA, consents, insert_links, select_links


def test_time_is_read_as_the_same_instant_in_utc() -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    at = datetime(2026, 11, 23, 13, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))
    with engine.begin() as connection:
        connection.execute(insert(consents), {"recipient": "r", "consent": "denied", "recorded_at": at})
        stored_at = connection.execute(select(consents.c.recorded_at)).scalar_one()
    engine.dispose()
    assert (stored_at, stored_at.tzinfo) == (at, UTC)


@pytest.mark.parametrize("value", [-(2**62), 2**62, -62_135_596_800_001, 253_402_300_800_000])
def test_stored_time_out_of_range_is_the_nearest_supported_one(value: int) -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(consents), {"recipient": "r", "consent": "denied", "recorded_at": FIRST_TIME})
        connection.execute(text("UPDATE consents SET recorded_at = :value"), {"value": value})
        stored_at = connection.execute(select(consents.c.recorded_at)).scalar_one()
    engine.dispose()
    assert stored_at == (FIRST_TIME if value < 0 else LAST_TIME)


@pytest.mark.parametrize("owner_column", [tables.link_set_links.c.link_set_id, tables.short_links.c.code], ids=str)
async def test_links_without_an_owner_are_refused(database: Database, owner_column: Column[int]) -> None:
    links = [StoredLink(position=0, destination="https://example.com/")]
    with pytest.raises(StorageError):
        await database.run(lambda connection: insert_links(connection, owner_column, [(7, link) for link in links]))
    assert await database.run(lambda connection: select_links(connection, owner_column, [7])) == {}
