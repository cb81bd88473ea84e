"""Run the engine: relay, processor and console in one process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from clicktrail.errors import EventError, StorageError
from clicktrail.model.verdict import Verdict
from clicktrail.report import Filter
from clicktrail.report.labels import Confusion, confusion_as_json
from clicktrail.server import keystore
from clicktrail.server.analytics.chdb_store import ChdbAnalytics
from clicktrail.server.console.server import serve_console
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.process import Judge, Processor
from clicktrail.server.pipeline.rejudge import Wanted
from clicktrail.server.pipeline.reporting import described_reports
from clicktrail.server.pipeline.segment import described, segment
from clicktrail.server.ports import Analytics, Entry
from clicktrail.server.relay.smtp_in import Relay
from clicktrail.server.relay.smtp_out import NextHopAddress
from clicktrail.server.settings import Address, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.current_judge import CurrentJudge
from clicktrail.server.wiring.expiring import expire_until
from clicktrail.server.wiring.journal import open_journal
from clicktrail.server.wiring.overrides import COPY_S, Overriding
from clicktrail.server.wiring.registry import open_registry
from clicktrail.server.wiring.rejudging import rejudge_beside
from clicktrail.server.wiring.repeating import pause, repeat
from clicktrail.server.wiring.tracker import build_tracker
from clicktrail.server.wiring.watching import EngineWatch
from clicktrail.server.wiring.worker import pulsing, run, stop_signal

__all__ = ["read_confusion", "read_reports", "read_segment", "rejudge_stored", "run_engine", "store_labels"]

Tell = Callable[[Sequence[dict[str, object]]], None]
"""Told of some people."""

_LOG = structlog.get_logger(part="engine")
_BATCH = 5_000
"""Journal lines a turn of the processor: many share the cost of an insert, and none waits a second for its turn."""
_SHORTEN_S = 600.0
"""How often old addresses are looked for. A batch that was judged again from memory may bring one back until then."""
_DELETE_S = 5.0
"""How often segments are looked for that may go."""
_POLL_S = 0.2
"""How often the processor looks for new lines. The journal's writers are other processes and cannot call it."""


def run_engine(settings: Settings, *, relay: socket.socket, console: socket.socket) -> None:
    """Relay, process, judge and show, on two listening sockets, until told to stop."""
    run(_engine(settings, relay_socket=relay, console_socket=console))


def read_reports(settings: Settings, campaign: str | None, filters: Sequence[Filter] = ()) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and read one campaign, or all.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_reports(settings, campaign, filters))


def read_segment(settings: Settings, *, since: datetime, campaign: str | None, tell: Tell) -> None:
    """Where no engine runs: process what the journal still holds, and tell of people with a human click, by pages.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    asyncio.run(_read_segment(settings, since=since, campaign=campaign, tell=tell))


def store_labels(settings: Settings, truths: Mapping[str, Verdict]) -> None:
    """Where no engine runs: keep what really made some clicks.

    Raises:
        KeyRingError: nothing was ever started here.
        StorageError: an engine does run, or the data folder cannot be written.
    """
    keystore.load(settings.data / keystore.NAME)
    asyncio.run(_store_labels(settings, truths))


def read_confusion(settings: Settings) -> dict[str, object]:
    """Where no engine runs: process what the journal still holds, and hold verdicts against all labels.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_confusion(settings))


def rejudge_stored(settings: Settings, wanted: Wanted) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and judge again what is stored.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_rejudge_stored(settings, wanted))


async def _engine(settings: Settings, *, relay_socket: socket.socket, console_socket: socket.socket) -> None:
    stopping = stop_signal()
    processed = asyncio.Event()
    turn = asyncio.Lock()
    async with _analytics(settings) as analytics, open_registry(settings) as registry:
        reader = _reader(settings)
        judge = _judge(settings)
        processor = _processor(reader, analytics, judge)
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
                processor=processor, analytics=analytics, relay=relay, journal=journal, clock=SystemClock()
            )
            overriding = Overriding(settings, registry=registry, analytics=analytics, processor=processor)
            async with asyncio.TaskGroup() as tasks:
                rejudge = partial(rejudge_beside, processor, analytics, judge, turn)
                tasks.create_task(serve_console(console_socket, analytics, rejudge=rejudge, stopping=processed))
                async with pulsing(watch.pulse):
                    async with asyncio.TaskGroup() as work:
                        work.create_task(relay.serve(relay_socket, stopping))
                        work.create_task(_process_until(stopping, processor, turn))
                        work.create_task(watch.warn_until(stopping))
                        work.create_task(judge.follow(stopping))
                        work.create_task(expire_until(stopping, settings, registry.short_links))
                        for chore in _chores(stopping, settings, reader, analytics, overriding):
                            work.create_task(chore)
                    journal.flush()
                    async with turn:
                        await _catch_up(processor)
                    processed.set()


