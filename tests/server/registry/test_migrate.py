"""The tables after all migrations."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.tables import METADATA


async def test_the_migrations_make_the_tables_that_we_use(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    migrate(database)
    migrate(database)
    with database.engine.begin() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), METADATA)
    await database.close()


async def test_a_place_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "nowhere" / "registry.sqlite3"))
    with pytest.raises(StorageError) as caught:
        migrate(database)
    assert "data folder" in caught.value.hint
    await database.close()
