"""The system clock, and random ids and codes."""

import itertools
import secrets
import time
from datetime import UTC, datetime

from clicktrail.tokens import SHORT_CODE_BITS

_ID_PREFIX_BYTES = 8


class SystemClock:
    """The system clock in UTC, truncated to milliseconds as in events.

    Under load, many clicks happen in the same millisecond and share one object.
    """

    def __init__(self) -> None:
        self._latest = (-1, datetime.fromtimestamp(0, UTC))

    def now(self) -> datetime:
        """The current time."""
        milliseconds, latest = time.time_ns() // 1_000_000, self._latest
        if latest[0] != milliseconds:
            self._latest = latest = (milliseconds, datetime.fromtimestamp(milliseconds / 1000, UTC))
        return latest[1]


class RandomCodes:
    """Codes of short links, from a cryptographic source of randomness."""

    def new(self) -> int:
        """Generate a code."""
        return secrets.randbits(SHORT_CODE_BITS)


class RandomIds:
    """Ids that are unique across processes and restarts: 64 random bits of this process, then a counter."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(_ID_PREFIX_BYTES)  # of fixed width, so that no two ids read the same
        self._counter = itertools.count()

    def new(self) -> str:
        """Generate an id."""
        return f"{self._prefix}{next(self._counter):x}"
