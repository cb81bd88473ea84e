"""Run the engine: relay, processor and console in one process."""

import asyncio
import gc
import socket
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from clicktrail.errors import StorageError
from clicktrail.server.asgi import serve_app
from clicktrail.server.console import create_app
from clicktrail.server.console.feed import Feed
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.relay.smtp_in import Relay
from clicktrail.server.relay.smtp_out import NextHopAddress
from clicktrail.server.settings import Address, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.announcing import LoggedAnnouncements
from clicktrail.server.wiring.expiring import expire_until
from clicktrail.server.wiring.journal import open_journal
from clicktrail.server.wiring.overrides import COPY_S, Overriding
from clicktrail.server.wiring.processing import (
    BATCH,
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
)
from clicktrail.server.wiring.recounting import recount_until
from clicktrail.server.wiring.registry import open_registry
from clicktrail.server.wiring.rejudging import rejudge_beside
from clicktrail.server.wiring.repeating import pause, repeat
from clicktrail.server.wiring.tracker import build_tracker
from clicktrail.server.wiring.watching import EngineWatch
from clicktrail.server.wiring.worker import pulsing, run, stop_signal

__all__ = ["run_engine"]

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
