"""Do something now and then, until told to stop."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from clicktrail.errors import StorageError
from clicktrail.server.ports import ShortLinks
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock

__all__ = ["expire_until", "pause", "recount_until", "repeat"]


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


# FOLDED expiring.py: Have the registry delete short links that are older than the settings say.

_LOG_expiring = structlog.get_logger(part="engine")
_LOOK_S_expiring = 3600.0
"""How often old short links are looked for."""
_AT_ONCE = 1_000
"""Messages whose short links are deleted at once: those who want to write meanwhile wait for these alone."""


async def expire_until(stopping: asyncio.Event, settings: Settings, short_links: ShortLinks) -> None:
    """Look every hour, until told to stop; not at all where they are kept for ever."""
    days = settings.registry.short_link_days
    if not days:
        return

    async def expire() -> None:
        before = SystemClock().now() - timedelta(days=days)
        while await short_links.delete(before=before, limit=_AT_ONCE):
            pass

    await repeat(
        expire,
        stopping,
        every_s=_LOOK_S_expiring,
        on_trouble=lambda error: _LOG_expiring.error("cannot delete old short links, trying again", error=error),
    )


# FOLDED recounting.py: Count the reports of large campaigns while nobody waits for them.

_LOG = structlog.get_logger(part="engine")
_LOOK_S: Final = 0.5
_REST: Final = 4
"""For how many times as long as a count took there is none after it: most of the machine's time belongs to clicks."""


async def recount_until(stopping: asyncio.Event, recount: Callable[[], Awaitable[None]]) -> None:
    """Count what somebody has looked at, one report at a time, until told to stop.

    Args:
        stopping: tells to stop.
        recount: counts the next report, if there is one to count.
    """
    while not stopping.is_set():
        began = time.monotonic()
        try:
            await recount()
        except StorageError as error:
            _LOG.error("cannot count a report, trying again when somebody looks at it", error=error)
        await pause(stopping, max(_LOOK_S, _REST * (time.monotonic() - began)))
