"""The second migration."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from clicktrail.server.registry.migrations.versions import v0002


def test_it_makes_the_tables_of_edits_and_erasures() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0002.upgrade()
        inspector = inspect(connection)
        columns = {
            table: [column["name"] for column in inspector.get_columns(table)] for table in inspector.get_table_names()
        }
    engine.dispose()
    assert {
        "erasures": ["mark", "at", "recipient"],
        "link_edits": [
            "id",
            "at",
            "campaign",
            "position",
            "url",
            "host",
            "action",
            "destination",
            "expires_at",
        ],
    } == columns
