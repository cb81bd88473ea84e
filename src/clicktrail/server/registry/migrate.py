"""Migrate the registry's tables to this version's schema.

Alembic is imported only for tables of an earlier version: it takes 10 MB and 0.1 s of every process that imports it.
"""

from functools import cache
from importlib.resources import files
from pathlib import PurePath

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from clicktrail.errors import StorageError
from clicktrail.server.registry.database import Database, describe_database_error

_ADVISORY_LOCK_ID = 7_234_001
"""Id of our lock among PostgreSQL's advisory locks; an arbitrary number."""

_CONNECTION_HINT = "does the data folder exist, and does the server of registry.url respond?"
_PACKAGE = "clicktrail.server.registry"


def migrate(database: Database) -> None:
    """Apply the missing migrations in one transaction. Processes that start at the same time wait for each other.

    Raises:
        StorageError: the database is unreachable or fails, or a newer version of clicktrail has migrated it.
    """
    try:
        with database.engine.begin() as connection:  # on SQLite, this locks the file for writing
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock_id)"), {"lock_id": _ADVISORY_LOCK_ID})
            if _read_revision(connection) != find_newest_revision():
                _upgrade(connection)
    except SQLAlchemyError as error:
        raise StorageError(
            f"cannot open the registry: {describe_database_error(error, database.engine)}", hint=_CONNECTION_HINT
        ) from error


@cache
def find_newest_revision() -> str:
    """The newest migration's number, which is the name of its file after the ``v``."""
    names = [PurePath(file.name) for file in files(f"{_PACKAGE}.migrations.versions").iterdir()]
    return max(name.stem[1:] for name in names if name.suffix == ".py" and name.stem.startswith("v"))


def _read_revision(connection: Connection) -> str | None:
    """The number of the last migration; None if there was none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", f"{_PACKAGE}:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StorageError(
            "the registry was written by a newer version of clicktrail", hint="install that version"
        ) from error
