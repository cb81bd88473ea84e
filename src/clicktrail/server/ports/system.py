"""Provide the current time, new ids and random codes, so that the pipeline stays deterministic."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The current time."""

    def now(self) -> datetime:
        """Return the current time: aware, UTC, truncated to milliseconds."""


class IdGenerator(Protocol):
    """Unique ids."""

    def new(self) -> str:
        """Return a new, globally unique id: up to 26 characters ``[0-9a-z]``."""


class ShortCodeGenerator(Protocol):
    """Codes of short links."""

    def new(self) -> int:
        """Return `SHORT_CODE_BITS` unpredictable random bits."""
