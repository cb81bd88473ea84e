"""One connection: requests in, answers out in the order of their requests, and nobody holds it for ever."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from time import perf_counter
from typing import cast

import msgspec

from clicktrail.server.edge.http_reader import Refusal, RequestReader
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import Routes
from clicktrail.server.pipeline.request import Request

__all__ = ["DRAIN_TIMEOUT_S", "KEEPALIVE_TIMEOUT_S", "REQUEST_READ_TIMEOUT_S", "Connection", "IPNetwork", "serve_edge"]

IPNetwork = IPv4Network | IPv6Network

REQUEST_READ_TIMEOUT_S = 10.0
"""From a request's first byte to its last, so that a byte now and then is not enough to hold a connection."""

KEEPALIVE_TIMEOUT_S = 150.0
"""Without a request. Longer than proxies keep a connection (Caddy: 120 s), so that it is they who end it: a request
that meets our end of it on the way would be lost."""

_LINGER_TIMEOUT_S = 5.0
"""How long a client that was refused may go on sending: a connection closed on unread bytes is reset, and the answer
with it (RFC 9112 section 9.6)."""

_MAX_PIPELINED_REQUESTS = 64
"""Requests in a row whose answers are due; until they have left, further ones stay where they are."""


class _PendingResponse(msgspec.Struct, kw_only=True):  # made for each click, in a tenth of a dataclass's time
    """A place in the row.

    Attributes:
        with_body: the request was not ``HEAD``.
        began: when its request was complete, by ``perf_counter``.
        send: to be called once the response is known.
        response: None until then.
    """

    with_body: bool
    began: float
    send: Callable[[], None]
    response: Response | None = None

    def set_response(self, response: Response) -> None:
        """This is it."""
        self.response = response
        self.send()


