"""Run every asynchronous test of the edge on each event loop."""

import asyncio
from collections.abc import Callable, Mapping

from tests.support.event_loops import EVENT_LOOPS


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return EVENT_LOOPS
