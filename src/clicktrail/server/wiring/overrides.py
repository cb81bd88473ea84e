"""Bring overrides from the registry to the edge's disk, and from there into a running edge."""

import asyncio
from pathlib import Path

import structlog

from clicktrail.errors import StorageError
from clicktrail.server import keystore, snapshot
from clicktrail.server.edge.routes import Routes
from clicktrail.server.pipeline.overrides import Erased, Overrides
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Analytics
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry_reader import Registry
from clicktrail.server.wiring.repeating import pause, repeat
from clicktrail.tokens import KeyRing

__all__ = ["COPY_S", "OverridesFile", "Overriding", "copy_overrides", "copy_until"]

_LOG = structlog.get_logger(part="edge")
COPY_S = 10.0
"""How often the registry is asked for edits of links and for erasures. Those of this machine hold at once."""
_LOOK_S = 1.0
"""How soon a running edge goes by what was changed."""


async def copy_overrides(settings: Settings, registry: Registry) -> None:
    """Add to the snapshot what the registry has and it has not.

    Raises:
        StorageError: the registry does not answer, or the file cannot be written.
    """
    edits, marks = await registry.link_edits.all(), await registry.erasures.marks()
    await asyncio.to_thread(snapshot.extend, settings.data / snapshot.NAME, edits=edits, erased=marks)


async def copy_until(stopping: asyncio.Event, settings: Settings, registry: Registry) -> None:
    """Copy every few seconds, where the registry is another machine's and no engine runs here."""
    await repeat(
        lambda: copy_overrides(settings, registry),
        stopping,
        every_s=COPY_S,
        on_trouble=lambda error: _LOG.warning("cannot copy overrides, trying again", error=error),
    )


class Overriding:
    """The engine's part: what is new in the registry goes to the edge's disk; who is to be erased, out of analytics."""

    def __init__(self, settings: Settings, *, registry: Registry, analytics: Analytics, processor: Processor) -> None:
        self._settings = settings
        self._registry = registry
        self._analytics = analytics
        self._processor = processor
        self._known: frozenset[str] = frozenset()
        self._erased_once: set[str] = set()

    async def run_once(self) -> None:
        """Do what is due.

        Analytics erases each recipient in two rounds: a batch that was in hand may be stored after the first.

        Raises:
            StorageError: registry, file or analytics refused; the next call tries again.
        """
        await copy_overrides(self._settings, self._registry)
        marks = snapshot.read(self._settings.data / snapshot.NAME).erased
        if marks != self._known:
            self._processor.forget(Erased(keystore.load(self._settings.data / keystore.NAME), marks))
            self._known = marks
        for recipient in await self._registry.erasures.pending():
            await self._analytics.erase(recipient)
            if recipient in self._erased_once:
                await self._registry.erasures.done(recipient)
                self._erased_once.remove(recipient)
            else:
                self._erased_once.add(recipient)


class OverridesFile:
    """The snapshot, read again whenever it is another one. What cannot be read changes nothing."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self._path = path
        self._ring = ring
        self._seen: tuple[int, int] | None = None

    async def follow(self, routes: Routes, stopping: asyncio.Event) -> None:
        """Look every second, until told to stop."""
        while not stopping.is_set():
            self.show(routes)
            await pause(stopping, _LOOK_S)

    def show(self, routes: Routes) -> None:
        """Have an edge go by the file, if it is another one than before."""
        try:
            found = self._path.stat()
        except OSError:
            return  # none was made, or somebody took it away: what is known still holds
        seen = found.st_ino, found.st_mtime_ns
        if seen == self._seen:
            return
        self._seen = seen
        try:
            overrides = snapshot.read(self._path)
        except StorageError as error:
            _LOG.error("cannot read the overrides", error=error)
            return
        routes.overrides = Overrides(overrides.edits)
        routes.erased = Erased(self._ring, overrides.erased)
