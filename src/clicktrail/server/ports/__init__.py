"""The interfaces that the pipeline needs, and that storage and system modules implement."""

from clicktrail.server.ports.analytics import Analytics
from clicktrail.server.ports.click_log import (
    ClickCursor,
    ClickLog,
    ClickPage,
    ClickSearch,
    RecipientClick,
    VerdictChange,
)
from clicktrail.server.ports.domains import Domains
from clicktrail.server.ports.event_store import (
    ErasedRows,
    EventStore,
    JudgedMessage,
    RecordedEvent,
    StoredVerdict,
    StoreObserver,
)
from clicktrail.server.ports.isolation import (
    AttemptLog,
    BackgroundTask,
    InlineWorker,
    Isolation,
    Quarantine,
    TimeLimitError,
    Worker,
)
from clicktrail.server.ports.journal import Journal, JournalEntry, JournalReader
from clicktrail.server.ports.links import LinkEdits, LinkSetReader, LinkSets, ShortLinkReader, ShortLinks
from clicktrail.server.ports.recipients import Consents, ErasureResult, Erasures, PendingErasure, StoredConsent
from clicktrail.server.ports.reports import Clicker, Reports
from clicktrail.server.ports.system import Clock, IdGenerator, ShortCodeGenerator

__all__ = [
    "Analytics",
    "AttemptLog",
    "BackgroundTask",
    "ClickCursor",
    "ClickLog",
    "ClickPage",
    "ClickSearch",
    "Clicker",
    "Clock",
    "Consents",
    "Domains",
    "ErasedRows",
    "ErasureResult",
    "Erasures",
    "EventStore",
    "IdGenerator",
    "InlineWorker",
    "Isolation",
    "Journal",
    "JournalEntry",
    "JournalReader",
    "JudgedMessage",
    "LinkEdits",
    "LinkSetReader",
    "LinkSets",
    "PendingErasure",
    "Quarantine",
    "RecipientClick",
    "RecordedEvent",
    "Reports",
    "ShortCodeGenerator",
    "ShortLinkReader",
    "ShortLinks",
    "StoreObserver",
    "StoredConsent",
    "StoredVerdict",
    "TimeLimitError",
    "VerdictChange",
    "Worker",
]
