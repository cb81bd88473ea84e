"""The links of a link set or of a short message, as rows: two tables that differ by what their links belong to."""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, insert, select

from clicktrail.model.stored import StoredLink

__all__ = ["add_links", "find_links"]


def add_links(connection: Connection, owner: Column[int], number: int, links: Iterable[StoredLink]) -> None:
    """Keep links in the table of the column ``owner``, which tells the number of what they belong to."""
    rows = [
        {owner.key: number, "position": link.position, "destination": link.destination, "group": link.group}
        for link in links
    ]
    if rows:
        connection.execute(insert(owner.table), rows)


def find_links(connection: Connection, owner: Column[int], number: int) -> tuple[StoredLink, ...]:
    """The links of one number, by position."""
    found = connection.execute(select(owner.table).where(owner == number).order_by(owner.table.c.position))
    return tuple(StoredLink(position=row.position, destination=row.destination, group=row.group) for row in found)
