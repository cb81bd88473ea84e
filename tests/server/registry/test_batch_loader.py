import asyncio
from collections.abc import Mapping, Sequence

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.registry import batch_loader
from clicktrail.server.registry.batch_loader import BatchLoader


class Store:
    """Values of even numbers; a test decides when a query ends.

    Attributes:
        queries: number of keys of each query so far.
    """

    def __init__(self) -> None:
        self.queries: list[int] = []
        self.started = asyncio.Event()
        self.released = asyncio.Event()
        self.error: Exception | None = None

    async def load(self, keys: Sequence[int]) -> Mapping[int, str]:
        self.queries.append(len(keys))
        self.started.set()
        await self.released.wait()
        if self.error:
            raise self.error
        return {key: str(key) for key in keys if key % 2 == 0}


async def start_lookups(
    store: Store, loader: BatchLoader[int, str], keys: Sequence[int]
) -> list[asyncio.Task[str | None]]:
    """Start lookups, and wait for the first query."""
    tasks = [asyncio.get_running_loop().create_task(loader.find(key)) for key in keys]
    await store.started.wait()
    return tasks


async def test_keys_that_arrive_during_a_query_share_the_next() -> None:
    store = Store()
    loader = BatchLoader(store.load)
    tasks = await start_lookups(store, loader, [1])
    tasks += await start_lookups(store, loader, [2, 2, 3, 4])
    await asyncio.sleep(0)
    store.released.set()
    assert await asyncio.gather(*tasks) == [None, "2", "2", None, "4"]
    assert store.queries == [1, 3]
    assert await loader.find(6) == "6"


async def test_error_reaches_every_lookup_and_the_next_query_runs() -> None:
    store = Store()
    loader = BatchLoader(store.load)
    store.error = StorageError("simulated")
    store.released.set()
    tasks = await start_lookups(store, loader, [1, 2])
    assert [str(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == ["simulated"] * 2
    store.error = None
    assert await loader.find(2) == "2"


async def test_lookup_ends_in_time_although_the_registry_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_loader, "LOOKUP_TIMEOUT_S", 0.05)
    monkeypatch.setattr(batch_loader, "_MAX_WAITING_KEYS", 10)
    store = Store()
    loader = BatchLoader(store.load)
    tasks = await start_lookups(store, loader, range(30))
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert {str(error) for error in errors} == {
        "the registry does not respond",
        "too many lookups wait for the registry",
    }
    store.released.set()
    assert await loader.find(100) == "100"
