"""Edits of links, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from sqlalchemy import select

from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.link_edits import SqlLinkEdits
from clicktrail.server.registry.tables import link_edits


async def test_an_edit_is_a_row(database: Database) -> None:
    """With the parts of its target beside each other."""
    edit = LinkEdit(
        id="a",
        at=datetime(2026, 11, 23, tzinfo=UTC),
        target=Target(campaign="spring", position=3),
        action=EditAction.DISABLE,
    )
    await SqlLinkEdits(database).add(edit)
    rows = await database.run(lambda connection: connection.execute(select(link_edits)).all())
    assert [("a", edit.at, "spring", 3, "", "", "disable", "", None)] == [tuple(row) for row in rows]
