"""The system clock, and random ids and codes."""

import itertools
import secrets
import time
from datetime import UTC, datetime

from clicktrail.tokens import SHORT_CODE_BITS

_ID_PREFIX_BYTES = 8


class SystemClock:
    """The system clock in UTC, truncated to milliseconds as in events."""

    def now(self) -> datetime:
        """The current time."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


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
