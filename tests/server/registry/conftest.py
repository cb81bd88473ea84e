from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.migrate import migrate


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty registry with all tables."""
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    migrate(database)
    yield database
    await database.close()
