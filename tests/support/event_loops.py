"""Event loops that the server supports."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop

EVENT_LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}
