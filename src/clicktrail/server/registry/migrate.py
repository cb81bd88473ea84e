"""Migrate the registry's tables to this version's schema."""

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database, describe_database_error

_ADVISORY_LOCK_ID = 7_234_001
"""Id of our lock among PostgreSQL's advisory locks; an arbitrary number."""

_CONNECTION_HINT = "does the data folder exist, and does the server of registry.url respond?"


def migrate(database: Database) -> None:
    """Apply the missing migrations in one transaction. Processes that start at the same time wait for each other.

    Raises:
        StorageError: the database is unreachable or fails, or a newer version of clicktrail has migrated it.
    """
    config = Config()
    config.set_main_option("script_location", "clicktrail.server.registry:migrations")
    try:
        with database.engine.begin() as connection:  # on SQLite, this locks the file for writing
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock_id)"), {"lock_id": _ADVISORY_LOCK_ID})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise StorageError(
            f"cannot open the registry: {describe_database_error(error, database.engine)}", hint=_CONNECTION_HINT
        ) from error
    except CommandError as error:
        raise StorageError(
            "the registry was written by a newer version of clicktrail", hint="install that version"
        ) from error
