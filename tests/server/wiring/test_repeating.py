"""What is done now and then."""

import asyncio

from clicktrail.errors import StorageError
from clicktrail.server.wiring.repeating import pause, repeat


async def test_trouble_is_told_and_work_goes_on() -> None:
    """What storage refused is tried again after the pause, until told to stop."""
    stopping = asyncio.Event()
    refused: list[StorageError] = []
    done: list[int] = []

    async def work() -> None:
        done.append(len(done))
        if len(done) == 1:
            raise StorageError("no")
        stopping.set()

    async with asyncio.timeout(10):
        await repeat(work, stopping, every_s=0.001, on_trouble=refused.append)

    assert [0, 1] == done
    assert ["no"] == [str(error) for error in refused]


async def test_a_pause_ends_when_told_to_stop() -> None:
    """However long it was to be; and by itself where nobody says so."""
    stopping = asyncio.Event()
    await pause(stopping, 0.001)
    asyncio.get_running_loop().call_soon(stopping.set)

    async with asyncio.timeout(10):
        await pause(stopping, 3_600)

    assert stopping.is_set()