class Connection(asyncio.Protocol):
    """One client. It has no task: the journal's callbacks send what waits for them.

    Args:
        routes: what requests are answered with.
        connections: the open connections, this one among them from its beginning to its end.
        proxy_protocol_networks: the networks whose connections begin with a header of the PROXY protocol.

    Attributes:
        closed: done when the connection is gone.
    """

    def __init__(
        self, routes: Routes, connections: set["Connection"], *, proxy_protocol_networks: Sequence[IPNetwork] = ()
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._routes = routes
        self._connections = connections
        self._proxy_protocol_networks = proxy_protocol_networks
        self._pending: deque[_PendingResponse] = deque()
        self._accepts_requests = True  # further requests are welcome
        self._is_draining = False  # the one that has begun is the last
        self._has_refused = False
        self._is_writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come: its first request is due."""
        self._transport = cast("asyncio.Transport", transport)
        peer = (transport.get_extra_info("peername") or ("",))[0]
        self._reader = RequestReader(peer, expect_proxy_header=_is_in_networks(peer, self._proxy_protocol_networks))
        self._deadline = self._loop.time() + REQUEST_READ_TIMEOUT_S
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on, and answer what is complete."""
        if not self._accepts_requests:
            return
        begun = self._reader.in_request
        requests = self._reader.feed(data)
        if requests:
            self._deadline = self._loop.time() + KEEPALIVE_TIMEOUT_S
        if self._reader.in_request and (requests or not begun):
            self._deadline = self._loop.time() + REQUEST_READ_TIMEOUT_S
        self._accepts_requests = not self._reader.is_finished and (self._reader.in_request or not self._is_draining)
        self._handle_requests(requests, self._reader.refusal)
        if len(self._pending) >= _MAX_PIPELINED_REQUESTS:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, but may still be listening: it gets what is due to it."""
        self._accepts_requests = False
        return bool(self._pending)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone: nobody waits for the answers that are due."""
        self._pending.clear()
        self._connections.discard(self)
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """The client does not take its answers, and so it may wait with further requests."""
        self._is_writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client takes its answers again."""
        self._is_writable = True
        self._resume_reading()

    def close_if_expired(self, now: float) -> None:
        """End the connection if its time is over; to be called now and then with the loop's time."""
        if now < self._deadline:
            return
        if not self._accepts_requests or self._pending:  # it was ended before, or its client takes nothing
            self._transport.abort()
        elif self._reader.in_request:
            self._accepts_requests = False
            self._handle_requests([], Refusal.TOO_SLOW)
        else:
            self.drain()

    def drain(self) -> None:
        """Let the request that has begun be the last, and end the connection once everything is answered."""
        self._is_draining = True
        self._accepts_requests = self._accepts_requests and self._reader.in_request
        if not self._accepts_requests and not self._pending:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def _handle_requests(self, requests: list[Request], refusal: Refusal | None) -> None:
        """Give out all places in the row before the first answer is known: only the last one says goodbye."""
        began = perf_counter()
        places = [self._new_pending(began, with_body=request.method != "HEAD") for request in requests]
        self._pending.extend(places)
        if self._reader.expects_continue and not refusal:
            self._pending.append(self._new_pending(began, response=self._routes.responses.continue_100))
        if refusal:
            self._has_refused = True
            self._deadline = self._loop.time() + _LINGER_TIMEOUT_S
            self._pending.append(self._new_pending(began, response=self._routes.responses.refusals[refusal]))
        for request, place in zip(requests, places, strict=True):
            self._routes.answer(request, place.set_response)
        if not requests:
            self._send_ready()

    def _new_pending(
        self, began: float, *, with_body: bool = True, response: Response | None = None
    ) -> _PendingResponse:
        return _PendingResponse(with_body=with_body, began=began, send=self._send_ready, response=response)

    def _send_ready(self) -> None:
        """Send what is known up to the first answer that is not."""
        data = b""
        while self._pending and (response := self._pending[0].response) is not None:
            answer = self._pending.popleft()
            self._routes.stats.record(response, answer.began)
            close = not self._accepts_requests and not self._pending
            data += self._routes.responses.encode(response, with_body=answer.with_body, close=close)
        if not data:
            return
        self._transport.write(data)
        if not self._pending and not self._accepts_requests:
            self._close_transport()
        else:
            self._resume_reading()

    def _resume_reading(self) -> None:
        if self._is_writable and len(self._pending) < _MAX_PIPELINED_REQUESTS and not self._transport.is_reading():
            self._transport.resume_reading()

    def _close_transport(self) -> None:
        if not self._has_refused:
            self._transport.close()
            return
        with contextlib.suppress(OSError):  # the client has left already
            self._transport.write_eof()


def _is_in_networks(peer: str, networks: Sequence[IPNetwork]) -> bool:
    if not networks or not peer:
        return False
    address = ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


# FOLDED server.py: Serve the public port on a socket that is already bound, until told to stop.

LISTEN_BACKLOG = 2048
"""Connections that the kernel holds while the loop is busy with a commit."""

DRAIN_TIMEOUT_S = 10.0
"""How long requests in hand may take once the edge is to stop."""

_SWEEP_INTERVAL_S = 1.0


async def serve_edge(
    listener: socket.socket,
    routes: Routes,
    *,
    stopping: asyncio.Event,
    proxy_protocol_networks: Sequence[IPNetwork] = (),
    drain_timeout_s: float = DRAIN_TIMEOUT_S,
) -> None:
    """Answer requests until ``stopping`` is set; then accept no more, finish those in hand, and return.

    The journal is its opener's to close, after this has returned: that commits what clients who left did not wait for.

    Args:
        listener: bound, of this process or shared with others that serve the same port; closed at the end.
        routes: what requests are answered with.
        stopping: set when the edge is to stop.
        proxy_protocol_networks: the networks whose connections begin with a header of the PROXY protocol.
        drain_timeout_s: how long requests in hand may take then.
    """
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    routes.responses.set_date(routes.clock.now())
    server = await loop.create_server(
        lambda: Connection(routes, connections, proxy_protocol_networks=proxy_protocol_networks),
        sock=listener,
        backlog=LISTEN_BACKLOG,
    )
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP_INTERVAL_S):
                await stopping.wait()
        routes.responses.set_date(routes.clock.now())
        for connection in tuple(connections):
            connection.close_if_expired(loop.time())
    server.close()
    for connection in tuple(connections):
        connection.drain()
    if connections:
        await asyncio.wait([connection.closed for connection in connections], timeout=drain_timeout_s)
    for connection in tuple(connections):
        connection.abort()
