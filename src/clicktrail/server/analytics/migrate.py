"""Bring the tables to the shape that this version needs."""

import msgspec

from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbConnections
from clicktrail.server.analytics.sql import migrations, query

__all__ = ["migrate"]


class _Applied(msgspec.Struct):
    name: str


async def migrate(connections: ChdbConnections) -> None:
    """Apply the migrations that were not applied yet, in order.

    Each is repeatable, so one that was applied and not recorded when the power went is applied once more.

    Raises:
        StorageError: a later version of clicktrail has changed these tables.
    """
    first, *_ = known = migrations()
    await connections.run(known[first])
    answer = await connections.run(query("applied_migrations"))
    applied = {row.name for row in msgspec.json.Decoder(_Applied).decode_lines(answer)}
    if unknown := applied - known.keys():
        raise StorageError(
            f"analytics was written by a later version of clicktrail: {min(unknown)}", hint="install that version"
        )
    for name, statement in known.items():
        if name not in applied:
            await connections.run(statement)
            await connections.run(query("record_migration"), {"name": name})
