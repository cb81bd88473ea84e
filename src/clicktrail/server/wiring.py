"""Build the running system from settings. The only place that names concrete classes."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import ada_url
import structlog
import uvloop

from clicktrail.errors import EventError, StorageError
from clicktrail.judge import Context, judge
from clicktrail.report import as_json
from clicktrail.rewrite import Policy
from clicktrail.server import keystore
from clicktrail.server.analytics.chdb_store import ChdbAnalytics
from clicktrail.server.child import READY
from clicktrail.server.console.server import serve_console
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import Routes
from clicktrail.server.edge.server import serve_edge
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.pipeline.track import Tracker
from clicktrail.server.ports import Entry
from clicktrail.server.relay.smtp_in import Relay
from clicktrail.server.relay.smtp_out import NextHopAddress
from clicktrail.server.settings import Address, Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.utm.convention import Convention

__all__ = ["read_reports", "run_worker"]

_LOG = structlog.get_logger(part="engine")
_BATCH = 5_000
"""Journal lines a turn of the processor: many share the cost of an insert, and none waits a second for its turn."""
_POLL_S = 0.2
"""How often the processor looks for new lines. The journal's writers are other processes and cannot call it."""


def run_worker(settings: Settings, *, part: str, index: int, sockets: Sequence[int]) -> None:
    """Be one process of ``serve``, on inherited listening sockets, until told to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor stops us in order
    listening = [socket.socket(fileno=number) for number in sockets]
    if part == "engine":
        _run(_engine(settings, relay_socket=listening[0], console_socket=listening[1]))
    else:
        _run(_edge(settings, index, listening[0]))


def read_reports(settings: Settings, campaign: str | None) -> list[dict[str, Any]]:
    """Where no engine runs: process what the journal still holds, and read one campaign, or all.

    Raises:
        StorageError: an engine does run, or the data folder cannot be read.
    """
    return asyncio.run(_read_reports(settings, campaign))


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def _edge(settings: Settings, index: int, listening: socket.socket) -> None:
    stopping = _stop_signal()
    redirector = Redirector(
        keystore.load(settings.data / keystore.NAME),
        trusted_proxies=tuple(ipaddress.ip_network(network) for network in settings.edge.trusted_proxies),
    )
    with SegmentWriter(_journal(settings) / f"edge-{index}", asyncio.get_running_loop()) as journal:
        clock = SystemClock()
        routes = Routes(redirector=redirector, journal=journal, clock=clock, ids=RandomIds(), responses=Responses())
        _say_ready()
        await serve_edge(listening, routes, clock=clock, stopping=stopping)


async def _engine(settings: Settings, *, relay_socket: socket.socket, console_socket: socket.socket) -> None:
    stopping = _stop_signal()
    processed = asyncio.Event()
    async with _analytics(settings) as analytics:
        processor = _processor(settings, analytics)
        with SegmentWriter(_journal(settings) / "engine", asyncio.get_running_loop()) as journal:
            relay = Relay(
                next_hop=_next_hop(settings),
                tracker=_tracker(settings),
                journal=journal,
                clock=SystemClock(),
                ids=RandomIds(),
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(serve_console(console_socket, analytics, stopping=processed))
                _say_ready()
                async with asyncio.TaskGroup() as work:
                    work.create_task(relay.serve(relay_socket, stopping))
                    work.create_task(_process_until(stopping, processor))
                journal.flush()
                await _catch_up(processor)
                processed.set()


async def _read_reports(settings: Settings, campaign: str | None) -> list[dict[str, Any]]:
    async with _analytics(settings) as analytics:
        await _catch_up(_processor(settings, analytics))
        if campaign is None:
            return [as_json(report) for report in await analytics.campaigns()]
        report = await analytics.campaign(campaign)
        return [as_json(report)] if report else []


async def _process_until(stopping: asyncio.Event, processor: Processor) -> None:
    """Feed analytics from the journal; where storage is in trouble, say so and try again."""
    while not stopping.is_set():
        try:
            busy = await processor.run_once(_BATCH)
        except StorageError as error:
            _LOG.error("cannot process the journal, trying again", error=str(error))
            busy = 0
        if not busy:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await stopping.wait()


async def _catch_up(processor: Processor) -> None:
    while await processor.run_once(_BATCH):
        pass


@contextlib.asynccontextmanager
async def _analytics(settings: Settings) -> AsyncIterator[ChdbAnalytics]:
    analytics = await ChdbAnalytics.open(settings.data / "analytics", SystemClock())
    try:
        yield analytics
    finally:
        await analytics.close()


def _processor(settings: Settings, analytics: ChdbAnalytics) -> Processor:
    folder = _journal(settings)
    context = _context()
    return Processor(
        SegmentReader(folder, folder / "cursor.json"),
        analytics,
        judge=lambda timeline: judge(timeline, context),
        on_unreadable=_unreadable,
    )


def _tracker(settings: Settings) -> Tracker:
    utm = settings.utm
    return Tracker(
        ring=keystore.load(settings.data / keystore.NAME),
        domain=settings.tracking.domain.rstrip("/"),
        policy=Policy(tracking_domains=frozenset({ada_url.URL(settings.tracking.domain).host})),
        convention=Convention(
            source=utm.source,
            medium=utm.medium,
            campaign=utm.campaign,
            content=utm.content,
            term=utm.term,
            own_hosts=utm.own_hosts,
        ),
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


def _context() -> Context:
    data = resources.files("clicktrail.judge") / "data"
    rules, networks, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "networks", "agents"))
    return Context.of(rules_toml=rules, networks_toml=networks, agents_toml=agents)


def _unreadable(entry: Entry, error: EventError) -> None:
    _LOG.error("a line of the journal is no event", place=str(entry.place), error=str(error))


def _journal(settings: Settings) -> Path:
    return settings.data / "journal"


def _stop_signal() -> asyncio.Event:
    """Set by SIGTERM, or by the end of standard input: the supervisor is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)

    def gone() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    loop.add_reader(sys.stdin.fileno(), gone)
    return stopping


def _say_ready() -> None:
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
