"""Run the engine: relay, processor and console in one process."""

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from clicktrail.errors import StorageError
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.asgi import serve_app
from clicktrail.server.console import create_app
from clicktrail.server.console.feed import Feed
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring import metrics
from clicktrail.server.monitoring.heartbeat import Figure, Pulse, Trouble, pulse_of
from clicktrail.server.monitoring.metrics import Metric
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Clock, JudgedMessage
from clicktrail.server.relay.smtp_client import NextHopAddress
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.settings import Address, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.config import build_tracker
from clicktrail.server.wiring.jobs import expire_until, pause, recount_until, repeat
from clicktrail.server.wiring.overrides import COPY_S, Overriding
from clicktrail.server.wiring.processing import (
    BATCH,
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_beside,
)
from clicktrail.server.wiring.stores import open_journal, open_registry
from clicktrail.server.wiring.worker import journal_figures, journal_troubles, pulsing, run, stop_signal

__all__ = ["EngineWatch", "LoggedAnnouncements", "run_engine"]

# FOLDED announcing.py: Announce what became of clicks: in the log, and counted for the metrics.

_LOG_announcing = structlog.get_logger(part="judge")


class LoggedAnnouncements:
    """The port Announcements: a line of the log for the clicks of a campaign that changed alike at once.

    Attributes:
        changes: how many clicks changed since the start, by ``human_to_bot`` and so on.
    """

    def __init__(self) -> None:
        self.changes: Counter[str] = Counter()

    def stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Count clicks that have another verdict, and log how many: no line names any of them."""
        moved = Counter(
            (message.timeline.campaign, f"{before}_to_{judged.verdict}")
            for message in messages
            for before, judged in message.changes
        )
        for (campaign, change), clicks in sorted(moved.items()):
            self.changes[change] += clicks
            _LOG_announcing.info("click.reclassified", campaign=campaign, change=change, clicks=clicks)


# FOLDED watching.py: How the engine does: its figures, what troubles it, and a warning for what its owner has
# to mend.

_LOG_watching = structlog.get_logger(part="engine")
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
            metrics.EVENTS: processor.processed,
            metrics.UNREADABLE: processor.unreadable,
            metrics.TAMPERED: processor.tampered,
            metrics.JUDGED_MESSAGES: processor.judged,
            metrics.VERDICTS_CHANGED: self.announcements.changes,
            metrics.LAG_SECONDS: self._lag_s(),
            metrics.STORE_SECONDS: self.analytics.store_seconds,
            metrics.RELAY_MESSAGES: self.relay.outcomes,
        }
        return pulse_of(figures | journal_figures(self.journal), troubles=self._troubles())

    async def warn_until(self, stopping: asyncio.Event) -> None:
        """Say in the log, at most once an hour, that too many clicks come from one address."""
        while not stopping.is_set():
            trouble = self._shared_address()
            if trouble:
                _LOG_watching.warning("too many clicks come from one address", code=trouble.code, hint=trouble.hint)
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


_LOG = structlog.get_logger(part="engine")
_SHORTEN_S = 600.0
"""How often old addresses are looked for. The batch that is in hand meanwhile may bring one back until then."""
_DELETE_S = 5.0
"""How often segments are looked for that may go."""
_YOUNG = 20_000
"""Objects that are new before the garbage collector looks at them. A batch makes hundreds of thousands and lets go of
most, which Python notices without it: with its default of 700 it took a fifth of what a click costs."""
_POLL_S = 0.2
"""How often the processor looks for new lines. The journal's writers are other processes and cannot call it."""


def run_engine(settings: Settings, *, relay: socket.socket, console: socket.socket) -> None:
    """Relay, process, judge and show, on two listening sockets, until told to stop."""
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    run(_engine(settings, relay_socket=relay, console_socket=console))


