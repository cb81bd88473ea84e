"""Bring the tables to the shape that this version needs."""

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database

__all__ = ["migrate"]

_ADVISORY_LOCK_ID = 7_234_001
"""Our number among PostgreSQL's advisory locks."""


def migrate(database: Database) -> None:
    """Run the migrations that are missing, all or none. Others that start at once wait, and find nothing to do.

    Raises:
        StorageError: the database does not answer or refuses, or a newer version of clicktrail has been here.
    """
    config = Config()
    config.set_main_option("script_location", "clicktrail.server.registry:migrations")
    try:
        with database.engine.begin() as connection:  # on SQLite this is the lock
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK_ID})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise StorageError(f"cannot open the registry: {type(error).__name__}", hint=_CONNECTION_HINT) from error
    except CommandError as error:
        raise StorageError("the registry is of a newer clicktrail", hint="install that version again") from error


_CONNECTION_HINT = "does the data folder exist, or the server of registry.url answer?"
