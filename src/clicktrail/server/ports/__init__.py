"""What the pipeline needs from the outside, and the edges provide."""

from clicktrail.server.ports.analytics import (
    Analytics,
    Clicker,
    JudgedMessage,
    RecentReport,
    StoredVerdict,
    VerdictChange,
)
from clicktrail.server.ports.announcements import Announcements
from clicktrail.server.ports.clicks import ClickPage, ClickSearch, Place, RecipientClick
from clicktrail.server.ports.given import Clock, Codes, Ids
from clicktrail.server.ports.journal import Entry, Journal, JournalReader
from clicktrail.server.ports.registry import Consents, Erasures, LinkEdits, LinkSets, ShortLinks

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
