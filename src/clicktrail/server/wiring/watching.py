"""How the engine does: its figures, what troubles it, and a warning for what its owner has to mend."""

import asyncio
from dataclasses import dataclass

import structlog

from clicktrail.server.analytics.chdb_store import ChdbAnalytics
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring import catalogue
from clicktrail.server.monitoring.catalogue import Metric
from clicktrail.server.monitoring.pulse import Figure, Pulse, Trouble, pulse_of
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Clock
from clicktrail.server.relay.smtp_in import Relay
from clicktrail.server.wiring.announcing import LoggedAnnouncements
from clicktrail.server.wiring.pulses import journal_figures, journal_troubles
from clicktrail.server.wiring.repeating import pause

__all__ = ["EngineWatch"]

_LOG = structlog.get_logger(part="engine")
_LOOK_S = 5.0
_WARN_AGAIN_S = 3600.0
_LATE_S = 60.0
"""A click is in the reports within a second; after a minute something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWatch:
    """Looks at the engine's parts.

    Attributes:
        processor: the journal's way into analytics.
        analytics: where events are stored.
        announcements: what analytics told of it.
        relay: where messages come in.
        journal: where it is recorded that they were sent.
        clock: the time of day.
    """

    processor: Processor
    analytics: ChdbAnalytics
    announcements: LoggedAnnouncements
    relay: Relay
    journal: SegmentWriter
    clock: Clock

    def pulse(self) -> Pulse:
        """What it says of itself."""
        processor = self.processor
        figures: dict[Metric, Figure] = {
            catalogue.EVENTS: processor.processed,
            catalogue.UNREADABLE: processor.unreadable,
            catalogue.TAMPERED: processor.tampered,
            catalogue.JUDGED_MESSAGES: processor.judged,
            catalogue.VERDICTS_CHANGED: self.announcements.changes,
            catalogue.LAG_SECONDS: self._lag_s(),
            catalogue.STORE_SECONDS: self.analytics.store_seconds,
            catalogue.RELAY_MESSAGES: self.relay.outcomes,
        }
        return pulse_of(figures | journal_figures(self.journal), troubles=self._troubles())

    async def warn_until(self, stopping: asyncio.Event) -> None:
        """Say in the log, at most once an hour, that too many clicks come from one address."""
        while not stopping.is_set():
            trouble = self._shared_address()
            if trouble:
                _LOG.warning("too many clicks come from one address", code=trouble.code, hint=trouble.hint)
            await pause(stopping, _WARN_AGAIN_S if trouble else _LOOK_S)

    def _lag_s(self) -> float:
        oldest = self.processor.oldest
        return max(0.0, (self.clock.now() - oldest).total_seconds()) if oldest else 0.0

    def _troubles(self) -> tuple[Trouble, ...]:
        late = Trouble(code="late", hint="reports are behind: the log says whether events cannot be stored")
        shared = self._shared_address()
        return (
            *journal_troubles(self.journal),
            *((late,) if self._lag_s() > _LATE_S else ()),
            *((shared,) if shared else ()),
        )

    def _shared_address(self) -> Trouble | None:
        shared = self.processor.addresses.shared()
        if shared is None:
            return None
        return Trouble(
            code="shared-address",
            hint=f"{shared.share:.0%} of the latest clicks come from one address in {shared.network}: "
            "if that is a proxy of yours, name it in edge.trusted_proxies",
        )
