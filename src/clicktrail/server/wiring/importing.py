"""Write recorded events to the journal, where the engine reads them as it reads those of the edge."""

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.audit import message_key
from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, encode_event
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import MeasuredJournal, open_journal

__all__ = ["import_events"]

_WRITER_NAME = "import"
_BATCH_LINES = 1_000
"""Lines that share a sync."""


def import_events(settings: Settings, events: Iterable[AnyEvent]) -> int:
    """Write events, and say how many; those of erased recipients are passed over. The same again changes nothing.

    Raises:
        KeyRingError: there is no key ring: nothing was ever started here, and a journal alone would look as if the
            ring had been lost.
        StorageError: another import is at it, or the disk takes no more: some may be written.
    """
    ring = keyring_file.load(settings.keyring_path)
    erased = HashedRecipients(ring, overrides_file.read(settings.overrides_path).erased)
    kept = (event for event in events if event.recipient not in erased)
    return asyncio.run(_write_events(settings, kept))


async def _write_events(settings: Settings, events: Iterable[AnyEvent]) -> int:
    count = 0
    with open_journal(settings, _WRITER_NAME) as journal:
        for event in events:
            journal.append(encode_event(_assign_message_id(event)), lambda _on_disk: None)
            count += 1
            if not count % _BATCH_LINES:
                _flush_or_raise(journal)
                await asyncio.sleep(0)
        _flush_or_raise(journal)
    return count


def _assign_message_id(event: AnyEvent) -> AnyEvent:
    """An event of a campaign with the name by which audits know its message; the others are counted nowhere."""
    if event.message_id or not event.campaign or isinstance(event, AnonymousClick):
        return event
    return replace(event, message_id=message_key(event))


def _flush_or_raise(journal: MeasuredJournal) -> None:
    """Bring what was appended to disk, or give up: nobody waits for this who could not come again."""
    journal.flush()
    if journal.is_degraded:
        raise StorageError(
            "the journal's disk takes no more", hint="make room and import again: each event counts once"
        )
