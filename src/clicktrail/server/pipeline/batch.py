"""A batch of journal entries, and how it is narrowed down to the entries that cannot be processed.

A batch that failed once is tried again: the cause may be gone. If it fails again, its halves are tried, until single
entries are left that fail. If the judge fails on one message, its entries are tried apart from the others at once.
"""

from collections import deque
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clicktrail.errors import EventError
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.model.recipient import find_addresses
from clicktrail.server.ports import JournalEntry, RecordedEvent

MAX_FAILURES = 2

_OWN_SOURCE = "clicktrail"


class JudgingError(Exception):
    """The judge failed on a message, or took too long."""

    def __init__(self, message_id: str) -> None:
        super().__init__(message_id)
        self.message_id = message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Decoded journal entries.

    Attributes:
        recorded: events, without anonymous clicks: the order of lines would reveal when they were made.
        events_by_message: events by message id; events without a message are left out.
        clicks: all clicks, with or without a message.
        current_events: our own events as they happen: neither an ESP's, which can be old, nor recorded earlier.
        unreadable: entries that are not events.
        erased: entries of erased recipients, or whose URL holds an erased address.
    """

    recorded: tuple[RecordedEvent, ...]
    anonymous_clicks: tuple[AnonymousClick, ...]
    events_by_message: Mapping[str, list[AnyEvent]]
    clicks: tuple[Click, ...]
    current_events: tuple[AnyEvent, ...]
    unreadable: tuple[tuple[JournalEntry, EventError], ...]
    erased: tuple[JournalEntry, ...]


def decode_batch(entries: Sequence[JournalEntry], *, erased_recipients: Container[str]) -> Batch:
    """Decode entries, without the events of erased recipients."""
    recorded: list[RecordedEvent] = []
    current_events: list[AnyEvent] = []
    anonymous_clicks: list[AnonymousClick] = []
    events_by_message: dict[str, list[AnyEvent]] = {}
    unreadable: list[tuple[JournalEntry, EventError]] = []
    erased: list[JournalEntry] = []
    for entry in entries:
        if entry.line.isspace():  # overwritten when its recipient was erased
            continue
        try:
            event = decode_event(entry.line)
        except EventError as error:
            unreadable.append((entry, error))
            continue
        if event.recipient in erased_recipients or _has_erased_address(event, erased_recipients):
            erased.append(entry)
            continue
        if isinstance(event, AnonymousClick):
            anonymous_clicks.append(event)
            continue
        recorded.append(RecordedEvent(entry.line, event))
        if event.source == _OWN_SOURCE and not entry.is_past:
            current_events.append(event)
        # A click on a token that cannot be opened has no message: it is stored as an event, in no campaign.
        if event.message_id:
            events_by_message.setdefault(event.message_id, []).append(event)
    return Batch(
        recorded=tuple(recorded),
        anonymous_clicks=tuple(anonymous_clicks),
        events_by_message=events_by_message,
        clicks=tuple(event for _, event in recorded if isinstance(event, Click)),
        current_events=tuple(current_events),
        unreadable=tuple(unreadable),
        erased=tuple(erased),
    )


def _has_erased_address(event: AnyEvent, erased_recipients: Container[str]) -> bool:
    """Whether the URL of a click holds an erased address, such as in a link whose recipient is unknown."""
    if not isinstance(event, Click | AnonymousClick):
        return False
    return any(address in erased_recipients for address in find_addresses(event.url))


@dataclass(slots=True, kw_only=True)
class BatchPart:
    """Entries that are processed in one attempt.

    Attributes:
        batch: the decoded entries; None before the first attempt.
        failure_count: failed attempts.
        skipped_message_ids: messages of earlier events that the judge fails on. Their verdicts stay as they are.
    """

    entries: Sequence[JournalEntry]
    batch: Batch | None = None
    failure_count: int = 0
    skipped_message_ids: frozenset[str] = frozenset()


class PendingBatch:
    """Entries that are read and not committed.

    Attributes:
        end_position: the reader's position behind the entries.
        parts: parts that are not finished.
        erased_entries: entries of finished parts that belong to erased recipients.
        oldest_event_at: time of the oldest decoded event.
    """

    def __init__(self, entries: Sequence[JournalEntry], *, end_position: object = None) -> None:
        self.entries = entries
        self.end_position = end_position
        self.parts: deque[BatchPart] = deque([BatchPart(entries=entries)])
        self.erased_entries: list[JournalEntry] = []
        self.oldest_event_at: datetime | None = None

    def handle_failure(self, error: Exception) -> JournalEntry | None:
        """Narrow down the first part, which has failed. Return its entry if it is a single one that fails again."""
        part = self.parts[0]
        if isinstance(error, JudgingError) and part.batch and error.message_id not in part.batch.events_by_message:
            part.skipped_message_ids |= {error.message_id}
            return None
        part.failure_count += 1
        own_entries = _find_own_entries(part, error)
        if len(own_entries) < len(part.entries):
            own = {id(entry) for entry in own_entries}
            others = [entry for entry in part.entries if id(entry) not in own]
            self._replace_first(others, own_entries)
        elif part.failure_count < MAX_FAILURES:
            pass
        elif len(part.entries) == 1:
            return part.entries[0]
        else:
            middle = len(part.entries) // 2
            self._replace_first(part.entries[:middle], part.entries[middle:])
        return None

    def _replace_first(self, *groups: Sequence[JournalEntry]) -> None:
        part = self.parts.popleft()
        self.parts.extendleft(
            BatchPart(entries=entries, failure_count=1, skipped_message_ids=part.skipped_message_ids)
            for entries in reversed(groups)
        )


def _find_own_entries(part: BatchPart, error: Exception) -> Sequence[JournalEntry]:
    """The entries of the message that the judge failed on; all entries after another error."""
    if not isinstance(error, JudgingError):
        return part.entries
    return [entry for entry in part.entries if _read_message_id(entry) == error.message_id]


def _read_message_id(entry: JournalEntry) -> str:
    try:
        return decode_event(entry.line).message_id
    except EventError:
        return ""
