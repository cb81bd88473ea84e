"""The registry's tables, as the newest migration leaves them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from clicktrail.model.supported_time import clamp_timestamp


class EpochMilliseconds(TypeDecorator[datetime]):
    """An aware time, stored as milliseconds since 1970, because SQLite has no time zones."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Convert to the database's value."""
        return None if value is None else round(value.timestamp() * 1000)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Convert from the database's value, to UTC. One row out of range must not make all others unreadable."""
        return None if value is None else clamp_timestamp(value / 1000)


METADATA = MetaData()

link_sets = Table(
    "link_sets",
    METADATA,
    # SQLite generates ids only for a column of type INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("created_at", EpochMilliseconds, nullable=False),
    sqlite_autoincrement=True,  # never reuse an id, not even that of the last row after it was deleted
)

link_set_links = Table(
    "link_set_links",
    METADATA,
    Column("link_set_id", ForeignKey("link_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("is_trap", Boolean, nullable=False),
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
    Column("is_trap", Boolean, nullable=False),
)

consents = Table(
    "consents",
    METADATA,
    Column("recipient", Text, primary_key=True),
    Column("consent", Text, nullable=False),
    Column("recorded_at", EpochMilliseconds, nullable=False),
)

link_edits = Table(
    "link_edits",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("created_at", EpochMilliseconds, nullable=False),
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
    Column("recipient_hash", Text, primary_key=True),
    Column("requested_at", EpochMilliseconds, nullable=False),
    Column("pending_recipient", Text, nullable=False),  # empty when the recipient is erased everywhere
    Column("result", Text, nullable=False, server_default=""),  # JSON of ErasureResult; empty while pending
)

domains = Table(
    "domains",
    METADATA,
    Column("host", Text, primary_key=True),
    Column("site", Text, nullable=False),  # JSON of TrackingDomain
    Column("esp", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("added_at", EpochMilliseconds, nullable=False),
    Column("removed_at", EpochMilliseconds),
    Column("checked_at", EpochMilliseconds),
    Column("verified_at", EpochMilliseconds),
    Column("gone_since", EpochMilliseconds),
    Column("certificate_ends_at", EpochMilliseconds),
)

domain_states = Table(
    "domain_states",
    METADATA,
    Column("host", ForeignKey("domains.host", ondelete="CASCADE"), primary_key=True),
    Column("since", EpochMilliseconds, primary_key=True),
    Column("status", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("next_step", Text, nullable=False),
)


def insert_links(
    connection: Connection, owner_column: Column[int], owned_links: Iterable[tuple[int, StoredLink]]
) -> None:
    """Insert links with their owners into the table of ``owner_column``, a foreign key: link_set_id or code."""
    rows = [{owner_column.key: owner_id, **asdict(link)} for owner_id, link in owned_links]
    if rows:
        connection.execute(insert(owner_column.table), rows)


def select_links(
    connection: Connection, owner_column: Column[int], owner_ids: Iterable[int]
) -> dict[int, tuple[StoredLink, ...]]:
    """The links of link sets or short messages, by owner, each in the order of positions."""
    table = owner_column.table
    rows = connection.execute(select(table).where(owner_column.in_(owner_ids)).order_by(table.c.position))
    links: defaultdict[int, list[StoredLink]] = defaultdict(list)
    for row in rows:
        links[getattr(row, owner_column.key)].append(
            StoredLink(position=row.position, destination=row.destination, group=row.group, is_trap=row.is_trap)
        )
    return {owner_id: tuple(owner_links) for owner_id, owner_links in links.items()}
