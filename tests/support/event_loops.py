"""Event loops that the server supports."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop

__all__ = ["EVENT_LOOPS"]

EVENT_LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}
