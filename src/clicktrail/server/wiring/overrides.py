"""Copy overrides (link edits, erasures, consents) from the registry to the file that the edge reads."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.server import overrides_file
from clicktrail.server.log import get_logger
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import EventStore
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.erasing import erase_pending_recipients
from clicktrail.server.wiring.jobs import run_periodically
from clicktrail.server.wiring.stores import Registry

ERASE_INTERVAL_S = 1.0
COPY_INTERVAL_S = 10.0
"""Delay of a change that was made on another machine. A command writes a change of this machine to the file at once."""

_LOG = get_logger(component="edge")
_CLOCK_SKEW_MARGIN = timedelta(minutes=5)
"""Consents recorded this long before the last copy are read again, because clocks of machines differ."""


async def copy_overrides(settings: Settings, registry: Registry) -> None:
    """Copy new overrides once.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
        StorageError: the registry does not answer, or the file cannot be read or written.
    """
    await OverridesCopier(settings, registry).run_once()


async def run_overrides_copy(stopping: asyncio.Event, settings: Settings, registry: Registry) -> None:
    """Copy new overrides every few seconds. Only needed where no engine runs: the engine copies them itself."""
    await run_periodically(
        OverridesCopier(settings, registry).run_once,
        stopping,
        interval_s=COPY_INTERVAL_S,
        on_error=lambda error: _LOG.warning("cannot copy overrides, trying again", error=error),
    )


class OverridesCopier:
    """Copies overrides. There may be millions of consents, so only those since the last copy are read.

    Raises:
        KeyRingError: the key ring is missing or unreadable.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._hash_recipient = HashedRecipients(keyring_file.load(settings.keyring_path)).hash_recipient
        self._path = settings.overrides_path
        self._registry = registry
        self._last_copied_at: datetime | None = None

    async def run_once(self) -> None:
        """Copy new overrides once.

        Raises:
            StorageError: the registry does not answer, or the file cannot be read or written.
        """
        started_at = SystemClock().now()
        since = self._last_copied_at or await asyncio.to_thread(self._read_latest_consent_at)
        records = await self._registry.consents.list_records(since=since and since - _CLOCK_SKEW_MARGIN)
        edits, erased = await self._registry.link_edits.list_all(), await self._registry.erasures.list_hashes()
        hashes = frozenset(erased)
        consents = [
            record if record.recipient in hashes else replace(record, recipient=self._hash_recipient(record.recipient))
            for record in records
        ]
        await asyncio.to_thread(overrides_file.merge, self._path, edits=edits, erased=erased, consents=consents)
        self._last_copied_at = started_at

    def _read_latest_consent_at(self) -> datetime | None:
        return max((record.at for record in overrides_file.read(self._path).consents), default=None)


class OverridesJob:
    """The engine's job: copies overrides, and erases recipients.

    Args:
        store_lock: held while recipients are erased, so that nothing is stored meanwhile.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        event_store: EventStore,
        processor: Processor,
        store_lock: AbstractAsyncContextManager[object],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._copier = OverridesCopier(settings, registry)
        self._event_store = event_store
        self._processor = processor
        self._store_lock = store_lock
        self._applied_hashes: frozenset[str] = frozenset()

    async def run_once(self) -> None:
        """Copy new overrides once.

        Raises:
            StorageError: registry or file failed; the next call tries again.
        """
        await self._copier.run_once()
        erased_hashes = overrides_file.read(self._settings.overrides_path).currently_erased
        if erased_hashes != self._applied_hashes:
            ring = keyring_file.load(self._settings.keyring_path)
            self._processor.skip_recipients(HashedRecipients(ring, erased_hashes))
            self._applied_hashes = erased_hashes

    async def erase_pending(self) -> None:
        """Erase the recipients whose erasure was requested.

        Raises:
            StorageError: registry, file, journal or analytics failed; the next call tries again.
        """
        if not await self._registry.erasures.list_pending():
            return
        await self.run_once()
        async with self._store_lock:
            if not self._processor.has_unstored_batch:  # it may hold events of the recipient, and is stored first
                await erase_pending_recipients(self._settings, self._registry, self._event_store)
