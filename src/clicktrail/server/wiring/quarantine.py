"""Work on the events in quarantine: try them again, and apply erasure and retention to them."""

import asyncio
from datetime import datetime
from ipaddress import ip_network

import msgspec

from clicktrail.errors import EventError
from clicktrail.model.event import AnyEvent, Click, decode_event
from clicktrail.server.journal.segments import QUARANTINE_WRITER
from clicktrail.server.pipeline.erasure import ErasedRecipient
from clicktrail.server.quarantine import QuarantinedEvent, QuarantineFolder
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.importing import flush_or_raise
from clicktrail.server.wiring.journals import open_journal

_PREFIX_LENGTHS = {4: 24, 6: 48}
"""By IP version, as in analytics."""


def open_quarantine(settings: Settings) -> QuarantineFolder:
    """Open the quarantine of a data folder."""
    return QuarantineFolder(settings.quarantine_path, SystemClock())


def retry_events(settings: Settings) -> int:
    """Append all events in quarantine to the journal again, and return their number.

    The engine processes them like new ones, and counts each once. An event that fails again returns to the quarantine.

    Raises:
        StorageError: the disk cannot be written, or another retry is running; the events are still in quarantine.
    """
    quarantine = open_quarantine(settings)
    events = quarantine.read()
    if events:
        asyncio.run(_append_lines(settings, events))
    for event in events:
        quarantine.remove(event)
    return len(events)


async def _append_lines(settings: Settings, events: list[QuarantinedEvent]) -> None:
    with open_journal(settings, QUARANTINE_WRITER) as journal:
        for event in events:
            journal.append(event.line, lambda _is_durable: None)
        flush_or_raise(journal, settings)


def erase_recipient(quarantine: QuarantineFolder, recipient: str) -> None:
    """Delete the events of a recipient, and those that hold the address elsewhere, such as in a URL.

    Raises:
        StorageError: some may be left; it is safe to repeat the call.
    """
    erased = ErasedRecipient(recipient)
    for quarantined in quarantine.read():
        if _decode(quarantined) is None or erased.is_in_event(quarantined.line):
            quarantine.remove(quarantined)


def shorten_ip_addresses(quarantine: QuarantineFolder, *, before: datetime) -> None:
    """Replace the IP addresses of clicks before a time by their networks.

    Raises:
        StorageError: some may be left; it is safe to repeat the call.
    """
    for quarantined in quarantine.read():
        event = _decode(quarantined)
        if isinstance(event, Click) and event.ip and "/" not in event.ip and event.at < before:
            fields = msgspec.json.decode(quarantined.line) | {"ip": _shorten(event.ip)}
            quarantine.replace_line(quarantined, msgspec.json.encode(fields))


def _shorten(ip: str) -> str:
    try:
        return str(ip_network(f"{ip}/{_PREFIX_LENGTHS[ip_network(ip).version]}", strict=False))
    except ValueError:
        return ""


def _decode(event: QuarantinedEvent) -> AnyEvent | None:
    try:
        return decode_event(event.line)
    except EventError:
        return None
