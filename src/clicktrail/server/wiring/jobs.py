"""Periodic jobs that run until the process is stopped."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from clicktrail.errors import StorageError
from clicktrail.server.log import get_logger
from clicktrail.server.ports import ShortLinks
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.count_check import seconds_until_check

_LOG = get_logger(component="engine")
_EXPIRY_INTERVAL_S = 3600.0
_DELETE_BATCH_SIZE = 1_000
"""Messages whose short links are deleted in one transaction, which blocks other writers."""
_RESTART_PAUSE_S = 1.0
_FILTER_INTERVAL_S = 1.0


Job = Callable[[], Awaitable[None]]


async def sleep_or_stop(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, or return early when stopped."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def run_periodically(
    job: Job,
    stopping: asyncio.Event,
    *,
    interval_s: float,
    on_error: Callable[[Exception], object],
) -> None:
    """Run a job at once, and again after each interval. Its exceptions go to ``on_error``."""
    while not stopping.is_set():
        try:
            await job()
        except Exception as error:
            on_error(error)
        await sleep_or_stop(stopping, interval_s)


async def keep_running(job: Job, stopping: asyncio.Event) -> None:
    """Run a job that ends once stopped, and start it again after an unexpected exception."""
    while not stopping.is_set():
        try:
            await job()
        except Exception as error:
            _LOG.error("a job of the engine failed, starting it again", error=error)
            await sleep_or_stop(stopping, _RESTART_PAUSE_S)
        else:
            return


async def run_short_link_expiry(stopping: asyncio.Event, settings: Settings, short_links: ShortLinks) -> None:
    """Delete expired short links every hour; return at once if the settings say that they never expire."""
    days = settings.registry.short_link_days
    if not days:
        return

    async def delete_expired() -> None:
        before = SystemClock().now() - timedelta(days=days)
        while await short_links.delete(created_before=before, limit=_DELETE_BATCH_SIZE):
            pass

    await run_periodically(
        delete_expired,
        stopping,
        interval_s=_EXPIRY_INTERVAL_S,
        on_error=lambda error: _LOG.error("cannot delete old short links, trying again", error=error),
    )


async def run_filter_loading(stopping: asyncio.Event, load_next: Callable[[], Awaitable[None]]) -> None:
    """Load what speeds up stores of busy campaigns, one after the other."""
    await run_periodically(
        load_next,
        stopping,
        interval_s=_FILTER_INTERVAL_S,
        on_error=lambda error: _LOG.error("cannot read which people have clicked, trying again", error=error),
    )


async def run_nightly(stopping: asyncio.Event, check: Callable[[], Awaitable[None]]) -> None:
    """Run the nightly check of the reports' counts."""
    while not stopping.is_set():
        await sleep_or_stop(stopping, seconds_until_check(SystemClock().now()))
        if not stopping.is_set():
            try:
                await check()
            except StorageError as error:
                _LOG.error("cannot check the reports, trying again tomorrow", error=error)
