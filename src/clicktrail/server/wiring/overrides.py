"""Bring overrides from the registry to the edge's disk."""

import asyncio
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import EventStore
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.jobs import run_periodically
from clicktrail.server.wiring.stores import Registry

__all__ = ["COPY_INTERVAL_S", "OverridesCopier", "OverridesJob", "copy_overrides", "run_overrides_copy"]

_LOG = structlog.get_logger(component="edge")
COPY_INTERVAL_S = 10.0
"""How often the registry is asked for what is new. What is changed on this machine holds at once."""
_CLOCK_SKEW_MARGIN = timedelta(minutes=5)
"""What was said so long before the last copy is asked for once more: other machines have clocks of their own."""


async def copy_overrides(settings: Settings, registry: Registry) -> None:
    """Add to the snapshot, once, what the registry has and it has not.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        StorageError: the registry does not answer, or the file cannot be read or written.
    """
    await OverridesCopier(settings, registry).run_once()


async def run_overrides_copy(stopping: asyncio.Event, settings: Settings, registry: Registry) -> None:
    """Copy every few seconds, where the registry is another machine's and no engine runs here."""
    await run_periodically(
        OverridesCopier(settings, registry).run_once,
        stopping,
        interval_s=COPY_INTERVAL_S,
        on_error=lambda error: _LOG.warning("cannot copy overrides, trying again", error=error),
    )


class OverridesCopier:
    """Copies overrides, and of consents those alone that the snapshot may not have: there may be millions.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._hash_recipient = HashedRecipients(keyring_file.load(settings.keyring_path)).hash_recipient
        self._path = settings.overrides_path
        self._registry = registry
        self._last_copied_at: datetime | None = None

    async def run_once(self) -> None:
        """Add to the snapshot what the registry has and it has not.

        Raises:
            StorageError: the registry does not answer, or the file cannot be read or written.
        """
        began_at = SystemClock().now()
        since = self._last_copied_at or await asyncio.to_thread(self._read_latest_consent_at)
        said = await self._registry.consents.list_records(since=since and since - _CLOCK_SKEW_MARGIN)
        edits, erased = await self._registry.link_edits.list_all(), await self._registry.erasures.list_hashes()
        consents = [replace(one, recipient=self._hash_recipient(one.recipient)) for one in said]
        await asyncio.to_thread(overrides_file.merge, self._path, edits=edits, erased=erased, consents=consents)
        self._last_copied_at = began_at

    def _read_latest_consent_at(self) -> datetime | None:
        """When somebody of the snapshot said something last."""
        return max((said.at for said in overrides_file.read(self._path).consents), default=None)


class OverridesJob:
    """The engine's part: what is new in the registry goes to the edge's disk; who is to be erased, out of analytics."""

    def __init__(
        self, settings: Settings, *, registry: Registry, event_store: EventStore, processor: Processor
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._copier = OverridesCopier(settings, registry)
        self._event_store = event_store
        self._processor = processor
        self._applied_hashes: frozenset[str] = frozenset()
        self._erased_once: set[str] = set()

    async def run_once(self) -> None:
        """Do what is due.

        Analytics erases each recipient in two rounds: a batch that was in hand may be stored after the first.

        Raises:
            StorageError: registry, file or analytics refused; the next call tries again.
        """
        await self._copier.run_once()
        marks = overrides_file.read(self._settings.overrides_path).erased
        if marks != self._applied_hashes:
            self._processor.skip_recipients(HashedRecipients(keyring_file.load(self._settings.keyring_path), marks))
            self._applied_hashes = marks
        for recipient in await self._registry.erasures.list_pending():
            await self._event_store.erase(recipient)
            if recipient in self._erased_once:
                await self._registry.erasures.mark_done(recipient)
                self._erased_once.remove(recipient)
            else:
                self._erased_once.add(recipient)
