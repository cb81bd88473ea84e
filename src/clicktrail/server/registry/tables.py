"""The registry's tables, as the newest migration leaves them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    insert,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from clicktrail.model.link_set import StoredLink

__all__ = [
    "METADATA",
    "EpochMilliseconds",
    "consents",
    "erasures",
    "insert_links",
    "link_edits",
    "link_set_links",
    "link_sets",
    "select_links",
    "short_links",
    "short_messages",
]


class EpochMilliseconds(TypeDecorator[datetime]):
    """An aware time, kept in milliseconds since 1970: SQLite knows no time zones."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Into the database."""
        return None if value is None else round(value.timestamp() * 1000)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Out of it, UTC."""
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


METADATA = MetaData()

link_sets = Table(
    "link_sets",
    METADATA,
    # SQLite counts only a column of this type up.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("created_at", EpochMilliseconds, nullable=False),
    sqlite_autoincrement=True,  # a number is never given out again, not even that of the last set once it is gone
)

link_set_links = Table(
    "link_set_links",
    METADATA,
    Column("link_set", ForeignKey("link_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("group", Text, nullable=False),
)

short_messages = Table(
    "short_messages",
    METADATA,
    Column("code", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Text, nullable=False, index=True),
    Column("recipient", Text, nullable=False, index=True),
    Column("campaign", Text, nullable=False),
    Column("created_at", EpochMilliseconds, nullable=False, index=True),
)

short_links = Table(
    "short_links",
    METADATA,
    Column("code", ForeignKey("short_messages.code", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("group", Text, nullable=False),
)

consents = Table(
    "consents",
    METADATA,
    Column("recipient", Text, primary_key=True),
    Column("consent", Text, nullable=False),
    Column("at", EpochMilliseconds, nullable=False),
)

link_edits = Table(
    "link_edits",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("at", EpochMilliseconds, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("expires_at", EpochMilliseconds),
)

erasures = Table(
    "erasures",
    METADATA,
    Column("mark", Text, primary_key=True),
    Column("at", EpochMilliseconds, nullable=False),
    Column("recipient", Text, nullable=False),  # empty once nothing of theirs is left in analytics
)


# FOLDED link_rows.py: The links of a link set or of a short message, as rows: two tables that differ by what
# their links belong to.


def insert_links(connection: Connection, owner_column: Column[int], owner_id: int, links: Iterable[StoredLink]) -> None:
    """Keep links in the table of the column ``owner_column``, which tells the number of what they belong to."""
    rows = [
        {owner_column.key: owner_id, "position": link.position, "destination": link.destination, "group": link.group}
        for link in links
    ]
    if rows:
        connection.execute(insert(owner_column.table), rows)


def select_links(connection: Connection, owner_column: Column[int], owner_id: int) -> tuple[StoredLink, ...]:
    """The links of one number, by position."""
    found = connection.execute(
        select(owner_column.table).where(owner_column == owner_id).order_by(owner_column.table.c.position)
    )
    return tuple(StoredLink(position=row.position, destination=row.destination, group=row.group) for row in found)
