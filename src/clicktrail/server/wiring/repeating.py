"""Do something now and then, until told to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from clicktrail.errors import StorageError

__all__ = ["pause", "repeat"]


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until told to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def repeat(
    work: Callable[[], Awaitable[None]],
    stopping: asyncio.Event,
    *,
    every_s: float,
    on_trouble: Callable[[StorageError], object],
) -> None:
    """Work at once, and again after each pause; storage in trouble is told of, and tried again."""
    while not stopping.is_set():
        try:
            await work()
        except StorageError as error:
            on_trouble(error)
        await pause(stopping, every_s)
