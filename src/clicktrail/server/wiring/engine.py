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
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.monitoring import metrics
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem, build_heartbeat
from clicktrail.server.monitoring.metrics import Metric
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import Clock, JudgedMessage
from clicktrail.server.relay.smtp_client import NextHopConfig
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.config import build_tracker
from clicktrail.server.wiring.jobs import run_periodically, run_report_recount, run_short_link_expiry, sleep_or_stop
from clicktrail.server.wiring.overrides import COPY_INTERVAL_S, OverridesJob
from clicktrail.server.wiring.processing import (
    MAX_BATCH_LINES,
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
    rejudge_and_clear_cache,
)
from clicktrail.server.wiring.stores import MeasuredJournal, open_journal, open_registry
from clicktrail.server.wiring.worker import (
    collect_journal_metrics,
    collect_journal_problems,
    create_stop_event,
    run_worker,
    send_heartbeats,
)

__all__ = ["EngineMonitor", "VerdictChangeLogger", "run_engine"]

# FOLDED announcing.py: Announce what became of clicks: in the log, and counted for the metrics.

_JUDGE_LOG = structlog.get_logger(component="judge")


class VerdictChangeLogger:
    """The port Announcements: a line of the log for the clicks of a campaign that changed alike at once.

    Attributes:
        change_counts: how many clicks changed since the start, by ``human_to_bot`` and so on.
    """

    def __init__(self) -> None:
        self.change_counts: Counter[str] = Counter()

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Count clicks that have another verdict, and log how many: no line names any of them."""
        moved = Counter(
            (message.timeline.campaign, f"{before}_to_{judged.verdict}")
            for message in messages
            for before, judged in message.changed_clicks
        )
        for (campaign, change), clicks in sorted(moved.items()):
            self.change_counts[change] += clicks
            _JUDGE_LOG.info("click.reclassified", campaign=campaign, change=change, clicks=clicks)


# FOLDED watching.py: How the engine does: its figures, what troubles it, and a warning for what its owner has
# to mend.

_LOG = structlog.get_logger(component="engine")
_CHECK_INTERVAL_S = 5.0
_WARNING_INTERVAL_S = 3600.0
_MAX_LAG_S = 60.0
"""A click is in the reports within a second; after a minute something is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMonitor:
    """Looks at the engine's parts.

    Attributes:
        processor: the journal's way into analytics.
        analytics: where events are stored.
        verdict_changes: what analytics told of it.
        relay: where messages come in.
        journal: where it is recorded that they were sent.
        clock: the time of day.
    """

    processor: Processor
    analytics: ChdbAnalytics
    verdict_changes: VerdictChangeLogger
    relay: Relay
    journal: MeasuredJournal
    clock: Clock

    def build_heartbeat(self) -> Heartbeat:
        """What it says of itself."""
        processor = self.processor
        figures: dict[Metric, MetricValue] = {
            metrics.EVENTS_PROCESSED: processor.processed_count,
            metrics.EVENTS_UNREADABLE: processor.unreadable_count,
            metrics.TOKENS_TAMPERED: processor.tampered_count,
            metrics.MESSAGES_JUDGED: processor.judged_message_count,
            metrics.VERDICTS_CHANGED: self.verdict_changes.change_counts,
            metrics.JOURNAL_LAG_SECONDS: self._compute_lag_s(),
            metrics.ANALYTICS_STORE_SECONDS: self.analytics.store_seconds,
            metrics.RELAY_MESSAGES: self.relay.outcomes,
        }
        return build_heartbeat(figures | collect_journal_metrics(self.journal), problems=self._collect_problems())

    async def log_shared_address_warnings(self, stopping: asyncio.Event) -> None:
        """Say in the log, at most once an hour, that too many clicks come from one address."""
        while not stopping.is_set():
            trouble = self._check_shared_address()
            if trouble:
                _LOG.warning("too many clicks come from one address", code=trouble.code, hint=trouble.hint)
            await sleep_or_stop(stopping, _WARNING_INTERVAL_S if trouble else _CHECK_INTERVAL_S)

    def _compute_lag_s(self) -> float:
        oldest = self.processor.oldest_event_at
        return max(0.0, (self.clock.now() - oldest).total_seconds()) if oldest else 0.0

    def _collect_problems(self) -> tuple[Problem, ...]:
        late = Problem(code="reports-late", hint="reports are behind: the log says whether events cannot be stored")
        shared = self._check_shared_address()
        return (
            *collect_journal_problems(self.journal),
            *((late,) if self._compute_lag_s() > _MAX_LAG_S else ()),
            *((shared,) if shared else ()),
        )

    def _check_shared_address(self) -> Problem | None:
        shared = self.processor.shared_address_detector.find_shared_address()
        if shared is None:
            return None
        return Problem(
            code="dominant-ip-address",
            hint=f"{shared.share:.0%} of the latest clicks come from one address in {shared.network}: "
            "if that is a proxy of yours, name it in edge.trusted_proxies",
        )


