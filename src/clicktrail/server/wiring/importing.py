"""Import recorded events into the journal, from which the engine processes them like new ones."""

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.audit import message_key
from clicktrail.disk_errors import describe_free_space
from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, encode_event, normalize_event_recipient
from clicktrail.server import overrides_file
from clicktrail.server.journal.segments import IMPORT_WRITER
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.journals import MeasuredJournal, open_journal

_BATCH_LINES = 1_000
"""Lines per fsync."""


def import_events(settings: Settings, events: Iterable[AnyEvent]) -> int:
    """Append events to the journal, except those of erased recipients, and return their number.

    An event that is imported again changes nothing: analytics recognises its id.

    Raises:
        KeyRingError: there is no key ring. A journal without one would look as if the ring had been lost.
        StorageError: another import is running, or the disk is full; some events may be written.
    """
    ring = keyring_file.load(settings.keyring_path)
    erased = HashedRecipients(ring, overrides_file.read(settings.overrides_path).currently_erased)
    return asyncio.run(_write_events(settings, (event for event in events if event.recipient not in erased)))


async def _write_events(settings: Settings, events: Iterable[AnyEvent]) -> int:
    count = 0
    with open_journal(settings, IMPORT_WRITER) as journal:
        for event in events:
            journal.append(encode_event(_assign_message_id(event)), lambda _is_durable: None)
            count += 1
            if not count % _BATCH_LINES:
                flush_or_raise(journal, settings)
                await asyncio.sleep(0)
        flush_or_raise(journal, settings)
    return count


def _assign_message_id(event: AnyEvent) -> AnyEvent:
    """Give an event of a campaign the message id that audits derive. Without a campaign an event is not counted."""
    event = normalize_event_recipient(event)
    if event.message_id or not event.campaign or isinstance(event, AnonymousClick):
        return event
    return replace(event, message_id=message_key(event))


def flush_or_raise(journal: MeasuredJournal, settings: Settings) -> None:
    """Write and sync all appended events.

    Raises:
        StorageError: the disk cannot be written.
    """
    journal.flush()
    if journal.is_degraded:
        raise StorageError(
            f"the journal {settings.journal_path} cannot be written: {describe_free_space(settings.journal_path)}",
            hint="make space and repeat the command: each event is counted once",
        )
