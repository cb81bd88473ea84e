"""Run a relay process: it passes mail on even if registry, key ring or engine are damaged."""

import asyncio
import contextlib
import socket
import ssl
import sys
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem, build_heartbeat
from clicktrail.server.monitoring.metrics import RELAY_MESSAGES, Metric
from clicktrail.server.relay.message_tracker import MessageTracker
from clicktrail.server.relay.next_hop_pool import NextHopPool
from clicktrail.server.relay.next_hop_session import NextHopConfig
from clicktrail.server.relay.rewriter import RewriterPool
from clicktrail.server.relay.smtp_server import Relay
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.system import RandomCodes, RandomIds, SystemClock
from clicktrail.server.wiring.jobs import sleep_or_stop
from clicktrail.server.wiring.journals import MeasuredJournal, open_threaded_journal
from clicktrail.server.wiring.process import create_stop_event
from clicktrail.server.wiring.stores import Registry, open_registry_when_available
from clicktrail.server.wiring.worker import (
    collect_journal_metrics,
    collect_journal_problems,
    run_worker,
    send_heartbeats,
)

_MAX_START_S = 10
"""After this time mail is accepted even if no rewriting process is ready."""
_PROBLEM_DURATION_S = 60
"""How long after a message that could not be tracked the problem is reported."""
_UNTRACKED_PROBLEM = Problem(
    code="messages-untracked",
    hint="messages pass untracked or are deferred: the log says whether registry, key ring or rewriting fail",
)
_OLD_KEY_PROBLEM = Problem(
    code="relay-old-key",
    hint="the relay seals links with another key than the key ring says: restart clicktrail serve",
)
_KEY_CHECK_INTERVAL_S = 1.0


def run_relay(settings: Settings, listening_socket: socket.socket, *, index: int, config_path: Path | None) -> None:
    """Run relay process number ``index`` until it is stopped; its rewriting processes load the settings file again."""
    run_worker(_run_relay(settings, listening_socket, index=index, config_path=config_path))


async def _run_relay(
    settings: Settings, listening_socket: socket.socket, *, index: int, config_path: Path | None
) -> None:
    stopping = create_stop_event()
    rewriters = build_rewriters(settings, config_path)
    key_watch = SealingKeyWatch(settings.keyring_path, rewriters)
    async with asyncio.TaskGroup() as tasks:
        running_rewriters = tasks.create_task(rewriters.run())
        watching_key = tasks.create_task(key_watch.run(stopping))
        async with open_registry_when_available(settings) as registry:
            with open_threaded_journal(settings, f"relay-{index}") as journal:
                relay = build_relay(settings, registry, journal, rewriters)
                await rewriters.wait_until_ready(timeout_s=_MAX_START_S)
                async with send_heartbeats(lambda: _build_heartbeat(relay, journal, key_watch)):
                    await relay.serve(listening_socket, stopping)
        running_rewriters.cancel()
        watching_key.cancel()


class SealingKeyWatch:
    """Watches whether the rewriting processes seal with the key that the ring's file says.

    They load the ring at their start. After a rotation, links sealed with the old key still open; after a restored ring
    they may not.
    """

    def __init__(self, ring_path: Path, rewriters: RewriterPool) -> None:
        self._ring_path = ring_path
        self._rewriters = rewriters
        self._is_outdated = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Compare every second until stopped, in a thread: the disk may hang."""
        while not stopping.is_set():
            with contextlib.suppress(KeyRingError):  # the doctor reports it
                ring = await asyncio.to_thread(keyring_file.load, self._ring_path)
                self._is_outdated = bool(self._rewriters.sealing_keys - {ring.sealing_key.fingerprint})
            await sleep_or_stop(stopping, _KEY_CHECK_INTERVAL_S)

    def collect_problems(self) -> tuple[Problem, ...]:
        """The problem, if there is one."""
        return (_OLD_KEY_PROBLEM,) if self._is_outdated else ()


def build_rewriters(settings: Settings, config_path: Path | None) -> RewriterPool:
    """Build the rewriting processes of one relay process. They load the settings file."""
    config = ("--config", str(config_path)) if config_path else ()
    command = (sys.executable, "-m", "clicktrail", "worker", "rewriter", *config)
    return RewriterPool(command, time_limit_s=settings.relay.rewrite_seconds)


def build_relay(settings: Settings, registry: Registry, journal: MeasuredJournal, rewriters: RewriterPool) -> Relay:
    """Build the relay that the settings describe."""
    return Relay(
        next_hop=NextHopPool(build_next_hop_config(settings)),
        tracker=MessageTracker(
            rewriters=rewriters,
            consents=registry.consents,
            short_links=registry.short_links,
            codes=RandomCodes(),
            clock=SystemClock(),
            ids=RandomIds(),
        ),
        journal=journal,
        defers_when_unavailable=settings.relay.when_unavailable == "defer",
    )


def build_next_hop_config(settings: Settings) -> NextHopConfig:
    """Address, login and EHLO name for the next hop."""
    host, port = HostPort.parse(settings.relay.next_hop)
    host_name = socket.gethostname()
    return NextHopConfig(
        host=host,
        port=port,
        tls=settings.relay.next_hop_tls,
        tls_context=None if settings.relay.next_hop_tls == "none" else ssl.create_default_context(),
        username=settings.relay.next_hop_username,
        password=settings.relay.next_hop_password,
        ehlo_name=settings.relay.ehlo_name or (host_name if "." in host_name else ""),
        max_connections=settings.relay.next_hop_connections,
        max_messages=settings.relay.next_hop_messages,
    )


def _build_heartbeat(relay: Relay, journal: MeasuredJournal, key_watch: SealingKeyWatch) -> Heartbeat:
    values: dict[Metric, MetricValue] = {RELAY_MESSAGES: relay.outcomes}
    problems = (*collect_journal_problems(journal), *key_watch.collect_problems())
    if relay.untracked_at is not None and asyncio.get_running_loop().time() < relay.untracked_at + _PROBLEM_DURATION_S:
        problems = (*problems, _UNTRACKED_PROBLEM)
    return build_heartbeat(values | collect_journal_metrics(journal), problems=problems)