_LOG = structlog.get_logger(component="engine")
_SHORTEN_INTERVAL_S = 600.0
"""How often old addresses are looked for. The batch that is in hand meanwhile may bring one back until then."""
_DELETE_INTERVAL_S = 5.0
"""How often segments are looked for that may go."""
_GC_THRESHOLD = 20_000
"""Objects that are new before the garbage collector looks at them. A batch makes hundreds of thousands and lets go of
most, which Python notices without it: with its default of 700 it took a fifth of what a click costs."""
_POLL_INTERVAL_S = 0.2
"""How often the processor looks for new lines. The journal's writers are other processes and cannot call it."""


def run_engine(settings: Settings, *, relay_socket: socket.socket, console_socket: socket.socket) -> None:
    """Relay, process, judge and show, on two listening sockets, until told to stop."""
    gc.set_threshold(_GC_THRESHOLD, *gc.get_threshold()[1:])
    run_worker(_run_engine(settings, relay_socket=relay_socket, console_socket=console_socket))


async def _run_engine(settings: Settings, *, relay_socket: socket.socket, console_socket: socket.socket) -> None:
    stopping = create_stop_event()
    processed = asyncio.Event()
    turn = asyncio.Lock()
    verdict_changes, feed = VerdictChangeLogger(), ClickFeed()
    async with open_analytics(settings) as analytics, open_registry(settings) as registry:
        reader = build_reader(settings)
        judge = build_judge(settings)
        processor = build_processor(settings, reader, analytics, judge)
        processor.observers = (verdict_changes, feed)
        with open_journal(settings, "engine") as journal:
            relay = Relay(
                next_hop=_parse_next_hop(settings),
                tracker=build_tracker(settings),
                consents=registry.consents,
                short_links=registry.short_links,
                codes=RandomCodes(),
                journal=journal,
                clock=SystemClock(),
                ids=RandomIds(),
            )
            watch = EngineMonitor(
                processor=processor,
                analytics=analytics,
                verdict_changes=verdict_changes,
                relay=relay,
                journal=journal,
                clock=SystemClock(),
            )
            overriding = OverridesJob(settings, registry=registry, event_store=analytics, processor=processor)
            async with asyncio.TaskGroup() as tasks:
                rejudge = partial(rejudge_and_clear_cache, processor, analytics, judge, turn)
                console = create_app(
                    analytics, feed=feed, rules=judge.context.rules, clock=SystemClock(), rejudge=rejudge
                )
                tasks.create_task(serve_app(console, console_socket, stopping=processed))
                async with send_heartbeats(watch.build_heartbeat):
                    async with asyncio.TaskGroup() as work:
                        work.create_task(relay.serve(relay_socket, stopping))
                        work.create_task(_run_processor(stopping, processor, turn))
                        work.create_task(watch.log_shared_address_warnings(stopping))
                        work.create_task(judge.refresh_periodically(stopping))
                        work.create_task(run_report_recount(stopping, analytics.refresh_next_report))
                        work.create_task(run_short_link_expiry(stopping, settings, registry.short_links))
                        for chore in _build_periodic_jobs(stopping, settings, reader, processor, overriding):
                            work.create_task(chore)
                    journal.flush()
                    async with turn:
                        await catch_up(processor)
                    feed.close()
                    processed.set()


async def _run_processor(stopping: asyncio.Event, processor: Processor, store_lock: asyncio.Lock) -> None:
    """Feed analytics from the journal; where storage is in trouble, say so and try again."""
    while not stopping.is_set():
        try:
            async with store_lock:
                busy = await processor.run_once(MAX_BATCH_LINES)
        except StorageError as error:
            _LOG.error("cannot process the journal, trying again", error=error)
            busy = 0
        if not busy:
            await sleep_or_stop(stopping, _POLL_INTERVAL_S)


def _build_periodic_jobs(
    stopping: asyncio.Event,
    settings: Settings,
    reader: SegmentReader,
    processor: Processor,
    overrides_job: OverridesJob,
) -> Iterator[Coroutine[Any, Any, None]]:
    """What is done now and then, until told to stop."""

    async def delete() -> None:
        """Have the journal delete what is in analytics and old enough."""
        reader.delete_segments(before=SystemClock().now() - timedelta(hours=settings.journal.retention_hours))

    async def shorten() -> None:
        """Keep only the networks of addresses that are old enough."""
        before = SystemClock().now() - timedelta(hours=settings.privacy.ip_address_hours)
        await processor.shorten_ip_addresses(before=before)

    for work, every_s, trouble in (
        (delete, _DELETE_INTERVAL_S, "cannot delete old segments, trying again"),
        (overrides_job.run_once, COPY_INTERVAL_S, "cannot bring overrides up to date, trying again"),
        (shorten, _SHORTEN_INTERVAL_S, "cannot shorten addresses, trying again"),
    ):
        yield run_periodically(work, stopping, interval_s=every_s, on_error=partial(_log_error, trouble))


def _log_error(message: str, error: StorageError) -> None:
    _LOG.error(message, error=error)


def _parse_next_hop(settings: Settings) -> NextHopConfig:
    relay = settings.relay
    host, port = HostPort.parse(relay.next_hop)
    return NextHopConfig(
        host=host,
        port=port,
        tls=relay.next_hop_tls,
        username=relay.next_hop_username,
        password=relay.next_hop_password,
    )
