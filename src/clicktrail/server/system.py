"""The real clock and real randomness."""

import itertools
import secrets
import time
from datetime import UTC, datetime

from clicktrail.tokens import CODE_BITS

__all__ = ["RandomCodes", "RandomIds", "SystemClock"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_START_WIDTH = 13
"""Base-36 digits of 64 bits; a fixed width, so that start and counter cannot be read in two ways."""


class SystemClock:
    """The machine's clock, UTC, cut to milliseconds as events are."""

    def now(self) -> datetime:
        """The time of day."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


class RandomCodes:
    """Codes from the system's source of randomness for secrets."""

    def new(self) -> int:
        """The next code."""
        return secrets.randbits(CODE_BITS)


class RandomIds:
    """Ids that no other process or start gives out: 64 random bits for this start, then a counter."""

    def __init__(self) -> None:
        self._start = _base36(secrets.randbits(64)).rjust(_START_WIDTH, "0")
        self._counter = itertools.count()

    def new(self) -> str:
        """The next id."""
        return f"{self._start}{_base36(next(self._counter))}"


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
