"""What the pipeline needs from the outside, and the edges provide."""

from clicktrail.server.ports.analytics import (
    Analytics,
    Announcements,
    Clicker,
    ClickPage,
    ClickSearch,
    JudgedMessage,
    Place,
    RecentReport,
    RecipientClick,
    StoredVerdict,
    VerdictChange,
)
from clicktrail.server.ports.journal import Entry, Journal, JournalReader
from clicktrail.server.ports.registry import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.ports.system import Clock, Codes, Ids

__all__ = [
    "Analytics",
    "Announcements",
    "ClickPage",
    "ClickSearch",
    "Clicker",
    "Clock",
    "Codes",
    "Consents",
    "Entry",
    "Erasures",
    "Ids",
    "Journal",
    "JournalReader",
    "JudgedMessage",
    "LinkEdits",
    "LinkSets",
    "Place",
    "RecentReport",
    "RecipientClick",
    "ShortLinks",
    "StoredVerdict",
    "VerdictChange",
]
