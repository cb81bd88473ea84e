"""Erase recipients from analytics, registry and journal."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from clicktrail.errors import StorageError
from clicktrail.server.file_search import is_in_file
from clicktrail.server.journal.erasing import erase_lines
from clicktrail.server.pipeline.erasure import ErasedRecipient
from clicktrail.server.ports import ErasedRows, ErasureResult, EventStore, PendingErasure
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.quarantine import erase_recipient, open_quarantine
from clicktrail.server.wiring.stores import Registry


async def erase_pending_recipients(settings: Settings, registry: Registry, event_store: EventStore | None) -> None:
    """Erase the recipients whose erasure was requested. No event of theirs may be stored meanwhile or afterwards.

    Args:
        settings: name the journal.
        registry: holds the requests, and links.
        event_store: None if nothing was ever stored.

    Raises:
        StorageError: some may be left; it is safe to repeat the call.
    """
    for erasure in await registry.erasures.list_pending():
        await _erase_recipient(settings, registry, event_store, erasure)


def find_files_with_recipient(settings: Settings, recipient: ErasedRecipient) -> list[Path]:
    """Files of the data folder that hold a recipient, except those of analytics, which are compressed."""
    return [path for path in _iterate_files(settings) if _is_in_file(path, recipient)]


async def _erase_recipient(
    settings: Settings, registry: Registry, event_store: EventStore | None, erasure: PendingErasure
) -> None:
    recipient = ErasedRecipient(erasure.recipient)
    if erasure.is_name_deleted:
        await registry.erasures.mark_done(erasure, ErasureResult(), is_in_text=recipient.is_in_text)
        return
    rows = await event_store.erase(erasure.recipient) if event_store else ErasedRows()
    links = await registry.erasures.erase_links(erasure, recipient.remove_from_url, only_own=not recipient.is_address)
    try:
        lines = await asyncio.to_thread(
            erase_lines, settings.journal_path, is_erased=recipient.is_in_event, is_in_text=recipient.is_in_text
        )
    except OSError as error:
        raise StorageError(f"the journal cannot be erased: {error.strerror}") from error
    await asyncio.to_thread(erase_recipient, open_quarantine(settings), erasure.recipient)
    result = ErasureResult(events=rows.events, clicks=rows.clicks, links=links, journal_lines=lines)
    await registry.erasures.mark_done(erasure, result, is_in_text=recipient.is_in_text)


def _iterate_files(settings: Settings) -> Iterator[Path]:
    # os.walk, because rglob fails if a folder is deleted while it is read (Python 3.11).
    for parent, folders, names in os.walk(settings.data_path):
        if Path(parent) == settings.analytics_path:
            folders.clear()
            continue
        yield from (path for path in (Path(parent, name) for name in names) if path.is_file())


def _is_in_file(path: Path, recipient: ErasedRecipient) -> bool:
    try:
        return is_in_file(path, recipient.is_in_text)
    except OSError:  # deleted since
        return False
