"""Have a running edge go by the files of its data folder: the key ring and the overrides."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from clicktrail.errors import KeyRingError, StorageError
from clicktrail.server import keystore, snapshot
from clicktrail.server.edge.routes import Routes
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.overrides import Overrides
from clicktrail.server.wiring.repeating import pause
from clicktrail.tokens import KeyRing

__all__ = ["Following"]

_LOG = structlog.get_logger(part="edge")
_LOOK_S = 1.0
"""How soon a running edge goes by what was changed."""


class Following:
    """Reads key ring and overrides again whenever they are other files. What cannot be read changes nothing.

    Args:
        data: the data folder.
        ring: the key ring of the start.
        unlock: have the edge open what another ring opens, and nothing else.
    """

    def __init__(self, data: Path, ring: KeyRing, *, unlock: Callable[[KeyRing], None]) -> None:
        self._keys = _File(data / keystore.NAME)
        self._overrides = _File(data / snapshot.NAME)
        self._ring = ring
        self._unlock = unlock

    async def follow(self, routes: Routes, stopping: asyncio.Event) -> None:
        """Look every second, until told to stop."""
        while not stopping.is_set():
            self.show(routes)
            await pause(stopping, _LOOK_S)

    def show(self, routes: Routes) -> None:
        """Have an edge go by the files that are others than before."""
        try:
            if self._keys.is_another():
                self._ring = keystore.load(self._keys.path)
                self._unlock(self._ring)
        except KeyRingError as error:
            _LOG.error("cannot read the key ring", error=error)
        try:
            if self._overrides.is_another():
                overrides = snapshot.read(self._overrides.path)
                routes.overrides = Overrides(overrides.edits)
                routes.erased = Marked(self._ring, overrides.erased)
                routes.denied = Marked(self._ring, overrides.denied)
        except StorageError as error:
            _LOG.error("cannot read the overrides", error=error)


class _File:
    """A file that is looked at again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None

    def is_another(self) -> bool:
        """Whether it is another one than at the last look; not where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return False  # none was made, or somebody took it away: what is known still holds
        before, self._seen = self._seen, (found.st_ino, found.st_mtime_ns)
        return before != self._seen
