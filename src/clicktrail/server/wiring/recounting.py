"""Count the reports of large campaigns while nobody waits for them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from clicktrail.errors import StorageError
from clicktrail.server.wiring.repeating import pause

__all__ = ["recount_until"]

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
