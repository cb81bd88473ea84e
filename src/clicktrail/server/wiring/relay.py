"""Run a relay process: it needs neither the engine nor, to pass mail on, the registry."""

import socket

from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, build_heartbeat
from clicktrail.server.monitoring.metrics import RELAY_MESSAGES, Metric
from clicktrail.server.relay.smtp_client import NextHopConfig
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.config import build_tracker
from clicktrail.server.wiring.stores import MeasuredJournal, Registry, open_journal, open_registry
from clicktrail.server.wiring.worker import (
    collect_journal_metrics,
    collect_journal_problems,
    create_stop_event,
    run_worker,
    send_heartbeats,
)


def run_relay(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    """Run relay process number ``index`` until it is stopped."""
    run_worker(_run_relay(settings, listening_socket, index=index))


async def _run_relay(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    stopping = create_stop_event()
    async with open_registry(settings) as registry:
        with open_journal(settings, f"relay-{index}") as journal:
            relay = _build_relay(settings, registry, journal)
            async with send_heartbeats(lambda: _build_heartbeat(relay, journal)):
                await relay.serve(listening_socket, stopping)


def _build_relay(settings: Settings, registry: Registry, journal: MeasuredJournal) -> Relay:
    host, port = HostPort.parse(settings.relay.next_hop)
    next_hop = NextHopConfig(
        host=host,
        port=port,
        tls=settings.relay.next_hop_tls,
        username=settings.relay.next_hop_username,
        password=settings.relay.next_hop_password,
    )
    return Relay(
        next_hop=next_hop,
        tracker=build_tracker(settings),
        consents=registry.consents,
        short_links=registry.short_links,
        codes=RandomCodes(),
        journal=journal,
        clock=SystemClock(),
        ids=RandomIds(),
    )


def _build_heartbeat(relay: Relay, journal: MeasuredJournal) -> Heartbeat:
    values: dict[Metric, MetricValue] = {RELAY_MESSAGES: relay.outcomes}
    return build_heartbeat(values | collect_journal_metrics(journal), problems=collect_journal_problems(journal))
