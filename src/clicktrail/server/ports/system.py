"""What code that reads no clock and rolls no dice is given: the time, names for new things, random codes."""

from datetime import datetime
from typing import Protocol

__all__ = [
    "Clock",
    "IdGenerator",
    "ShortCodeGenerator",
]


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Aware, UTC, cut to milliseconds."""
        ...


class IdGenerator(Protocol):
    """Names for new things."""

    def new(self) -> str:
        """An id that nobody else has given out or will: ``[0-9a-z]`` only, at most 26 characters."""
        ...


class ShortCodeGenerator(Protocol):
    """Codes of short links."""

    def new(self) -> int:
        """`CODE_BITS` random bits that nobody can guess."""
        ...
