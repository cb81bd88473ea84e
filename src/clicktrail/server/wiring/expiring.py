"""Have the registry delete short links that are older than the settings say."""

import asyncio
from datetime import timedelta

import structlog

from clicktrail.server.ports import ShortLinks
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.repeating import repeat

__all__ = ["expire_until"]

_LOG = structlog.get_logger(part="engine")
_LOOK_S = 3600.0
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
        every_s=_LOOK_S,
        on_trouble=lambda error: _LOG.error("cannot delete old short links, trying again", error=error),
    )
