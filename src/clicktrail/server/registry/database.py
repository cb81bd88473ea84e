"""The registry's database: a SQLite file, or a PostgreSQL server by URL. Statements run in threads."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from clicktrail.errors import SettingsError, StorageError
from clicktrail.server.file_search import is_in_file
from clicktrail.server.registry.sqlite_errors import describe_sqlite_error

_POOL_SIZE = 4
_TIMEOUT_S = 3.0
"""How long a recipient who clicked a short link may wait for an error page."""
_SLOW_FAILURE_S = 1.0
"""A refused connection fails at once, and one that is not answered in seconds."""

_IS_READING = "is_reading"
"""Option of connections: SQLite does not lock the database for writing."""
Result = TypeVar("Result")


def parse_database_url(text: str, *, file: Path) -> URL:
    """Parse the setting ``registry.url``; an empty one means SQLite in ``file``.

    Raises:
        SettingsError: the URL is not one of PostgreSQL.
    """
    if not text:
        return URL.create("sqlite", database=str(file))
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise SettingsError("registry.url is not a PostgreSQL URL", hint="write postgresql://user@host/database")
    return url.set(drivername="postgresql+psycopg")


class Database:
    """A registry. It connects on first use.

    Args:
        url: from `parse_database_url`. A missing SQLite file is created, except with ``read_only``.
        pause_s: time for which operations fail at once after one that failed slowly, so that a database that does not
            respond delays few callers.
    """

    def __init__(self, url: URL, *, read_only: bool = False, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self._paused_until = 0.0
        create_engine = _create_sqlite_engine if url.get_backend_name() == "sqlite" else _create_postgresql_engine
        self.engine = create_engine(url, read_only=read_only)
        self._reading_engine = self.engine.execution_options(**{_IS_READING: True})
        self._executor = ThreadPoolExecutor(_POOL_SIZE, thread_name_prefix="registry")

    async def run(self, operation: Callable[[Connection], Result]) -> Result:
        """Run ``operation`` in one transaction, which is durable when this returns.

        Raises:
            StorageError: it failed, or took longer than 3 s. After a timeout it may still be committed.
        """
        return await self._run_in_thread(self.engine, operation)

    async def read(self, operation: Callable[[Connection], Result]) -> Result:
        """Run ``operation``, which only reads, in one transaction. With SQLite it waits for no writer, nor do they.

        Raises:
            StorageError: it failed, or took longer than 3 s.
        """
        return await self._run_in_thread(self._reading_engine, operation)

    async def _run_in_thread(self, engine: Engine, operation: Callable[[Connection], Result]) -> Result:
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        if started_at < self._paused_until:
            raise StorageError("the registry did not respond a moment ago")
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await loop.run_in_executor(self._executor, self._run, engine, operation)
        except TimeoutError as error:
            self._paused_until = loop.time() + self._pause_s
            raise StorageError("the registry does not respond") from error
        except StorageError:
            if loop.time() - started_at > _SLOW_FAILURE_S:
                self._paused_until = loop.time() + self._pause_s
            raise

    async def delete_old_pages(self, is_left: Callable[[bytes], bool]) -> None:
        """Delete what earlier transactions have left in the files of SQLite: the log, and copies within pages.

        The file is only rewritten if it still holds something, because writers wait meanwhile.

        PostgreSQL does so itself: its autovacuum frees the rows, and its log is recycled.

        Raises:
            StorageError: a transaction is running; it is safe to repeat the call.
        """
        if self.engine.dialect.name == "sqlite":
            await asyncio.get_running_loop().run_in_executor(self._executor, self._clean_sqlite_file, is_left)

    async def close(self) -> None:
        """Wait for running transactions, then disconnect."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        self.engine.dispose()

    def _clean_sqlite_file(self, is_left: Callable[[bytes], bool]) -> None:
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            _truncate_wal(cursor)
            # secure_delete overwrites deleted rows, but not the copies that SQLite leaves when it moves rows.
            if is_in_file(Path(str(self.engine.url.database)), is_left):
                cursor.execute("VACUUM")
                _truncate_wal(cursor)
        except (OSError, sqlite3.Error) as error:
            reason = describe_sqlite_error(error, Path(str(self.engine.url.database)))
            raise StorageError(f"the registry cannot be rewritten: {reason}") from error
        finally:
            connection.close()

    def _run(self, engine: Engine, operation: Callable[[Connection], Result]) -> Result:
        try:
            with engine.begin() as connection:
                return operation(connection)
        except SQLAlchemyError as error:  # its text quotes rows, so it is not part of the message
            raise StorageError(f"the registry refused: {describe_database_error(error, self.engine)}") from error


def describe_database_error(error: SQLAlchemyError, engine: Engine) -> str:
    """The kind of error and, if SQLite could not write, the disk and its free space."""
    return describe_sqlite_error(getattr(error, "orig", None) or error, Path(str(engine.url.database)))


def _truncate_wal(cursor: DBAPICursor) -> None:
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    row = cursor.fetchone()
    if row is None or row[0]:
        raise StorageError("the registry is in use: its log still holds deleted rows")


def _create_sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    if read_only:
        url = url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    # isolation_level=None: the driver must not begin transactions itself, `begin_transaction` does.
    engine = sqlalchemy.create_engine(
        url, connect_args={"isolation_level": None, "timeout": _TIMEOUT_S}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            *(() if read_only else ("journal_mode = WAL",)),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        # IMMEDIATE waits for the write lock now. A transaction that reads first and locks later can fail instead.
        is_reading = read_only or connection.get_execution_options().get(_IS_READING)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def _create_postgresql_engine(url: URL, *, read_only: bool) -> Engine:
    options = f"-c statement_timeout={_TIMEOUT_S * 1000:.0f} -c default_transaction_read_only={str(read_only).lower()}"
    return sqlalchemy.create_engine(
        url,
        connect_args={"connect_timeout": int(_TIMEOUT_S), "options": options},
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        max_overflow=0,
        hide_parameters=True,
    )
