"""Run one worker of the edge."""

import asyncio
import ipaddress
import socket

from clicktrail.server import keystore
from clicktrail.server.edge.responses import Responses
from clicktrail.server.edge.routes import Routes
from clicktrail.server.edge.server import serve_edge
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.redirect import Redirector
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.worker import run, say_ready, stop_signal

__all__ = ["run_edge"]


def run_edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    """Redirect on a listening socket, shared with the other workers, until told to stop."""
    run(_edge(settings, listening, index=index))


async def _edge(settings: Settings, listening: socket.socket, *, index: int) -> None:
    stopping = stop_signal()
    clock = SystemClock()
    redirector = Redirector(
        keystore.load(settings.data / keystore.NAME),
        trusted_proxies=tuple(ipaddress.ip_network(network) for network in settings.edge.trusted_proxies),
    )
    with SegmentWriter(settings.journal / f"edge-{index}", asyncio.get_running_loop()) as journal:
        routes = Routes(redirector=redirector, journal=journal, clock=clock, ids=RandomIds(), responses=Responses())
        say_ready()
        await serve_edge(listening, routes, clock=clock, stopping=stopping)