async def _read_reports(settings: Settings, campaign: str | None, filters: Sequence[Filter]) -> list[dict[str, Any]]:
    if not settings.journal.exists() and not settings.analytics.exists():
        return []  # nothing was ever recorded, and a look must leave no trace that a first start would take for more
    async with _analytics(settings) as analytics:
        await _catch_up(_processor(_reader(settings), analytics, _judge(settings)))
        return await described_reports(analytics, campaign, filters)


async def _read_segment(settings: Settings, *, since: datetime, campaign: str | None, tell: Tell) -> None:
    if not settings.journal.exists() and not settings.analytics.exists():
        return
    async with _analytics(settings) as analytics:
        await _catch_up(_processor(_reader(settings), analytics, _judge(settings)))
        async for page in segment(analytics, since=since, campaign=campaign):
            tell([described(clicker) for clicker in page])


async def _store_labels(settings: Settings, truths: Mapping[str, Verdict]) -> None:
    async with _analytics(settings) as analytics:
        await analytics.label(truths)


async def _read_confusion(settings: Settings) -> dict[str, object]:
    if not settings.journal.exists() and not settings.analytics.exists():
        return confusion_as_json(Confusion(clicks={}))
    async with _analytics(settings) as analytics:
        await _catch_up(_processor(_reader(settings), analytics, _judge(settings)))
        return confusion_as_json(await analytics.confusion())


async def _rejudge_stored(settings: Settings, wanted: Wanted) -> list[dict[str, Any]]:
    if not settings.journal.exists() and not settings.analytics.exists():
        return []
    async with _analytics(settings) as analytics:
        judge = _judge(settings)
        processor = _processor(_reader(settings), analytics, judge)
        await _catch_up(processor)
        return await rejudge_beside(processor, analytics, judge, contextlib.nullcontext(), wanted)


async def _process_until(stopping: asyncio.Event, processor: Processor, turn: asyncio.Lock) -> None:
    """Feed analytics from the journal; where storage is in trouble, say so and try again."""
    while not stopping.is_set():
        try:
            async with turn:
                busy = await processor.run_once(_BATCH)
        except StorageError as error:
            _LOG.error("cannot process the journal, trying again", error=error)
            busy = 0
        if not busy:
            await pause(stopping, _POLL_S)


def _chores(
    stopping: asyncio.Event,
    settings: Settings,
    reader: SegmentReader,
    analytics: Analytics,
    overriding: Overriding,
) -> Iterator[Coroutine[Any, Any, None]]:
    """What is done now and then, until told to stop."""

    async def delete() -> None:
        """Have the journal delete what is in analytics and old enough."""
        reader.delete(before=SystemClock().now() - timedelta(hours=settings.recording.keep_hours))

    async def shorten() -> None:
        """Have analytics keep only the networks of addresses that are old enough."""
        before = SystemClock().now() - timedelta(hours=settings.privacy.address_hours)
        await analytics.shorten_addresses(before=before)

    for work, every_s, trouble in (
        (delete, _DELETE_S, "cannot delete old segments, trying again"),
        (overriding.run_once, COPY_S, "cannot bring overrides up to date, trying again"),
        (shorten, _SHORTEN_S, "cannot shorten addresses, trying again"),
    ):
        yield repeat(work, stopping, every_s=every_s, on_trouble=partial(_say, trouble))


def _say(trouble: str, error: StorageError) -> None:
    _LOG.error(trouble, error=error)


async def _catch_up(processor: Processor) -> None:
    while await processor.run_once(_BATCH):
        pass


@contextlib.asynccontextmanager
async def _analytics(settings: Settings) -> AsyncIterator[ChdbAnalytics]:
    analytics = await ChdbAnalytics.open(settings.analytics, SystemClock())
    try:
        yield analytics
    finally:
        await analytics.close()


def _reader(settings: Settings) -> SegmentReader:
    return SegmentReader(settings.journal, settings.journal / "cursor.json")


def _judge(settings: Settings) -> CurrentJudge:
    judge = CurrentJudge(settings.networks, SystemClock())
    judge.refresh()
    return judge


def _processor(reader: SegmentReader, analytics: ChdbAnalytics, judge: Judge) -> Processor:
    return Processor(
        reader,
        analytics,
        judge=judge,
        on_unreadable=_unreadable,
    )


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


def _unreadable(entry: Entry, error: EventError) -> None:
    _LOG.error("a line of the journal is no event", place=str(entry.place), error=error)
