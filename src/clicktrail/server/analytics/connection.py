"""Connections to chDB, each with a thread of its own.

chDB is ClickHouse inside this process. One process may hold one folder open, and no other process may open it at the
same time. A process that forks after connecting hangs in the child's first query, so connect after every fork and
never fork afterwards. Queries run without the interpreter lock, outside the event loop's thread.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

import chdb
import msgspec
from chdb.state.sqlitelike import Connection

from clicktrail.errors import StorageError

__all__ = ["ChdbPool", "QueryParameter", "encode_parameter", "load_migrations", "load_query", "migrate"]

# FOLDED sql.py: The SQL files, and how values get into them.
#
# Every statement stands in a file of ``queries/`` or ``migrations/``, one a file, in ClickHouse's dialect: what
# chDB
# runs in the process, a cluster runs unchanged. Values are never spliced in: a statement names its parameters,
# ``{campaign:String}``, and ClickHouse binds them.

QueryParameter = str | Sequence[str] | None

_PACKAGE_FILES = files("clicktrail.server.analytics")
_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ARRAY_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})


@cache
def load_query(name: str) -> str:
    """The statement of ``queries/NAME.sql``."""
    return (_PACKAGE_FILES / "queries" / f"{name}.sql").read_text("utf-8")


def load_migrations() -> dict[str, list[str]]:
    """Statements of each migration by file name, in the order in which they apply."""
    files = sorted((_PACKAGE_FILES / "migrations").iterdir(), key=lambda file: file.name)
    return {file.name: _statements(file.read_text("utf-8")) for file in files if file.name.endswith(".sql")}


def _statements(sql: str) -> list[str]:
    """The statements of a file: each ends with a semicolon at the end of a line."""
    return [statement for part in sql.split(";\n") if (statement := part.strip())]


def encode_parameter(value: QueryParameter) -> str:
    """A query parameter's text: a String, a NULL or an Array(String).

    ClickHouse reads a parameter in its TabSeparated escaping, an array in its literals' (reference: "Formats for
    input and output data", TabSeparated).
    """
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_TSV_ESCAPES)
    return "[" + ",".join(f"'{item.translate(_ARRAY_ESCAPES)}'" for item in value) + "]"


CONNECTION_COUNT = 4
"""One for the processor's inserts; the others answer the console meanwhile."""

_MEMORY_LIMITS_SQL = "SET max_memory_usage = 1_000_000_000, max_bytes_before_external_group_by = 400_000_000"
"""Bytes of memory that a statement may take, and from where on it groups on disk instead."""

_Row = TypeVar("_Row")
_encoder = msgspec.json.Encoder()
_ERROR_NAME_PATTERN = re.compile(r"\(([A-Z_]+)\)\s*$")


class ChdbPool:
    """A folder of chDB, open.

    Args:
        folder: made if it does not exist, readable by its owner only.

    Raises:
        StorageError: the folder cannot be opened; most often because another process has.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connections = [chdb.connect(str(folder)) for _ in range(CONNECTION_COUNT)]
            for connection in connections:
                connection.query(_MEMORY_LIMITS_SQL)
        except (OSError, RuntimeError) as error:
            raise StorageError(
                f"cannot open analytics in {folder}", hint="is another clicktrail running with this data folder?"
            ) from error
        self._idle_connections: SimpleQueue[Connection] = SimpleQueue()
        for connection in connections:
            self._idle_connections.put(connection)
        self._executor = ThreadPoolExecutor(CONNECTION_COUNT, thread_name_prefix="chdb")

    async def execute(self, statement: str, parameters: Mapping[str, QueryParameter] | None = None) -> bytes:
        """Run one statement; its result as JSON objects, one a line.

        Raises:
            StorageError: chDB refused it. The cause may quote rows, so it is not part of the message.
        """
        bound = {name: encode_parameter(value) for name, value in (parameters or {}).items()}
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._execute, statement, bound)

    async def fetch_rows(
        self, query_name: str, row_type: type[_Row], parameters: Mapping[str, QueryParameter] | None = None
    ) -> list[_Row]:
        """What the query of ``queries/NAME.sql`` finds.

        Raises:
            StorageError: chDB refused it.
        """
        return msgspec.json.Decoder(row_type).decode_lines(await self.execute(load_query(query_name), parameters))

    async def insert_rows(self, query_name: str, rows: Iterable[msgspec.Struct]) -> None:
        """Insert rows by the statement of ``queries/NAME.sql``.

        Raises:
            StorageError: chDB refused it.
        """
        if lines := _encoder.encode_lines(list(rows)):
            await self.execute(load_query(query_name) + lines.decode())

    async def close(self) -> None:
        """Let running statements end, then let the folder go."""
        await asyncio.to_thread(self._executor.shutdown)
        while not self._idle_connections.empty():
            self._idle_connections.get().close()

    def _execute(self, statement: str, parameters: dict[str, str]) -> bytes:
        connection = self._idle_connections.get()
        try:
            return bytes(connection.query(statement, "JSONEachRow", params=parameters).bytes())
        except RuntimeError as error:
            name = _ERROR_NAME_PATTERN.search(str(error))
            raise StorageError(f"analytics refused a statement: {name[1] if name else 'reason unknown'}") from error
        finally:
            self._idle_connections.put(connection)


# FOLDED migrate.py: Bring the tables to the shape that this version needs.


class _AppliedMigration(msgspec.Struct):
    name: str


async def migrate(connections: ChdbPool) -> None:
    """Apply the migrations that were not applied yet, in order.

    Each is repeatable, so one that was applied and not recorded when the power went is applied once more.

    Raises:
        StorageError: a later version of clicktrail has changed these tables.
    """
    first, *_ = known = load_migrations()
    await connections.execute(known[first][0])  # the table of applied migrations
    answer = await connections.execute(load_query("applied_migrations"))
    applied = {row.name for row in msgspec.json.Decoder(_AppliedMigration).decode_lines(answer)}
    if unknown := applied - known.keys():
        raise StorageError(
            f"analytics was written by a later version of clicktrail: {min(unknown)}", hint="install that version"
        )
    for name, statements in known.items():
        if name not in applied:
            for statement in statements:
                await connections.execute(statement)
            await connections.execute(load_query("record_migration"), {"name": name})
