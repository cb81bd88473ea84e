"""What the pipeline needs from the outside, and the edges provide."""

from clicktrail.server.ports.analytics import (
    Analytics,
    CachedReport,
    ClickCursor,
    Clicker,
    ClickPage,
    ClickSearch,
    JudgedMessage,
    RecipientClick,
    StoredVerdict,
    StoreObserver,
    VerdictChange,
)
from clicktrail.server.ports.journal import Journal, JournalEntry, JournalReader
from clicktrail.server.ports.registry import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.ports.system import Clock, IdGenerator, ShortCodeGenerator

__all__ = [
    "Analytics",
    "CachedReport",
    "ClickCursor",
    "ClickPage",
    "ClickSearch",
    "Clicker",
    "Clock",
    "Consents",
    "Erasures",
    "IdGenerator",
    "Journal",
    "JournalEntry",
    "JournalReader",
    "JudgedMessage",
    "LinkEdits",
    "LinkSets",
    "RecipientClick",
    "ShortCodeGenerator",
    "ShortLinks",
    "StoreObserver",
    "StoredVerdict",
    "VerdictChange",
]
