"""Bring overrides from the registry to the edge's disk."""

import asyncio
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import Marked
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Analytics
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.jobs import repeat
from clicktrail.server.wiring.stores import Registry

__all__ = ["COPY_S", "Copying", "Overriding", "copy_overrides", "copy_until"]

_LOG = structlog.get_logger(part="edge")
COPY_S = 10.0
"""How often the registry is asked for what is new. What is changed on this machine holds at once."""
_OVERLAP = timedelta(minutes=5)
"""What was said so long before the last copy is asked for once more: other machines have clocks of their own."""


async def copy_overrides(settings: Settings, registry: Registry) -> None:
    """Add to the snapshot, once, what the registry has and it has not.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        StorageError: the registry does not answer, or the file cannot be read or written.
    """
    await Copying(settings, registry).run_once()


async def copy_until(stopping: asyncio.Event, settings: Settings, registry: Registry) -> None:
    """Copy every few seconds, where the registry is another machine's and no engine runs here."""
    await repeat(
        Copying(settings, registry).run_once,
        stopping,
        every_s=COPY_S,
        on_trouble=lambda error: _LOG.warning("cannot copy overrides, trying again", error=error),
    )


class Copying:
    """Copies overrides, and of consents those alone that the snapshot may not have: there may be millions.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._mark = Marked(keyring_file.load(settings.data / keyring_file.NAME)).mark
        self._path = settings.data / overrides_file.NAME
        self._registry = registry
        self._since: datetime | None = None

    async def run_once(self) -> None:
        """Add to the snapshot what the registry has and it has not.

        Raises:
            StorageError: the registry does not answer, or the file cannot be read or written.
        """
        began_at = SystemClock().now()
        since = self._since or await asyncio.to_thread(self._latest)
        said = await self._registry.consents.said(since=since and since - _OVERLAP)
        edits, erased = await self._registry.link_edits.all(), await self._registry.erasures.marks()
        consents = [replace(one, recipient=self._mark(one.recipient)) for one in said]
        await asyncio.to_thread(overrides_file.extend, self._path, edits=edits, erased=erased, consents=consents)
        self._since = began_at

    def _latest(self) -> datetime | None:
        """When somebody of the snapshot said something last."""
        return max((said.at for said in overrides_file.read(self._path).consents), default=None)


class Overriding:
    """The engine's part: what is new in the registry goes to the edge's disk; who is to be erased, out of analytics."""

    def __init__(self, settings: Settings, *, registry: Registry, analytics: Analytics, processor: Processor) -> None:
        self._settings = settings
        self._registry = registry
        self._copying = Copying(settings, registry)
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
        await self._copying.run_once()
        marks = overrides_file.read(self._settings.data / overrides_file.NAME).erased
        if marks != self._known:
            self._processor.forget(Marked(keyring_file.load(self._settings.data / keyring_file.NAME), marks))
            self._known = marks
        for recipient in await self._registry.erasures.pending():
            await self._analytics.erase(recipient)
            if recipient in self._erased_once:
                await self._registry.erasures.done(recipient)
                self._erased_once.remove(recipient)
            else:
                self._erased_once.add(recipient)
