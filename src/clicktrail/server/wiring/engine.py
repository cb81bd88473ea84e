"""Run the engine: processor and console in one process."""

import asyncio
import gc
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from clicktrail.errors import StorageError
from clicktrail.server.asgi import serve_app
from clicktrail.server.console import create_app
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.monitoring import metrics
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem, build_heartbeat
from clicktrail.server.monitoring.metrics import Histogram, Metric
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.ports import JudgedMessage
from clicktrail.server.quarantine import QuarantineFolder
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.count_check import CountCheck
from clicktrail.server.wiring.domain_checker import check_state
from clicktrail.server.wiring.domain_checks import DomainCheckJob
from clicktrail.server.wiring.domain_copy import run_domain_copy
from clicktrail.server.wiring.jobs import (
    Job,
    keep_running,
    run_filter_loading,
    run_nightly,
    run_periodically,
    run_short_link_expiry,
    sleep_or_stop,
)
from clicktrail.server.wiring.overrides import COPY_INTERVAL_S, ERASE_INTERVAL_S, OverridesJob
from clicktrail.server.wiring.process import create_stop_event
from clicktrail.server.wiring.processing import (
    MAX_BATCH_LINES,
    BatchSize,
    LocalJournalReader,
    ProcessorPause,
    build_judge,
    build_processor,
    build_reader,
    open_analytics,
    rejudge_and_clear_cache,
)
from clicktrail.server.wiring.quarantine import open_quarantine, shorten_ip_addresses
from clicktrail.server.wiring.stores import open_registry
from clicktrail.server.wiring.worker import run_worker, send_heartbeats
from clicktrail.server.worker_thread import running_worker_thread

_LOG = structlog.get_logger(component="engine")
_JUDGE_LOG = structlog.get_logger(component="judge")

_TURN_S = 0.25
"""Between looks for new journal lines: the writers are other processes and cannot notify the processor. Under load, the
lines of this time are stored together: a store of 500 costs more than twice as much for each as one of 2,500."""
_DELETE_INTERVAL_S = 5.0
_SHORTEN_INTERVAL_S = 600.0
"""The batch in progress may store a whole address again, until the next run."""
_CHECK_INTERVAL_S = 5.0
_WARNING_INTERVAL_S = 3600.0
_MAX_LAG_S = 60.0
"""Normally a click is in the reports within a second."""
_MAX_JUDGING_S = 5.0
"""A message with the most clicks that are judged together takes 5 ms."""
_MAX_REST_S = 15.0
"""The supervisor kills a process that has not ended 30 s after SIGTERM."""
GC_THRESHOLD = 20_000
"""New objects per garbage collection. A batch creates hundreds of thousands, and most are freed by reference counting:
Python's default of 700 took a fifth of the processing time of a click."""


def run_engine(settings: Settings, console_socket: socket.socket) -> None:
    """Run processor and console until the process is stopped."""
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])
    run_worker(_run_engine(settings, console_socket))


class VerdictChangeLogger:
    """Implements ``ports.StoreObserver``: logs changed verdicts, one line per campaign and kind of change.

    Attributes:
        change_counts: number of changed clicks since the start, by ``human_to_bot`` and so on.
    """

    def __init__(self) -> None:
        self.change_counts: Counter[str] = Counter()

    def on_stored(self, messages: Sequence[JudgedMessage]) -> None:
        """Count and log the changed verdicts. The log names no click."""
        changes = Counter(
            (message.timeline.campaign, f"{previous_verdict}_to_{judged.verdict}")
            for message in messages
            for previous_verdict, judged in message.changed_clicks
        )
        for (campaign, change), clicks in sorted(changes.items()):
            self.change_counts[change] += clicks
            _JUDGE_LOG.info("click.reclassified", campaign=campaign, change=change, clicks=clicks)


class ProblemSource(Protocol):
    """A part of the engine that knows problems."""

    def collect_problems(self) -> Sequence[Problem]:
        """Return the current problems."""


