"""The whole analytics store, for code that wires it to its users."""

from typing import Protocol

from clicktrail.server.ports.click_log import ClickLog
from clicktrail.server.ports.event_store import EventStore
from clicktrail.server.ports.reports import Reports


class Analytics(EventStore, Reports, ClickLog, Protocol):
    """One store that implements all three ports."""
