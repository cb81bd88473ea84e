"""Every asynchronous test of the edge runs on each event loop."""

import asyncio
from collections.abc import Callable, Mapping

from tests.support.event_loops import EVENT_LOOPS


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What pytest-asyncio asks for."""
    return EVENT_LOOPS
