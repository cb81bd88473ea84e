"""Link sets, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from clicktrail.model.stored import LinkSet, StoredLink
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.link_sets import SqlLinkSets


async def test_links_come_in_the_order_of_their_positions(database: Database) -> None:
    """In whatever order they were given."""
    links = [StoredLink(position=position, destination=f"https://example.com/{position}") for position in range(12)]
    sets = SqlLinkSets(database)
    number = await sets.add(
        LinkSet(campaign="c", created_at=datetime(2026, 11, 23, tzinfo=UTC), links=tuple(reversed(links)))
    )
    found = await sets.find(number)
    assert found
    assert tuple(links) == found.links
