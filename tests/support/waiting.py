"""Wait until another process or task has done something."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

TIMEOUT_S: Final = 120.0
"""For everything that takes seconds on an idle machine: a loaded one takes many times as long."""

_POLL_INTERVAL_S: Final = 0.05


async def wait_until(read: Callable[[], Awaitable[T]], is_done: Callable[[T], object] = bool) -> T:
    """Call ``read`` until ``is_done`` accepts its value, and return the value.

    Raises:
        AssertionError: no value was accepted within TIMEOUT_S; the message has the last one.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while not is_done(value := await read()):
        assert time.monotonic() < deadline, f"still {value!r} after {TIMEOUT_S:.0f} s"
        await asyncio.sleep(_POLL_INTERVAL_S)
    return value
