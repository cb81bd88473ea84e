"""Who wants to hear what becomes of clicks."""

from collections.abc import Iterable
from typing import Protocol

from clicktrail.server.ports.analytics import JudgedMessage

__all__ = ["Announcements"]


class Announcements(Protocol):
    """Where analytics tells what it has stored, as far as others may want to know at once."""

    def reclassified(self, messages: Iterable[JudgedMessage]) -> None:
        """Tell of clicks that have another verdict than before: ``click.reclassified`` for each of `changes`."""
        ...
