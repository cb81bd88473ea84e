"""Rows of link sets, short links and link edits. tests/contracts tests what holds for every registry."""

from datetime import UTC, datetime

from sqlalchemy import select

from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.tables import link_edits

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_links_are_sorted_by_position(database: Database) -> None:
    links = [StoredLink(position=position, destination=f"https://example.com/{position}") for position in range(12)]
    link_sets = SqlLinkSets(database)
    link_set_id = await link_sets.add(LinkSet(campaign="c", created_at=NOON, links=tuple(reversed(links))))
    link_set = await link_sets.find(link_set_id)
    assert link_set
    assert link_set.links == tuple(links)


async def test_message_without_links_is_stored(database: Database) -> None:
    message = ShortLinkMessage(code=5, message_id="m1", recipient="", campaign="", created_at=NOON, links=())
    short_links = SqlShortLinks(database)
    await short_links.add(message)
    assert await short_links.find(5) == message


async def test_edit_is_one_row(database: Database) -> None:
    target = EditTarget(campaign="spring", position=3)
    await SqlLinkEdits(database).add(LinkEdit(id="a", at=NOON, target=target, action=EditAction.DISABLE))
    rows = await database.run(lambda connection: connection.execute(select(link_edits)).all())
    assert [tuple(row) for row in rows] == [("a", NOON, "spring", 3, "", "", "disable", "", None)]