async def _engine(settings: Settings, *, relay_socket: socket.socket, console_socket: socket.socket) -> None:
    stopping = stop_signal()
    processed = asyncio.Event()
    turn = asyncio.Lock()
    announcements, feed = LoggedAnnouncements(), Feed()
    async with open_analytics(settings, announcements, feed) as analytics, open_registry(settings) as registry:
        reader = build_reader(settings)
        judge = build_judge(settings)
        processor = build_processor(settings, reader, analytics, judge)
        with open_journal(settings, "engine") as journal:
            relay = Relay(
                next_hop=_next_hop(settings),
                tracker=build_tracker(settings),
                consents=registry.consents,
                short_links=registry.short_links,
                codes=RandomCodes(),
                journal=journal,
                clock=SystemClock(),
                ids=RandomIds(),
            )
            watch = EngineWatch(
                processor=processor,
                analytics=analytics,
                announcements=announcements,
                relay=relay,
                journal=journal,
                clock=SystemClock(),
            )
            overriding = Overriding(settings, registry=registry, analytics=analytics, processor=processor)
            async with asyncio.TaskGroup() as tasks:
                rejudge = partial(rejudge_beside, processor, analytics, judge, turn)
                console = create_app(
                    analytics, feed=feed, rules=judge.context.rules, clock=SystemClock(), rejudge=rejudge
                )
                tasks.create_task(serve_app(console, console_socket, stopping=processed))
                async with pulsing(watch.pulse):
                    async with asyncio.TaskGroup() as work:
                        work.create_task(relay.serve(relay_socket, stopping))
                        work.create_task(_process_until(stopping, processor, turn))
                        work.create_task(watch.warn_until(stopping))
                        work.create_task(judge.follow(stopping))
                        work.create_task(recount_until(stopping, analytics.recount))
                        work.create_task(expire_until(stopping, settings, registry.short_links))
                        for chore in _chores(stopping, settings, reader, processor, overriding):
                            work.create_task(chore)
                    journal.flush()
                    async with turn:
                        await catch_up(processor)
                    feed.end()
                    processed.set()


async def _process_until(stopping: asyncio.Event, processor: Processor, turn: asyncio.Lock) -> None:
    """Feed analytics from the journal; where storage is in trouble, say so and try again."""
    while not stopping.is_set():
        try:
            async with turn:
                busy = await processor.run_once(BATCH)
        except StorageError as error:
            _LOG.error("cannot process the journal, trying again", error=error)
            busy = 0
        if not busy:
            await pause(stopping, _POLL_S)


def _chores(
    stopping: asyncio.Event,
    settings: Settings,
    reader: SegmentReader,
    processor: Processor,
    overriding: Overriding,
) -> Iterator[Coroutine[Any, Any, None]]:
    """What is done now and then, until told to stop."""

    async def delete() -> None:
        """Have the journal delete what is in analytics and old enough."""
        reader.delete(before=SystemClock().now() - timedelta(hours=settings.recording.keep_hours))

    async def shorten() -> None:
        """Keep only the networks of addresses that are old enough."""
        before = SystemClock().now() - timedelta(hours=settings.privacy.address_hours)
        await processor.shorten_addresses(before=before)

    for work, every_s, trouble in (
        (delete, _DELETE_S, "cannot delete old segments, trying again"),
        (overriding.run_once, COPY_S, "cannot bring overrides up to date, trying again"),
        (shorten, _SHORTEN_S, "cannot shorten addresses, trying again"),
    ):
        yield repeat(work, stopping, every_s=every_s, on_trouble=partial(_say, trouble))


def _say(trouble: str, error: StorageError) -> None:
    _LOG.error(trouble, error=error)


def _next_hop(settings: Settings) -> NextHopAddress:
    relay = settings.relay
    host, port = Address.parse(relay.next_hop)
    return NextHopAddress(
        host=host,
        port=port,
        tls=relay.next_hop_tls,
        username=relay.next_hop_username,
        password=relay.next_hop_password,
    )
