"""Serve the public port on a socket that is already bound, until told to stop."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence

from clicktrail.server.edge.protocol import Connection, Network
from clicktrail.server.edge.routes import Routes

__all__ = ["DRAIN_SECONDS", "serve_edge"]

BACKLOG = 2048
"""Connections that the kernel holds while the loop is busy with a commit."""

DRAIN_SECONDS = 10.0
"""How long requests in hand may take once the edge is to stop."""

_SWEEP_SECONDS = 1.0


async def serve_edge(
    listener: socket.socket,
    routes: Routes,
    *,
    stopping: asyncio.Event,
    announced_by: Sequence[Network] = (),
    drain_seconds: float = DRAIN_SECONDS,
) -> None:
    """Answer requests until ``stopping`` is set; then accept no more, finish those in hand, and return.

    The journal is its opener's to close, after this has returned: that commits what clients who left did not wait for.

    Args:
        listener: bound, of this process or shared with others that serve the same port; closed at the end.
        routes: what requests are answered with.
        stopping: set when the edge is to stop.
        announced_by: the networks whose connections begin with a header of the PROXY protocol.
        drain_seconds: how long requests in hand may take then.
    """
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    routes.responses.tick(routes.clock.now())
    server = await loop.create_server(
        lambda: Connection(routes, connections, announced_by=announced_by), sock=listener, backlog=BACKLOG
    )
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP_SECONDS):
                await stopping.wait()
        routes.responses.tick(routes.clock.now())
        for connection in tuple(connections):
            connection.expire(loop.time())
    server.close()
    for connection in tuple(connections):
        connection.finish()
    if connections:
        await asyncio.wait([connection.lost for connection in connections], timeout=drain_seconds)
    for connection in tuple(connections):
        connection.abort()
