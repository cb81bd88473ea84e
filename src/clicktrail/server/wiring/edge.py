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
from clicktrail.server.edge.pages import Records, Sites
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import Beacon, Routes
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.heartbeat import Figure, Pulse, pulse_of
from clicktrail.server.monitoring.metrics import ANSWER_SECONDS, ANSWERS, Metric
from clicktrail.server.pipeline.engagement import Engagements
from clicktrail.server.pipeline.link_lookup import StoredLinks
from clicktrail.server.pipeline.overrides import Overrides
from clicktrail.server.pipeline.privacy import Discretion, Marked
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.config import read_domains
from clicktrail.server.wiring.jobs import pause
from clicktrail.server.wiring.judge import CurrentJudge
from clicktrail.server.wiring.overrides import copy_until
from clicktrail.server.wiring.stores import open_journal, read_registry
from clicktrail.server.wiring.worker import journal_figures, journal_troubles, pulsing, run, stop_signal
from clicktrail.tokens import KeyRing

__all__ = ["Following", "run_edge"]

# FOLDED following.py: Have a running edge go by the files of its data folder: the key ring and the overrides.

_LOG = structlog.get_logger(part="edge")
_LOOK_S = 1.0
"""How soon a running edge goes by what was changed."""


class Following:
    """Reads key ring and overrides again whenever they are other files. What cannot be read changes nothing.

    Args:
        data: the data folder.
        ring: the key ring of the start.
        unlock: have the edge open what another ring opens, and nothing else.
    """

    def __init__(self, data: Path, ring: KeyRing, *, unlock: Callable[[KeyRing], None]) -> None:
        self._keys = _File(data / keyring_file.NAME)
        self._overrides = _File(data / overrides_file.NAME)
        self._ring = ring
        self._unlock = unlock

    async def follow(self, routes: Routes, stopping: asyncio.Event) -> None:
        """Look every second, until told to stop."""
        while not stopping.is_set():
            self.show(routes)
            await pause(stopping, _LOOK_S)

    def show(self, routes: Routes) -> None:
        """Have an edge go by the files that are others than before."""
        try:
            if self._keys.is_another():
                self._ring = keyring_file.load(self._keys.path)
                self._unlock(self._ring)
        except KeyRingError as error:
            _LOG.error("cannot read the key ring", error=error)
        try:
            if self._overrides.is_another():
                overrides = overrides_file.read(self._overrides.path)
                routes.overrides = Overrides(overrides.edits)
                routes.erased = Marked(self._ring, overrides.erased)
                routes.denied = Marked(self._ring, overrides.denied)
        except StorageError as error:
            _LOG.error("cannot read the overrides", error=error)


class _File:
    """A file that is looked at again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None

    def is_another(self) -> bool:
        """Whether it is another one than at the last look; not where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return False  # none was made, or somebody took it away: what is known still holds
        before, self._seen = self._seen, (found.st_ino, found.st_mtime_ns)
        return before != self._seen


def run_edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    """Redirect on a listening socket, shared with the other workers, until told to stop."""
    run(_edge(settings, listening, index=index))


async def _edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    stopping = stop_signal()
    clock = SystemClock()
    ring = keyring_file.load(settings.data / keyring_file.NAME)
    proxies = tuple(ipaddress.ip_network(network) for network in settings.edge.trusted_proxies)
    privacy = settings.privacy
    records = Records(address_hours=privacy.address_hours, opted_out=privacy.opted_out != "none")
    judge = CurrentJudge(settings.networks, clock)
    judge.refresh()
    async with read_registry(settings) as registry:
        links = StoredLinks(link_sets=registry.link_sets, short_links=registry.short_links)
        redirector = partial(Redirector, links=links, trusted_proxies=proxies)
        with open_journal(settings, f"edge-{index}") as journal:
            async with asyncio.TaskGroup() as lookups:
                routes = Routes(
                    redirector=redirector(ring),
                    journal=journal,
                    clock=clock,
                    ids=RandomIds(),
                    responses=Responses(),
                    start=lookups.create_task,
                    sites=Sites(read_domains(settings), records=records, landing_hosts=settings.engagement.hosts),
                    discretion=Discretion(judge=judge, ids=RandomIds()),
                    overrides=Overrides(),
                    erased=Marked(ring),
                    denied=Marked(ring),
                    beacon=Beacon(Engagements(ring), journal=journal, clock=clock),
                )

                def unlock(ring: KeyRing) -> None:
                    routes.redirector = redirector(ring)
                    routes.beacon = Beacon(Engagements(ring), journal=journal, clock=clock)

                following = Following(settings.data, ring, unlock=unlock)
                following.show(routes)
                lookups.create_task(following.follow(routes, stopping))
                lookups.create_task(judge.follow(stopping))
                if index == 0 and settings.registry.url:
                    lookups.create_task(copy_until(stopping, settings, registry))
                async with pulsing(lambda: _pulse(routes, journal)):
                    await serve_edge(
                        listening,
                        routes,
                        stopping=stopping,
                        announced_by=proxies if settings.edge.proxy_protocol else (),
                    )


def _pulse(routes: Routes, journal: SegmentWriter) -> Pulse:
    """What the worker says of itself."""
    figures: dict[Metric, Figure] = {ANSWERS: routes.tally.statuses, ANSWER_SECONDS: routes.tally.seconds}
    return pulse_of(figures | journal_figures(journal), troubles=journal_troubles(journal))
