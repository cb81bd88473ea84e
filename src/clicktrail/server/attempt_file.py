"""Which batches the engine began and did not finish: an event can kill the process that handles it, again and again.

A batch whose processing ended with the process twice is read in smaller parts: an eighth of its entries, and an eighth
of these if the process dies again, down to one entry. Each finished part doubles the size of the next one, up to the
usual size. The file is written before each batch, without fsync: it need not survive a power cut.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from clicktrail.server.ports import JournalEntry

MAX_DEATHS = 2
SHRINK_FACTOR = 8


class _Attempt(msgspec.Struct, kw_only=True):
    """A batch that was begun.

    Attributes:
        position: position of its first entry.
        size: number of entries.
        deaths: processes that died while they processed it.
    """

    position: str
    size: int
    deaths: int = 0


class _Attempts(msgspec.Struct, kw_only=True):
    """Content of the file.

    Attributes:
        max_entries: entries of the next batch; None for as many as usual.
        unfinished: batches that were begun and not finished.
    """

    max_entries: int | None = None
    unfinished: list[_Attempt] = []


class AttemptFile:
    """Implements ``ports.AttemptLog`` on a file. A file that cannot be read or written is ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        attempts = _Attempts()
        with contextlib.suppress(OSError, msgspec.DecodeError):
            attempts = msgspec.json.decode(path.read_bytes(), type=_Attempts)
        self._unfinished = {attempt.position: attempt for attempt in attempts.unfinished}
        self._max_entries = attempts.max_entries
        for attempt in self._unfinished.values():
            attempt.deaths += 1
            if attempt.deaths >= MAX_DEATHS:
                self._max_entries = max(1, min(self._max_entries or attempt.size, attempt.size // SHRINK_FACTOR))
        self._current = ""

    def limit_entries(self, limit: int) -> int:
        """The size of the next part of a batch that has killed processes; ``limit`` if there is none."""
        if self._max_entries is not None and self._max_entries >= limit:
            self._max_entries = None
        return self._max_entries or limit

    def begin(self, entries: Sequence[JournalEntry]) -> bool:
        """Write that a batch is begun. Return whether it is a single entry that killed the last processes."""
        position = str(entries[0].position)
        attempt = self._unfinished.setdefault(position, _Attempt(position=position, size=len(entries)))
        if len(entries) < attempt.size:
            attempt.deaths = min(attempt.deaths, MAX_DEATHS - 1)
        attempt.size = len(entries)
        self._current = position
        self._write()
        return attempt.size == 1 and attempt.deaths >= MAX_DEATHS

    def end(self) -> None:
        """Write that the batch is finished."""
        self._unfinished.pop(self._current, None)
        if self._max_entries is not None:
            self._max_entries *= 2
        self._write()

    def _write(self) -> None:
        attempts = _Attempts(max_entries=self._max_entries, unfinished=list(self._unfinished.values()))
        with contextlib.suppress(OSError):
            if attempts != _Attempts():
                self._path.write_bytes(msgspec.json.encode(attempts))
            else:
                self._path.unlink(missing_ok=True)
