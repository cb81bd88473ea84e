from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.tables import METADATA


async def test_migrations_create_the_tables_of_the_metadata(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    migrate(database)
    migrate(database)
    with database.engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    await database.close()


async def test_file_in_a_missing_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "nowhere" / "registry.sqlite3"))
    with pytest.raises(StorageError) as caught:
        migrate(database)
    assert "data folder" in caught.value.hint
    await database.close()
