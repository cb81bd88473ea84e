"""Look up many keys with few queries.

Anyone can request short links that do not exist, as fast as the edge reads requests. With a query for each, thousands
a second would wait in front of a reader's lookup. So one query looks up all keys that arrived while the previous one
ran: the wait depends on the duration of a query, not on the number of keys.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from clicktrail.errors import StorageError

LOOKUP_TIMEOUT_S: Final = 2.5
"""How long a reader waits for a destination, or else for an error page."""

MAX_LINK_SET_ID: Final = 2**63 - 1
"""The largest BIGINT. An id read from a token may be larger."""

_MAX_BATCH_KEYS: Final = 500
"""Keys of a query: SQLite takes about 2 ms for them."""
_MAX_WAITING_KEYS: Final = 4_096
"""Keys that wait. More are refused at once: they would wait in vain for a registry that does not respond."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class BatchLoader(Generic[Key, Value]):
    """Loads values by key, many at a time.

    Args:
        load: returns the values of some keys; those without a value are left out. Raises `StorageError`.
    """

    def __init__(self, load: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._load = load
        self._waiting: dict[Key, asyncio.Future[Value | StorageError | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> Value | None:
        """Return the value of a key; None if it has none.

        Raises:
            StorageError: the registry is unavailable, or did not respond in time.
        """
        future = self._waiting.get(key) or self._add(key)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT_S):
                found = await asyncio.shield(future)
        except TimeoutError as error:
            raise StorageError("the registry does not respond") from error
        if isinstance(found, StorageError):
            raise found
        return found

    def _add(self, key: Key) -> asyncio.Future[Value | StorageError | None]:
        if len(self._waiting) >= _MAX_WAITING_KEYS:
            raise StorageError("too many lookups wait for the registry")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Value | StorageError | None] = loop.create_future()
        self._waiting[key] = future
        if self._task is None:
            self._task = loop.create_task(self._load_waiting())
        return future

    async def _load_waiting(self) -> None:
        try:
            while self._waiting:
                batch = {key: self._waiting.pop(key) for key in list(islice(self._waiting, _MAX_BATCH_KEYS))}
                await self._load_batch(batch)
        finally:
            self._task = None

    async def _load_batch(self, batch: Mapping[Key, asyncio.Future[Value | StorageError | None]]) -> None:
        found: Mapping[Key, Value] = {}
        error: StorageError | None = StorageError("the lookup failed")  # a bug, unless replaced
        try:
            found, error = await self._load(list(batch)), None
        except StorageError as storage_error:
            error = storage_error
        finally:
            for key, future in batch.items():
                future.set_result(error or found.get(key))
