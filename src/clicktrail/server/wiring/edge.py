"""Run one worker of the edge."""

import asyncio
import ipaddress
import socket
from functools import partial

from clicktrail.server import keystore
from clicktrail.server.edge.beacon import Beacon
from clicktrail.server.edge.pages import Records
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import Routes
from clicktrail.server.edge.server import serve_edge
from clicktrail.server.edge.sites import Sites
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.monitoring.catalogue import ANSWER_SECONDS, ANSWERS, Metric
from clicktrail.server.monitoring.pulse import Figure, Pulse, pulse_of
from clicktrail.server.pipeline.discretion import Discretion
from clicktrail.server.pipeline.engage import Engagements
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.overrides import Overrides
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.pipeline.stored import StoredLinks
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.current_judge import CurrentJudge
from clicktrail.server.wiring.domains import read_domains
from clicktrail.server.wiring.following import Following
from clicktrail.server.wiring.journal import open_journal
from clicktrail.server.wiring.overrides import copy_until
from clicktrail.server.wiring.pulses import journal_figures, journal_troubles
from clicktrail.server.wiring.registry_reader import read_registry
from clicktrail.server.wiring.worker import pulsing, run, stop_signal
from clicktrail.tokens import KeyRing

__all__ = ["run_edge"]


def run_edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    """Redirect on a listening socket, shared with the other workers, until told to stop."""
    run(_edge(settings, listening, index=index))


async def _edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    stopping = stop_signal()
    clock = SystemClock()
    ring = keystore.load(settings.data / keystore.NAME)
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
