"""Run one worker of the edge."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from clicktrail import keyring_file
from clicktrail.errors import StorageError
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.server import overrides_file, served_domains
from clicktrail.server.applied_files import AppliedFiles, get_file_version
from clicktrail.server.edge.connection import OpenConnections, compute_connection_limit, serve_edge
from clicktrail.server.edge.pages import RecordingOptions
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import BeaconEndpoint, Routes, Sites
from clicktrail.server.monitoring.heartbeat import Heartbeat, MetricValue, Problem, build_heartbeat
from clicktrail.server.monitoring.metrics import (
    CONNECTIONS,
    CONNECTIONS_CLOSED,
    FAILED_TOKENS_OMITTED,
    HTTP_RESPONSE_SECONDS,
    HTTP_RESPONSES,
    Metric,
)
from clicktrail.server.overrides_file import OverridesSnapshot
from clicktrail.server.pipeline.cdn_networks import parse_trusted_proxies
from clicktrail.server.pipeline.engagement import EngagementTracker
from clicktrail.server.pipeline.link_lookup import LinkResolver
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients
from clicktrail.server.pipeline.redirect import ActiveEdits, Redirector
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.domains import list_sites
from clicktrail.server.wiring.jobs import sleep_or_stop
from clicktrail.server.wiring.journals import MeasuredJournal, open_journal
from clicktrail.server.wiring.judge import ReloadingJudge
from clicktrail.server.wiring.links import open_links
from clicktrail.server.wiring.process import create_stop_event, raise_file_limit
from clicktrail.server.wiring.worker import (
    collect_journal_metrics,
    collect_journal_problems,
    run_worker,
    send_heartbeats,
)
from clicktrail.tokens import EdgeProof, KeyRing

_LOG = structlog.get_logger(component="edge")
_RELOAD_INTERVAL_S = 0.25
_LIMIT_REPORTED_S = 60.0
_CONNECTIONS_PROBLEM = Problem(
    code="too-many-connections",
    hint="the idlest connections are closed: raise the hard limit of open files (ulimit -Hn), or limit connections in "
    "the proxy in front",
)


def run_edge(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    """Serve redirects until the process is stopped."""
    run_worker(_run_edge(settings, listening_socket, index=index))


class FileReloader:
    """Reload key ring, overrides and tracking domains in a running edge when their files change.

    What was loaded stays in use until a new version can be read. Reading is retried four times a second; an error is
    logged once. The versions in force are published for commands that wait for them.
    """

    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        ring: KeyRing,
        *,
        on_key_ring: Callable[[KeyRing], None],
        build_sites: Callable[[Sequence[TrackingDomain]], Sites],
    ) -> None:
        self._settings = settings
        self._overrides = OverridesSnapshot()
        self._routes = routes
        self._ring = ring
        self._on_key_ring = on_key_ring
        self._build_sites = build_sites
        self._watched_files = (
            _WatchedFile("key ring", settings.keyring_path, self._load_key_ring),
            _WatchedFile("overrides", settings.overrides_path, self._load_overrides),
            _WatchedFile("tracking domains", settings.served_domains_path, self._load_domains),
        )

    async def start(self, applied_files: AppliedFiles) -> None:
        """Load all files, before the edge serves. A file that cannot be read is tried again while it serves."""
        await self.reload_changed()
        self._publish_versions(applied_files)

    @property
    def unreadable_kinds(self) -> list[str]:
        """The files that have changed and cannot be read, so that an earlier version is in force."""
        return [file.kind for file in self._watched_files if file.last_error]

    async def run(self, stopping: asyncio.Event, applied_files: AppliedFiles) -> None:
        """Reload changed files several times a second until stopped."""
        while not stopping.is_set():
            await self.reload_changed()
            self._publish_versions(applied_files)
            await sleep_or_stop(stopping, _RELOAD_INTERVAL_S)

    async def reload_changed(self) -> None:
        """Reload each file that changed since it was loaded."""
        for file in self._watched_files:
            await file.reload_if_changed()

    def _publish_versions(self, applied_files: AppliedFiles) -> None:
        versions = {file.path.name: file.loaded_version for file in self._watched_files if file.is_loaded}
        try:
            applied_files.publish(versions)
        except StorageError as error:
            _LOG.warning("cannot publish which files are in force", error=error)

    async def _load_key_ring(self) -> None:
        self._ring = keyring_file.load(self._settings.keyring_path)
        self._on_key_ring(self._ring)
        self._use_overrides(ActiveEdits(self._overrides.edits))

    async def _load_overrides(self) -> None:
        path = self._settings.overrides_path
        if not path.exists():
            return  # never created, or removed by mistake: an edit that was loaded stays in force
        # Millions of consents take a second to read, which would delay readers in the event loop.
        self._overrides = await asyncio.to_thread(overrides_file.read, path)
        self._use_overrides(ActiveEdits(self._overrides.edits))

    def _use_overrides(self, edits: ActiveEdits) -> None:
        self._routes.overrides = edits
        self._routes.erased = HashedRecipients(self._ring, self._overrides.currently_erased)
        self._routes.denied = HashedRecipients(self._ring, self._overrides.denied)

    async def _load_domains(self) -> None:
        if not self._settings.served_domains_path.exists():
            return  # no domain was ever added, or removed by mistake: the domains that were loaded stay in force
        # The pages of 300 domains take 0.6 s to build, which would delay readers in the event loop.
        served = (await asyncio.to_thread(served_domains.read, self._settings.served_domains_path)).domains
        self._routes.sites = await asyncio.to_thread(self._build_sites, list_sites(self._settings, served))
        self._routes.served_domains = {domain.site.host: domain for domain in served}


class _WatchedFile:
    """A file that is loaded when it changes.

    Attributes:
        loaded_version: version of the file when it was loaded.
        last_error: why the current version could not be loaded; empty if it was.
    """

    def __init__(self, kind: str, path: Path, load: Callable[[], Awaitable[None]]) -> None:
        self.kind = kind
        self.path = path
        self.loaded_version = ""
        self.is_loaded = False
        self.last_error = ""
        self._load = load

    async def reload_if_changed(self) -> None:
        """Load a changed file; with any error, the worker goes on and tries again."""
        version = get_file_version(self.path)  # before the file is read
        if self.is_loaded and version == self.loaded_version:
            return
        try:
            await self._load()
        except Exception as error:
            text = str(error) or type(error).__name__
            if text != self.last_error:
                _LOG.error("cannot reload a changed file, trying again", file=self.kind, error=error)
            self.last_error = text
        else:
            self.is_loaded, self.loaded_version, self.last_error = True, version, ""


async def _run_edge(settings: Settings, listening_socket: socket.socket, *, index: int) -> None:
    with AppliedFiles(settings.applied_files_path, f"edge-{index}") as applied_files:  # before any file is read
        await _serve(settings, listening_socket, applied_files, index=index)


async def _serve(
    settings: Settings, listening_socket: socket.socket, applied_files: AppliedFiles, *, index: int
) -> None:
    stopping = create_stop_event()
    clock = SystemClock()
    ring = keyring_file.load(settings.keyring_path)
    trusted_proxies = parse_trusted_proxies(settings.edge.trusted_proxies)
    judge = ReloadingJudge(settings.networks_path, clock)
    judge.refresh()
    async with open_links(settings) as stored_links:
        with open_journal(settings, f"edge-{index}") as journal:
            async with asyncio.TaskGroup() as tasks:  # ends before the journal is closed
                links = LinkResolver(link_sets=stored_links.link_sets, short_links=stored_links.short_links)
                build_redirector = partial(Redirector, links=links, trusted_proxies=trusted_proxies)
                routes = Routes(
                    redirector=build_redirector(ring),
                    journal=journal,
                    clock=clock,
                    ids=RandomIds(),
                    responses=Responses(),
                    create_task=tasks.create_task,
                    sites=_build_sites(settings, ()),  # of tracking domains loaded below, like the overrides
                    anonymizer=Anonymizer(judge=judge, ids=RandomIds()),
                    overrides=ActiveEdits(),
                    erased=HashedRecipients(ring),
                    denied=HashedRecipients(ring),
                    beacon=BeaconEndpoint(EngagementTracker(ring), journal=journal, clock=clock),
                    proof=EdgeProof(ring),
                )

                def use_key_ring(ring: KeyRing) -> None:
                    routes.redirector = build_redirector(ring)
                    routes.beacon = BeaconEndpoint(EngagementTracker(ring), journal=journal, clock=clock)
                    routes.proof = EdgeProof(ring)

                reloader = FileReloader(
                    settings,
                    routes,
                    ring,
                    on_key_ring=use_key_ring,
                    build_sites=partial(_build_sites, settings),
                )
                await reloader.start(applied_files)
                tasks.create_task(reloader.run(stopping, applied_files))
                tasks.create_task(judge.refresh_periodically(stopping))
                if index == 0 and stored_links.shared_registry:
                    from clicktrail.server.wiring.domain_copy import run_domain_copy
                    from clicktrail.server.wiring.overrides import run_overrides_copy

                    tasks.create_task(run_overrides_copy(stopping, settings, stored_links.shared_registry))
                    tasks.create_task(run_domain_copy(stopping, settings, stored_links.shared_registry))
                connections = OpenConnections(
                    compute_connection_limit(raise_file_limit()),
                    proxy_protocol_networks=trusted_proxies if settings.edge.proxy_protocol else (),
                )
                async with send_heartbeats(lambda: _build_heartbeat(routes, journal, connections, reloader)):
                    await serve_edge(listening_socket, routes, stopping=stopping, connections=connections)


def _build_sites(settings: Settings, domains: Sequence[TrackingDomain]) -> Sites:
    privacy = settings.privacy
    recording = RecordingOptions(
        ip_address_hours=privacy.ip_address_hours, records_opted_out=privacy.opted_out != "none"
    )
    return Sites(domains, recording=recording, landing_hosts=settings.engagement.hosts)


def _build_heartbeat(
    routes: Routes, journal: MeasuredJournal, connections: OpenConnections, reloader: FileReloader
) -> Heartbeat:
    values: dict[Metric, MetricValue] = {
        CONNECTIONS: len(connections),
        FAILED_TOKENS_OMITTED: routes.failed_tokens.omitted_count,
        CONNECTIONS_CLOSED: {reason.value: count for reason, count in connections.closed_counts.items()},
        HTTP_RESPONSES: routes.stats.status_counts,
        HTTP_RESPONSE_SECONDS: routes.stats.duration_seconds,
    }
    problems = collect_journal_problems(journal)
    limited_at, now = connections.limited_at, asyncio.get_running_loop().time()
    if limited_at is not None and now - limited_at < _LIMIT_REPORTED_S:
        problems = (*problems, _CONNECTIONS_PROBLEM)
    if kinds := reloader.unreadable_kinds:
        hint = f"an earlier version is in force, the log says why: {', '.join(kinds)}"
        problems = (*problems, Problem(code="files-not-applied", hint=hint))
    return build_heartbeat(values | collect_journal_metrics(journal), problems=problems)
