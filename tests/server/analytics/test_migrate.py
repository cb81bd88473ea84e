from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbConnections
from clicktrail.server.analytics.migrate import migrate
from clicktrail.server.analytics.sql import migrations, query


async def test_migrations_are_applied_once_and_recorded(tmp_path: Path) -> None:
    """A second start finds all of them applied."""
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await migrate(connections)
    recorded = await connections.run("SELECT count() AS n, uniqExact(name) AS names FROM migrations")
    await connections.close()
    count = len(migrations())
    assert f'{{"n":{count},"names":{count}}}\n'.encode() == recorded


async def test_migration_that_was_not_recorded_is_repeatable(tmp_path: Path) -> None:
    """A power cut between a migration and its record does not end all later starts."""
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await connections.run("TRUNCATE TABLE migrations")
    await migrate(connections)
    applied = await connections.run(query("applied_migrations"))
    await connections.close()
    assert len(migrations()) == len(applied.splitlines())


async def test_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    """Tables that a later version has changed are left alone."""
    connections = ChdbConnections(tmp_path)
    await migrate(connections)
    await connections.run(query("record_migration"), {"name": "9999_later.sql"})
    with pytest.raises(StorageError, match=r"later version of clicktrail: 9999_later\.sql"):
        await migrate(connections)
    await connections.close()
