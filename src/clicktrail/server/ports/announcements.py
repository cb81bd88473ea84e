"""Who wants to hear what becomes of clicks."""

from collections.abc import Sequence
from typing import Protocol

from clicktrail.server.ports.analytics import JudgedMessage

__all__ = ["Announcements"]


class Announcements(Protocol):
    """Where analytics tells what it has stored, to whom wants to know at once. Whoever is told must not raise."""

    def stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Tell of messages, each with those of its clicks that are new or judged again: see `JudgedMessage.before`."""
        ...
