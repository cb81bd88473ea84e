from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.migrate import find_newest_revision, migrate
from clicktrail.server.registry.tables import METADATA


async def test_migrations_create_the_tables_of_the_metadata(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    migrate(database)
    migrate(database)
    with database.engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    await database.close()


def test_newest_revision_is_the_head_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", "clicktrail.server.registry:migrations")
    assert find_newest_revision() == ScriptDirectory.from_config(config).get_current_head()


async def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    migrate(database)
    await database.run(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(StorageError, match="newer version"):
        migrate(database)
    await database.close()


async def test_file_in_a_missing_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "nowhere" / "registry.sqlite3"))
    with pytest.raises(StorageError) as caught:
        migrate(database)
    assert "data folder" in caught.value.hint
    await database.close()
