"""Link sets, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from sqlalchemy import select

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.tables import link_edits


async def test_links_come_in_the_order_of_their_positions(database: Database) -> None:
    links = [StoredLink(position=position, destination=f"https://example.com/{position}") for position in range(12)]
    sets = SqlLinkSets(database)
    number = await sets.add(
        LinkSet(campaign="c", created_at=datetime(2026, 11, 23, tzinfo=UTC), links=tuple(reversed(links)))
    )
    found = await sets.find(number)
    assert found
    assert tuple(links) == found.links


async def test_a_message_without_links_is_one(database: Database) -> None:
    message = ShortLinkMessage(
        code=5,
        message_id="m1",
        recipient="",
        campaign="",
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
        links=(),
    )
    short_links = SqlShortLinks(database)
    await short_links.add(message)
    assert message == await short_links.find(5)


async def test_an_edit_is_a_row(database: Database) -> None:
    edit = LinkEdit(
        id="a",
        at=datetime(2026, 11, 23, tzinfo=UTC),
        target=EditTarget(campaign="spring", position=3),
        action=EditAction.DISABLE,
    )
    await SqlLinkEdits(database).add(edit)
    rows = await database.run(lambda connection: connection.execute(select(link_edits)).all())
    assert [("a", edit.at, "spring", 3, "", "", "disable", "", None)] == [tuple(row) for row in rows]