class EngineMonitor:
    """Metrics and problems of the engine.

    Attributes:
        problem_sources: further parts that know problems.
    """

    def __init__(
        self,
        processor: Processor,
        *,
        reader: LocalJournalReader,
        store_seconds: Histogram,
        quarantine: QuarantineFolder,
        count_check: CountCheck,
    ) -> None:
        self.verdict_changes = VerdictChangeLogger()
        self.problem_sources: list[ProblemSource] = [reader, count_check]
        self._processor = processor
        self._reader = reader
        self._store_seconds = store_seconds
        self._quarantine = quarantine
        self._count_check = count_check
        self._clock = SystemClock()
        self._quarantined_count = 0

    def build_heartbeat(self) -> Heartbeat:
        """Build a heartbeat with the current metrics and problems."""
        processor = self._processor
        values: dict[Metric, MetricValue] = {
            metrics.EVENTS_PROCESSED: processor.processed_count,
            metrics.EVENTS_UNREADABLE: processor.unreadable_count,
            metrics.EVENTS_QUARANTINED: processor.quarantined_count,
            metrics.TOKENS_TAMPERED: processor.tampered_count,
            metrics.LINKS_DAMAGED: processor.damaged_count,
            metrics.MESSAGES_JUDGED: processor.judged_message_count,
            metrics.VERDICTS_CHANGED: self.verdict_changes.change_counts,
            metrics.JOURNAL_DAMAGED_BYTES: self._reader.damaged_bytes,
            metrics.JOURNAL_LAG_SECONDS: self._compute_lag_s(),
            metrics.REPORTS_CORRECTED: self._count_check.corrected_count,
            metrics.ANALYTICS_STORE_SECONDS: self._store_seconds,
        }
        return build_heartbeat(values, problems=self._collect_problems())

    async def log_dominant_address_warnings(self, stopping: asyncio.Event) -> None:
        """Log, at most once an hour, that too many clicks come from one IP address."""
        while not stopping.is_set():
            problem = self._find_dominant_address_problem()
            if problem:
                _LOG.warning("too many clicks come from one IP address", code=problem.code, hint=problem.hint)
            await sleep_or_stop(stopping, _WARNING_INTERVAL_S if problem else _CHECK_INTERVAL_S)

    async def count_quarantined_events(self, stopping: asyncio.Event) -> None:
        """Count the events in quarantine every few seconds, because a command can remove them."""
        while not stopping.is_set():
            self._quarantined_count = await asyncio.to_thread(self._quarantine.count)
            await sleep_or_stop(stopping, _CHECK_INTERVAL_S)

    def _collect_problems(self) -> tuple[Problem, ...]:
        problems = [problem for source in self.problem_sources for problem in source.collect_problems()]
        if self._compute_lag_s() > _MAX_LAG_S:
            problems.append(
                Problem(code="reports-late", hint="reports are behind: the log says whether events cannot be stored")
            )
        if self._quarantined_count:
            problems.append(
                Problem(
                    code="quarantined-events",
                    hint=f"{self._quarantined_count} events could not be processed and are not counted: "
                    "clicktrail quarantine list shows why",
                )
            )
        if dominant_address_problem := self._find_dominant_address_problem():
            problems.append(dominant_address_problem)
        return tuple(problems)

    def _compute_lag_s(self) -> float:
        oldest = self._processor.oldest_event_at
        return max(0.0, (self._clock.now() - oldest).total_seconds()) if oldest else 0.0

    def _find_dominant_address_problem(self) -> Problem | None:
        dominant = self._processor.dominant_address_detector.find_dominant_address()
        if dominant is None:
            return None
        return Problem(
            code="dominant-ip-address",
            hint=f"{dominant.share:.0%} of the latest clicks come from one address in {dominant.network}: "
            "if that is a proxy of yours, name it in edge.trusted_proxies",
        )


