import asyncio
import time

from clicktrail.errors import StorageError
from clicktrail.server.wiring.recounting import recount_until


async def test_counts_rest_after_each_also_when_one_fails() -> None:
    """Four times as long as it took, so that most of the time is left to clicks, until told to stop."""
    stopping = asyncio.Event()
    spans: list[tuple[float, float]] = []

    async def recount() -> None:
        began = time.monotonic()
        await asyncio.sleep(0.2)  # what a count takes
        spans.append((began, time.monotonic()))
        if len(spans) == 2:
            stopping.set()
        raise StorageError("no")

    async with asyncio.timeout(60):
        await recount_until(stopping, recount)

    (began, ended), (again, _) = spans
    assert again - ended >= 4 * (ended - began) * 0.99
