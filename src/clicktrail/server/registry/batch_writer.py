"""Write many values in one transaction: those that arrived while the previous one was committed (group commit).

Each transaction waits for the disk, and SQLite commits one after the other. The wait thus depends on the duration of a
transaction, not on the number of values.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from clicktrail.errors import StorageError

_MAX_BATCH_VALUES: Final = 100
"""Values of a transaction, so that other processes that write wait for less than 0.1 s."""

Value = TypeVar("Value")


class BatchWriter(Generic[Value]):
    """Writes values, many at a time.

    Args:
        write: writes some values, all or none. Raises `StorageError`.
    """

    def __init__(self, write: Callable[[Sequence[Value]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[Value, asyncio.Future[StorageError | None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def add(self, value: Value) -> None:
        """Write a value.

        Raises:
            StorageError: it may not have been written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[StorageError | None] = loop.create_future()
        self._waiting.append((value, future))
        if self._task is None:
            self._task = loop.create_task(self._write_waiting())
        if error := await asyncio.shield(future):
            raise error

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:_MAX_BATCH_VALUES]
                del self._waiting[:_MAX_BATCH_VALUES]
                await self._write_batch(batch)
        finally:
            self._task = None

    async def _write_batch(self, batch: Sequence[tuple[Value, asyncio.Future[StorageError | None]]]) -> None:
        error: StorageError | None = StorageError("the write failed")  # a bug, unless replaced
        try:
            await self._write([value for value, _ in batch])
            error = None
        except StorageError as storage_error:
            error = storage_error
            if len(batch) > 1:  # a value that cannot be written must not fail the others
                for entry in batch:
                    await self._write_batch([entry])
        finally:
            for _, future in batch:
                if not future.done():
                    future.set_result(error)
