"""The registry's tables."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, create_engine, insert, select

from clicktrail.errors import StorageError
from clicktrail.model.link_set import StoredLink
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import METADATA, consents, insert_links, select_links


def test_a_time_comes_back_as_the_same_instant() -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    at = datetime(2026, 11, 23, 13, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))
    with engine.begin() as connection:
        connection.execute(insert(consents), {"recipient": "r", "consent": "denied", "at": at})
        found = connection.execute(select(consents.c.at)).scalar_one()
    engine.dispose()
    assert (at, UTC) == (found, found.tzinfo)


@pytest.mark.parametrize("owner", [tables.link_set_links.c.link_set, tables.short_links.c.code], ids=str)
async def test_links_belong_to_what_there_is(database: Database, owner: Column[int]) -> None:
    links = [StoredLink(position=0, destination="https://example.com/")]

    with pytest.raises(StorageError):
        await database.run(lambda connection: insert_links(connection, owner, 7, links))

    assert () == await database.run(lambda connection: select_links(connection, owner, 7))
