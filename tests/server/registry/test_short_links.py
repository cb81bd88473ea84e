"""Messages with short links, as rows; what every registry promises is in tests/contracts."""

from datetime import UTC, datetime

from clicktrail.model.stored import ShortMessage
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.short_links import SqlShortLinks


async def test_a_message_without_links_is_one(database: Database) -> None:
    """Nothing asks for it, and nothing breaks by it."""
    message = ShortMessage(
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
