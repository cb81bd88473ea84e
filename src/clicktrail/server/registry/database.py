"""The registry's database: SQLite in one file, or PostgreSQL by URL, asked from threads beside the event loop's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from clicktrail.errors import SettingsError, StorageError

__all__ = ["Database", "parse_database_url"]

_POOL_SIZE = 4
_TIMEOUT_S = 3.0
"""How long a reader may wait to hear that the registry does not answer."""

Result = TypeVar("Result")


def parse_database_url(text: str, *, file: Path) -> URL:
    """Where the registry is: at a PostgreSQL URL, or in a file of SQLite where the text is empty.

    Raises:
        SettingsError: another kind of URL.
    """
    if not text:
        return URL.create("sqlite", database=str(file))
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise SettingsError("registry.url is no PostgreSQL URL", hint="write postgresql://user@host/database")
    return url.set(drivername="postgresql+psycopg")


class Database:
    """An open registry. Nothing is connected before the first question.

    Args:
        url: as `parse_database_url` makes it. SQLite makes the file, unless for reading only.
        read_only: refuse every change.
    """

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        self.engine = (
            _create_sqlite_engine(url, read_only=read_only)
            if _is_sqlite(url)
            else _create_postgresql_engine(url, read_only=read_only)
        )
        self._executor = ThreadPoolExecutor(_POOL_SIZE, thread_name_prefix="registry")

    async def run(self, operation: Callable[[Connection], Result]) -> Result:
        """Do work in one transaction, durable when this returns.

        Raises:
            StorageError: it was refused, or took longer than a reader waits; then it may still come to pass.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await asyncio.get_running_loop().run_in_executor(self._executor, self._run, operation)
        except TimeoutError as error:
            raise StorageError("the registry does not answer") from error

    async def close(self) -> None:
        """Let running work end, then disconnect."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        self.engine.dispose()

    def _run(self, operation: Callable[[Connection], Result]) -> Result:
        try:
            with self.engine.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:  # its text quotes what was to be stored
            raise StorageError(f"the registry refused: {type(error).__name__}") from error


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _create_sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    if read_only:
        url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    # The driver would begin transactions when it sees fit; so it begins none, and we do.
    engine = sqlalchemy.create_engine(url, connect_args={"isolation_level": None, "timeout": _TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("synchronous = FULL", "foreign_keys = ON", *(() if read_only else ("journal_mode = WAL",))):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # One that reads first and writes later could be refused for want of the lock in between.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _create_postgresql_engine(url: URL, *, read_only: bool) -> Engine:
    options = f"-c statement_timeout={_TIMEOUT_S * 1000:.0f} -c default_transaction_read_only={str(read_only).lower()}"
    return sqlalchemy.create_engine(
        url,
        connect_args={"connect_timeout": int(_TIMEOUT_S), "options": options},
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        max_overflow=0,
    )
