"""The first migration."""

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect

from clicktrail.server.registry.migrations.versions import v0001


def test_it_makes_the_first_tables() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0001.upgrade()
        inspector = inspect(connection)
        columns = {
            table: [column["name"] for column in inspector.get_columns(table)] for table in inspector.get_table_names()
        }
    engine.dispose()
    assert {
        "consents": ["recipient", "consent", "at"],
        "link_set_links": ["link_set", "position", "destination", "group"],
        "link_sets": ["id", "campaign", "created_at"],
        "short_links": ["code", "position", "destination", "group"],
        "short_messages": ["code", "message_id", "recipient", "campaign", "created_at"],
    } == columns
