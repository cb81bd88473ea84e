"""The quarantine: events that could not be processed, one file each, with the reason.

A file is named by a hash of its event, so that an event that is added again is stored once. Files are written
and deleted atomically, so processes need no lock. The folder is only readable by its owner.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from clicktrail.atomic_file import fsync_folder, write_atomically
from clicktrail.disk_errors import describe_os_error
from clicktrail.errors import StorageError
from clicktrail.server.ports import Clock, JournalEntry

_ID_LENGTH = 16


class QuarantinedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event in quarantine.

    Attributes:
        id: identifies the event in the quarantine.
        at: when it was put there, aware.
        reason: why it could not be processed.
        line: the event's line of the journal, as base64 in the file.
    """

    id: str
    at: datetime
    reason: str
    line: bytes


class QuarantineFolder:
    """Implements ``ports.Quarantine`` on a folder, which is created when it is needed."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def add(self, entry: JournalEntry, *, reason: str) -> None:
        """Store an entry.

        Raises:
            StorageError: the disk cannot be written.
        """
        event_id = hashlib.sha256(entry.line).hexdigest()[:_ID_LENGTH]
        event = QuarantinedEvent(id=event_id, at=self._clock.now(), reason=reason, line=entry.line)
        await asyncio.to_thread(self._write, event)

    def count(self) -> int:
        """Number of events."""
        return sum(1 for _ in self._iter_paths())

    def read(self) -> list[QuarantinedEvent]:
        """All events, the oldest first.

        Raises:
            StorageError: a file cannot be read.
        """
        return sorted(self._iter_events(), key=lambda event: (event.at, event.id))

    def remove(self, event: QuarantinedEvent) -> None:
        """Delete an event.

        Raises:
            StorageError: the file cannot be deleted.
        """
        try:
            self._get_path(event).unlink(missing_ok=True)
            fsync_folder(self._folder)
        except OSError as error:
            raise StorageError(f"cannot delete {self._get_path(event)}: {error.strerror}") from error

    def replace_line(self, event: QuarantinedEvent, line: bytes) -> None:
        """Replace the line of an event that stays in quarantine under its id.

        Raises:
            StorageError: the disk cannot be written.
        """
        self._write(msgspec.structs.replace(event, line=line))

    def _write(self, event: QuarantinedEvent) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._get_path(event), msgspec.json.encode(event))
        except OSError as error:
            raise StorageError(
                f"cannot put an event into quarantine in {self._folder}: {describe_os_error(error, self._folder)}",
                hint="check space and permissions: until then no further event is processed",
            ) from error

    def _get_path(self, event: QuarantinedEvent) -> Path:
        return self._folder / f"{event.id}.json"

    def _iter_paths(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("*.json") if not path.name.startswith("."))

    def _iter_events(self) -> Iterator[QuarantinedEvent]:
        for path in self._iter_paths():
            try:
                yield msgspec.json.decode(path.read_bytes(), type=QuarantinedEvent)
            except FileNotFoundError:
                continue  # deleted in the meantime
            except (OSError, msgspec.DecodeError) as error:
                raise StorageError(
                    f"cannot read {path}: {error}", hint="move the file away to read the others"
                ) from error
