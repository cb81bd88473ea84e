"""A pool of connections to chDB, its SQL files and its migrations.

chDB is ClickHouse inside this process. A process can open one folder, and only one process can have a folder open. A
process that forks after connecting hangs in the child's first query: connect after every fork and never fork
afterwards. Queries run in threads, without the interpreter lock.

Each file in ``queries/`` is one statement, and a cluster runs the same files. Values are bound by ClickHouse to named
parameters such as ``{campaign:String}``, never formatted into the text.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import TypeVar

import msgspec

from clicktrail.disk_errors import describe_free_space
from clicktrail.errors import StorageError
from clicktrail.server.replaced_module import replaced_module

_arrow_placeholder = ModuleType("pyarrow")
vars(_arrow_placeholder)["RecordBatchReader"] = object  # chDB names it in an annotation
# chDB imports pyarrow, which imports NumPy, for result formats that we do not use: 57 MB and 0.15 s of each process.
with replaced_module("pyarrow", _arrow_placeholder):
    import chdb
    from chdb.state.sqlitelike import Connection

QueryParameter = str | Sequence[str] | None

CONNECTION_COUNT = 4
"""One for the processor's inserts, the others for the console's queries."""

_MEMORY_LIMITS_SQL = (
    "SET max_memory_usage = 1_000_000_000, max_bytes_before_external_group_by = 150_000_000, "
    "max_bytes_before_external_sort = 150_000_000, max_block_size = 16_384"
)
"""Bytes: the most that a statement may use, and the sizes at which GROUP BY and ORDER BY continue on disk. Rows: a
quarter of ClickHouse's default, because FINAL holds a block of every part in memory."""

_INSERT_SQL = "SET optimize_on_insert = 0"
"""Rows are merged in the background only, not in each insert too: queries do not rely on it, and a store takes a fifth
less processor time."""

_CACHE_LIMITS = "mark_cache_size=67108864&primary_index_cache_size=67108864&query_condition_cache_size=16777216"
"""Bytes, as parameters of a connection. ClickHouse's defaults, for a machine of its own, are 5 GB for each of two."""

_PACKAGE_FILES = files("clicktrail.server.analytics")
_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ARRAY_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'"})
_ERROR_NAME_PATTERN = re.compile(r"\(([A-Z_]+)\)\s*$")

_DATA_ERROR_PREFIXES = (
    "ARGUMENT_OUT_OF_BOUND",
    "CANNOT_CONVERT",
    "CANNOT_PARSE",
    "DECIMAL_OVERFLOW",
    "ILLEGAL",
    "INCORRECT_DATA",
    "LOGICAL_ERROR",
    "SYNTAX_ERROR",
    "TOO_LARGE",
    "TYPE_MISMATCH",
    "UNEXPECTED",
    "VALUE_IS_OUT_OF_RANGE",
)
"""Names of ClickHouse's errors that the values of a statement cause: the same statement fails again."""

_DISK_ERROR_NAME_PATTERN = re.compile("SPACE|WRITE|FSYNC|FILE")

_Row = TypeVar("_Row")
_Result = TypeVar("_Result")
_encoder = msgspec.json.Encoder()


class TooManyRowsError(StorageError):
    """A query would read more rows than it may."""


