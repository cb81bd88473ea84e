"""Run one worker of the edge."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError, StorageError
from clicktrail.server import overrides_file
from clicktrail.server.edge.connection import serve_edge
from clicktrail.server.edge.pages import RecordingOptions, Sites
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import BeaconEndpoint, Routes
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, build_heartbeat
from clicktrail.server.monitoring.metrics import HTTP_RESPONSE_SECONDS, HTTP_RESPONSES, Metric
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.link_lookup import LinkResolver
from clicktrail.server.pipeline.overrides import ActiveEdits
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.config import read_domains
from clicktrail.server.wiring.jobs import sleep_or_stop
from clicktrail.server.wiring.judge import ReloadingJudge
from clicktrail.server.wiring.overrides import run_overrides_copy
from clicktrail.server.wiring.stores import open_journal, open_registry_read_only
from clicktrail.server.wiring.worker import (
    collect_journal_metrics,
    collect_journal_problems,
    create_stop_event,
    run_worker,
    send_heartbeats,
)
from clicktrail.tokens import KeyRing

__all__ = ["FileReloader", "run_edge"]

# FOLDED following.py: Have a running edge go by the files of its data folder: the key ring and the overrides.

_LOG = structlog.get_logger(component="edge")
_RELOAD_INTERVAL_S = 1.0
"""How soon a running edge goes by what was changed."""


class FileReloader:
    """Reads key ring and overrides again whenever they are other files. What cannot be read changes nothing.

    Args:
        data_path: the data folder.
        ring: the key ring of the start.
        on_key_ring: have the edge open what another ring opens, and nothing else.
    """

    def __init__(self, data_path: Path, ring: KeyRing, *, on_key_ring: Callable[[KeyRing], None]) -> None:
        self._keyring_file = _WatchedFile(data_path / keyring_file.FILE_NAME)
        self._overrides_file = _WatchedFile(data_path / overrides_file.FILE_NAME)
        self._ring = ring
        self._on_key_ring = on_key_ring

    async def run(self, routes: Routes, stopping: asyncio.Event) -> None:
        """Look every second, until told to stop."""
        while not stopping.is_set():
            self.reload_changed(routes)
            await sleep_or_stop(stopping, _RELOAD_INTERVAL_S)

    def reload_changed(self, routes: Routes) -> None:
        """Have an edge go by the files that are others than before."""
        try:
            if self._keyring_file.has_changed():
                self._ring = keyring_file.load(self._keyring_file.path)
                self._on_key_ring(self._ring)
        except KeyRingError as error:
            _LOG.error("cannot read the key ring", error=error)
        try:
            if self._overrides_file.has_changed():
                overrides = overrides_file.read(self._overrides_file.path)
                routes.overrides = ActiveEdits(overrides.edits)
                routes.erased = HashedRecipients(self._ring, overrides.erased)
                routes.denied = HashedRecipients(self._ring, overrides.denied)
        except StorageError as error:
            _LOG.error("cannot read the overrides", error=error)


class _WatchedFile:
    """A file that is looked at again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last_stat: tuple[int, int] | None = None

    def has_changed(self) -> bool:
        """Whether it is another one than at the last look; not where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return False  # none was made, or somebody took it away: what is known still holds
        before, self._last_stat = self._last_stat, (found.st_ino, found.st_mtime_ns)
        return before != self._last_stat


def run_edge(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    """Redirect on a listening socket, shared with the other workers, until told to stop."""
    run_worker(_run_edge(settings, listening_socket, index=index))


async def _run_edge(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    stopping = create_stop_event()
    clock = SystemClock()
    ring = keyring_file.load(settings.data_path / keyring_file.FILE_NAME)
    proxies = tuple(ipaddress.ip_network(network) for network in settings.edge.trusted_proxies)
    privacy = settings.privacy
    records = RecordingOptions(address_hours=privacy.ip_address_hours, records_opted_out=privacy.opted_out != "none")
    judge = ReloadingJudge(settings.networks_path, clock)
    judge.refresh()
    async with open_registry_read_only(settings) as registry:
        links = LinkResolver(link_sets=registry.link_sets, short_links=registry.short_links)
        redirector = partial(Redirector, links=links, trusted_proxies=proxies)
        with open_journal(settings, f"edge-{index}") as journal:
            async with asyncio.TaskGroup() as lookups:
                routes = Routes(
                    redirector=redirector(ring),
                    journal=journal,
                    clock=clock,
                    ids=RandomIds(),
                    responses=Responses(),
                    create_task=lookups.create_task,
                    sites=Sites(read_domains(settings), recording=records, landing_hosts=settings.engagement.hosts),
                    anonymizer=Anonymizer(judge=judge, ids=RandomIds()),
                    overrides=ActiveEdits(),
                    erased=HashedRecipients(ring),
                    denied=HashedRecipients(ring),
                    beacon=BeaconEndpoint(EngagementTracker(ring), journal=journal, clock=clock),
                )

                def unlock(ring: KeyRing) -> None:
                    routes.redirector = redirector(ring)
                    routes.beacon = BeaconEndpoint(EngagementTracker(ring), journal=journal, clock=clock)

                following = FileReloader(settings.data_path, ring, on_key_ring=unlock)
                following.reload_changed(routes)
                lookups.create_task(following.run(routes, stopping))
                lookups.create_task(judge.refresh_periodically(stopping))
                if index == 0 and settings.registry.url:
                    lookups.create_task(run_overrides_copy(stopping, settings, registry))
                async with send_heartbeats(lambda: _build_heartbeat(routes, journal)):
                    await serve_edge(
                        listening_socket,
                        routes,
                        stopping=stopping,
                        proxy_protocol_networks=proxies if settings.edge.proxy_protocol else (),
                    )


def _build_heartbeat(routes: Routes, journal: SegmentWriter) -> Heartbeat:
    """What the worker says of itself."""
    figures: dict[Metric, MetricValue] = {
        HTTP_RESPONSES: routes.stats.status_counts,
        HTTP_RESPONSE_SECONDS: routes.stats.duration_seconds,
    }
    return build_heartbeat(figures | collect_journal_metrics(journal), problems=collect_journal_problems(journal))