async def _run_engine(settings: Settings, console_socket: socket.socket) -> None:
    stopping = create_stop_event()
    processed_all = asyncio.Event()
    lock = asyncio.Lock()
    feed = ClickFeed()
    async with (
        running_worker_thread(limit_s=_MAX_JUDGING_S) as worker,
        open_analytics(settings) as analytics,
        open_registry(settings) as registry,
    ):
        reader = build_reader(settings)
        judge = build_judge(settings)
        processor = build_processor(settings, reader, analytics, judge, worker=worker)
        count_check = CountCheck(analytics)
        monitor = EngineMonitor(
            processor,
            reader=reader,
            store_seconds=analytics.store_seconds,
            quarantine=open_quarantine(settings),
            count_check=count_check,
        )
        domain_checks = DomainCheckJob(registry.domains, check=partial(check_state, settings), clock=SystemClock())
        monitor.problem_sources.append(domain_checks)
        processor.observers = (monitor.verdict_changes, feed)
        pause = ProcessorPause(processor, lock)
        rejudge = partial(rejudge_and_clear_cache, processor, analytics, judge, pause)
        console = create_app(analytics, feed=feed, rules=judge.context.rules, clock=SystemClock(), rejudge=rejudge)
        overrides_job = OverridesJob(
            settings, registry=registry, event_store=analytics, processor=processor, store_lock=pause
        )
        async with asyncio.TaskGroup() as console_tasks:
            console_tasks.create_task(serve_app(console, console_socket, stopping=processed_all))
            async with send_heartbeats(monitor.build_heartbeat):
                async with asyncio.TaskGroup() as tasks:  # ends once stopped
                    jobs: list[Job] = [
                        partial(_run_processor, stopping, processor, lock),
                        partial(monitor.log_dominant_address_warnings, stopping),
                        partial(monitor.count_quarantined_events, stopping),
                        partial(judge.refresh_periodically, stopping),
                        partial(run_filter_loading, stopping, analytics.load_next_filter),
                        partial(run_nightly, stopping, count_check.run_once),
                        partial(run_short_link_expiry, stopping, settings, registry.short_links),
                        partial(run_domain_copy, stopping, settings, registry),
                        partial(domain_checks.run, stopping),
                        *_build_periodic_jobs(stopping, settings, reader, processor, overrides_job),
                    ]
                    for job in jobs:
                        tasks.create_task(keep_running(job, stopping))
                await _process_rest(processor, lock)
                feed.close()
                processed_all.set()


async def _run_processor(stopping: asyncio.Event, processor: Processor, lock: asyncio.Lock) -> None:
    batch_size = BatchSize()
    while not stopping.is_set():
        limit, line_count = batch_size.lines, 0
        started_at = time.monotonic()
        try:
            async with lock:
                line_count = await processor.judge_next(limit)
        except StorageError as error:
            _LOG.error("cannot process the journal, trying again", error=error)
        duration_s = time.monotonic() - started_at
        batch_size.update(lines=line_count, duration_s=duration_s)
        if line_count < limit:
            await sleep_or_stop(stopping, _TURN_S - duration_s)


async def _process_rest(processor: Processor, lock: asyncio.Lock) -> None:
    """Process the rest of the journal before the engine ends; what fails or takes long is processed after the start."""
    ends_at = time.monotonic() + _MAX_REST_S
    try:
        async with lock:
            while await processor.judge_next(MAX_BATCH_LINES) and time.monotonic() < ends_at:
                pass
            await processor.finish()
    except Exception as error:
        _LOG.error("cannot process the rest of the journal, continuing after the next start", error=error)


def _build_periodic_jobs(
    stopping: asyncio.Event,
    settings: Settings,
    reader: LocalJournalReader,
    processor: Processor,
    overrides_job: OverridesJob,
) -> Iterator[Job]:
    async def delete_segments() -> None:
        reader.delete_segments(before=SystemClock().now() - timedelta(hours=settings.journal.retention_hours))

    async def shorten() -> None:
        before = SystemClock().now() - timedelta(hours=settings.privacy.ip_address_hours)
        await processor.shorten_ip_addresses(before=before)
        await asyncio.to_thread(shorten_ip_addresses, open_quarantine(settings), before=before)

    for job, interval_s, message in (
        (delete_segments, _DELETE_INTERVAL_S, "cannot delete old segments, trying again"),
        (overrides_job.run_once, COPY_INTERVAL_S, "cannot update overrides, trying again"),
        (overrides_job.erase_pending, ERASE_INTERVAL_S, "cannot erase recipients, trying again"),
        (shorten, _SHORTEN_INTERVAL_S, "cannot shorten IP addresses, trying again"),
    ):
        on_error = partial(_log_error, message)
        yield partial(run_periodically, job, stopping, interval_s=interval_s, on_error=on_error)


def _log_error(message: str, error: Exception) -> None:
    _LOG.error(message, error=error)
