"""Connections to chDB, each with a thread of its own.

chDB is ClickHouse inside this process. One process may hold one folder open, and no other process may open it at the
same time. A process that forks after connecting hangs in the child's first query, so connect after every fork and
never fork afterwards. Queries run without the interpreter lock, outside the event loop's thread.
"""

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import chdb
from chdb.state.sqlitelike import Connection

from clicktrail.errors import StorageError
from clicktrail.server.analytics.sql import Value, parameter

__all__ = ["ChdbConnections"]

CONNECTIONS = 4
"""One for the processor's inserts; the others answer the console meanwhile."""

_ERROR_NAME = re.compile(r"\(([A-Z_]+)\)\s*$")


class ChdbConnections:
    """A folder of chDB, open.

    Args:
        folder: made if it does not exist, readable by its owner only.

    Raises:
        StorageError: the folder cannot be opened; most often because another process has.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            connections = [chdb.connect(str(folder)) for _ in range(CONNECTIONS)]
        except (OSError, RuntimeError) as error:
            raise StorageError(
                f"cannot open analytics in {folder}", hint="is another clicktrail running with this data folder?"
            ) from error
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        for connection in connections:
            self._idle.put(connection)
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="chdb")

    async def run(self, statement: str, parameters: Mapping[str, Value] | None = None) -> bytes:
        """Run one statement; its result as JSON objects, one a line.

        Raises:
            StorageError: chDB refused it. The cause may quote rows, so it is not part of the message.
        """
        bound = {name: parameter(value) for name, value in (parameters or {}).items()}
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, statement, bound)

    async def close(self) -> None:
        """Let running statements end, then let the folder go."""
        await asyncio.to_thread(self._threads.shutdown)
        while not self._idle.empty():
            self._idle.get().close()

    def _run(self, statement: str, bound: dict[str, str]) -> bytes:
        connection = self._idle.get()
        try:
            return bytes(connection.query(statement, "JSONEachRow", params=bound).bytes())
        except RuntimeError as error:
            name = _ERROR_NAME.search(str(error))
            raise StorageError(f"analytics refused a statement: {name[1] if name else 'reason unknown'}") from error
        finally:
            self._idle.put(connection)
