"""The real clock and real randomness."""

import itertools
import secrets
import time
from datetime import UTC, datetime

from clicktrail.tokens import SHORT_CODE_BITS

__all__ = ["RandomCodes", "RandomIds", "SystemClock"]

_ID_PREFIX_BYTES = 8


class SystemClock:
    """The machine's clock, UTC, cut to milliseconds as events are."""

    def now(self) -> datetime:
        """The time of day."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


class RandomCodes:
    """Codes from the system's source of randomness for secrets."""

    def new(self) -> int:
        """The next code."""
        return secrets.randbits(SHORT_CODE_BITS)


class RandomIds:
    """Ids that no other process or start gives out: 64 random bits for this start, then a counter."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(
            _ID_PREFIX_BYTES
        )  # a fixed width: start and counter can be read in one way only
        self._counter = itertools.count()

    def new(self) -> str:
        """The next id."""
        return f"{self._prefix}{next(self._counter):x}"