class ChdbPool:
    """An open folder of chDB.

    Args:
        folder: created if missing, with mode 0700.

    Raises:
        StorageError: the folder cannot be opened, usually because another process has it open.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connections = [chdb.connect(f"{folder}?{_CACHE_LIMITS}") for _ in range(CONNECTION_COUNT)]
            for connection in connections:
                connection.query(_MEMORY_LIMITS_SQL)
                connection.query(_INSERT_SQL)
        except (OSError, RuntimeError) as error:
            raise StorageError(
                f"cannot open analytics in {folder}", hint="is another clicktrail running with this data folder?"
            ) from error
        self._folder = folder
        self._idle_connections: SimpleQueue[Connection] = SimpleQueue()
        for connection in connections:
            self._idle_connections.put(connection)
        self._executor = ThreadPoolExecutor(CONNECTION_COUNT, thread_name_prefix="chdb")

    async def execute(
        self,
        statement: str,
        parameters: Mapping[str, QueryParameter] | None = None,
        output_format: str = "JSONEachRow",
    ) -> bytes:
        """Run one statement. Its result is by default one JSON object per line.

        Raises:
            StorageError: chDB refused it. The cause may quote rows, so it is not part of the message.
        """
        return await self._run_in_thread(
            lambda: self._execute(
                statement,
                {name: encode_parameter(value) for name, value in (parameters or {}).items()},
                output_format,
            )
        )

    async def fetch_rows(
        self,
        query_name: str,
        row_type: type[_Row],
        parameters: Mapping[str, QueryParameter] | None = None,
        *,
        max_rows: int | None = None,
    ) -> list[_Row]:
        """Run the query of ``queries/NAME.sql`` and decode its rows.

        Args:
            query_name: the query. With ``max_rows``, it has no settings.
            row_type: type of its rows.
            parameters: values of its parameters.
            max_rows: most rows of tables that it may read.

        Raises:
            TooManyRowsError: it would read more rows.
            StorageError: chDB refused it.
        """
        settings = f"SETTINGS max_rows_to_read = {max_rows}" if max_rows else ""
        lines = await self.execute(load_query(query_name) + settings, parameters)
        return await self._run_in_thread(lambda: msgspec.json.Decoder(row_type).decode_lines(lines))

    async def insert_rows(self, query_name: str, rows: Iterable[msgspec.Struct]) -> None:
        """Insert rows with the statement of ``queries/NAME.sql``.

        Raises:
            StorageError: chDB refused it.
        """
        await self.insert_in_order([(query_name, rows)])

    async def insert_in_order(self, inserts: Sequence[tuple[str, Iterable[msgspec.Struct]]]) -> None:
        """Insert rows with several statements, one after another; each is the name of a query and its rows.

        Raises:
            StorageError: chDB refused one; those before it were inserted.
        """
        await self._run_in_thread(lambda: self._insert(inserts))

    async def close(self) -> None:
        """Wait for running statements, then close the folder."""
        await asyncio.to_thread(self._executor.shutdown)
        while not self._idle_connections.empty():
            self._idle_connections.get().close()

    async def _run_in_thread(self, function: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def _insert(self, inserts: Sequence[tuple[str, Iterable[msgspec.Struct]]]) -> None:
        encoded = [(name, _encoder.encode_lines(list(rows))) for name, rows in inserts]
        for name, lines in encoded:
            if lines:
                self._execute(load_query(name) + lines.decode(), {})

    def _execute(self, statement: str, parameters: dict[str, str], output_format: str = "JSONEachRow") -> bytes:
        connection = self._idle_connections.get()
        try:
            return bytes(connection.query(statement, output_format, params=parameters).bytes())
        except RuntimeError as error:
            match = _ERROR_NAME_PATTERN.search(str(error))
            name = match[1] if match else "reason unknown"
            hint = describe_free_space(self._folder) if _DISK_ERROR_NAME_PATTERN.search(name) else ""
            error_type = TooManyRowsError if name == "TOO_MANY_ROWS" else StorageError
            refused = error_type(f"analytics refused a statement: {name}", hint=hint)
            refused.retryable = not name.startswith(_DATA_ERROR_PREFIXES)
            raise refused from error
        finally:
            self._idle_connections.put(connection)


def encode_parameter(value: QueryParameter) -> str:
    """Encode a query parameter of type String, Nullable(String) or Array(String).

    ClickHouse reads parameters in TabSeparated escaping, and arrays as literals (reference: "Formats for input and
    output data", TabSeparated).
    """
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_TSV_ESCAPES)
    return "[" + ",".join(f"'{item.translate(_ARRAY_ESCAPES)}'" for item in value) + "]"


@cache
def load_query(name: str) -> str:
    """The statement of ``queries/NAME.sql``."""
    return (_PACKAGE_FILES / "queries" / f"{name}.sql").read_text("utf-8")


def load_migrations() -> dict[str, list[str]]:
    """Statements of each migration by file name, in the order in which they apply."""
    migration_files = sorted((_PACKAGE_FILES / "migrations").iterdir(), key=lambda file: file.name)
    return {
        file.name: _split_statements(file.read_text("utf-8")) for file in migration_files if file.name.endswith(".sql")
    }


def _split_statements(sql: str) -> list[str]:
    # A statement ends with a semicolon at the end of a line.
    return [statement for part in sql.split(";\n") if (statement := part.strip())]


class _AppliedMigration(msgspec.Struct):
    name: str


async def migrate(connections: ChdbPool) -> None:
    """Apply the missing migrations, in order.

    Every migration can be repeated: a crash may leave one applied but not recorded, and it is then applied again.

    Raises:
        StorageError: a later version of clicktrail has changed the tables.
    """
    migrations = load_migrations()
    create_migrations_table = next(iter(migrations.values()))[0]
    await connections.execute(create_migrations_table)
    applied = {row.name for row in await connections.fetch_rows("applied_migrations", _AppliedMigration)}
    if unknown := applied - migrations.keys():
        raise StorageError(
            f"analytics was written by a later version of clicktrail: {min(unknown)}", hint="install that version"
        )
    for name, statements in migrations.items():
        if name not in applied:
            for statement in statements:
                await connections.execute(statement)
            await connections.execute(load_query("record_migration"), {"name": name})
