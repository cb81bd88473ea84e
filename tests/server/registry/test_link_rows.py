"""Links of both tables."""

import pytest
from sqlalchemy import Column

from clicktrail.errors import StorageError
from clicktrail.model.stored import StoredLink
from clicktrail.server.registry import tables
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.link_rows import add_links, find_links


@pytest.mark.parametrize("owner", [tables.link_set_links.c.link_set, tables.short_links.c.code], ids=str)
async def test_links_belong_to_what_there_is(database: Database, owner: Column[int]) -> None:
    """Those of a number that was not given out are refused, and none are found of it."""
    links = [StoredLink(position=0, destination="https://example.com/")]

    with pytest.raises(StorageError):
        await database.run(lambda connection: add_links(connection, owner, 7, links))

    assert () == await database.run(lambda connection: find_links(connection, owner, 7))
