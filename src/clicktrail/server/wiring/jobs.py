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

__all__ = ["run_periodically", "run_report_recount", "run_short_link_expiry", "sleep_or_stop"]


async def sleep_or_stop(stopping: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until told to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def run_periodically(
    job: Callable[[], Awaitable[None]],
    stopping: asyncio.Event,
    *,
    interval_s: float,
    on_error: Callable[[StorageError], object],
) -> None:
    """Work at once, and again after each pause; storage in trouble is told of, and tried again."""
    while not stopping.is_set():
        try:
            await job()
        except StorageError as error:
            on_error(error)
        await sleep_or_stop(stopping, interval_s)


# FOLDED expiring.py: Have the registry delete short links that are older than the settings say.

_LOG = structlog.get_logger(component="engine")
_EXPIRY_INTERVAL_S = 3600.0
"""How often old short links are looked for."""
_DELETE_BATCH_SIZE = 1_000
"""Messages whose short links are deleted at once: those who want to write meanwhile wait for these alone."""


async def run_short_link_expiry(stopping: asyncio.Event, settings: Settings, short_links: ShortLinks) -> None:
    """Look every hour, until told to stop; not at all where they are kept for ever."""
    days = settings.registry.short_link_days
    if not days:
        return

    async def expire() -> None:
        before = SystemClock().now() - timedelta(days=days)
        while await short_links.delete(created_before=before, limit=_DELETE_BATCH_SIZE):
            pass

    await run_periodically(
        expire,
        stopping,
        interval_s=_EXPIRY_INTERVAL_S,
        on_error=lambda error: _LOG.error("cannot delete old short links, trying again", error=error),
    )


# FOLDED recounting.py: Count the reports of large campaigns while nobody waits for them.

_LOG = structlog.get_logger(component="engine")
_MIN_RECOUNT_PAUSE_S: Final = 0.5
_RECOUNT_PAUSE_FACTOR: Final = 4
"""For how many times as long as a count took there is none after it: most of the machine's time belongs to clicks."""


async def run_report_recount(stopping: asyncio.Event, recount: Callable[[], Awaitable[None]]) -> None:
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
        await sleep_or_stop(stopping, max(_MIN_RECOUNT_PAUSE_S, _RECOUNT_PAUSE_FACTOR * (time.monotonic() - began)))
