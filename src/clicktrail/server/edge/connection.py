"""Serve HTTP/1.x on the public port: connections, pipelining, timeouts, and draining at the end.

A connection has no task of its own. Responses are sent from callbacks of the journal, in the order of their requests:
each request gets a place in a queue, and the responses at the front of the queue are written as soon as they are known.
"""

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

IPNetwork = IPv4Network | IPv6Network

REQUEST_READ_TIMEOUT_S = 10.0
"""Time from the first to the last byte of a request. Slow clients cannot hold a connection with a byte now and then."""

KEEPALIVE_TIMEOUT_S = 150.0
"""Longer than proxies keep an idle connection (Caddy: 120 s), so that the proxy closes it. If the edge did, a request
already on its way would be lost."""

_LINGER_TIMEOUT_S = 5.0
"""How long a refused client may continue to send. Closing a connection with unread data resets it, and the client may
then lose the response (RFC 9112 section 9.6)."""

_MAX_PIPELINED_REQUESTS = 64
"""Unanswered requests per connection. When the limit is reached, the socket is not read until some are answered."""

_LISTEN_BACKLOG = 2048
"""Connections that the kernel accepts while the loop is busy with a commit."""

_SWEEP_INTERVAL_S = 1.0


async def serve_edge(
    listener: socket.socket,
    routes: Routes,
    *,
    stopping: asyncio.Event,
    proxy_protocol_networks: Sequence[IPNetwork] = (),
    drain_timeout_s: float = 10.0,
) -> None:
    """Serve until ``stopping`` is set; then accept no more connections, finish started requests, and return.

    The listener is closed too. The caller has to close the journal afterwards, which commits the clicks of clients that
    have disconnected.
    """
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    routes.responses.set_date(routes.clock.now())
    server = await loop.create_server(
        lambda: Connection(routes, connections, proxy_protocol_networks=proxy_protocol_networks),
        sock=listener,
        backlog=_LISTEN_BACKLOG,
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


class _PendingResponse(msgspec.Struct, kw_only=True):  # created ten times as fast as a dataclass, once per click
    """A response that is due on a connection; ``started_at`` is the time of its request by ``perf_counter``."""

    with_body: bool
    started_at: float
    on_response: Callable[[], None]
    response: Response | None = None

    def set_response(self, response: Response) -> None:
        if self.response is None:
            self.response = response
            self.on_response()


class Connection(asyncio.Protocol):
    """One client connection.

    Args:
        connections: set of open connections; this one adds and removes itself.
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
        self._accepts_requests = True
        self._is_draining = False  # a request that has started is the last one
        self._has_refused = False
        self._is_writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        peer = (transport.get_extra_info("peername") or ("",))[0]
        self._reader = RequestReader(peer, expect_proxy_header=_is_in_networks(peer, self._proxy_protocol_networks))
        self._deadline = self._loop.time() + REQUEST_READ_TIMEOUT_S
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and answer the requests that are complete."""
        if not self._accepts_requests:
            return
        was_in_request = self._reader.in_request
        requests = self._reader.feed(data)
        if requests:
            self._deadline = self._loop.time() + KEEPALIVE_TIMEOUT_S
        if self._reader.in_request and (requests or not was_in_request):
            self._deadline = self._loop.time() + REQUEST_READ_TIMEOUT_S
        self._accepts_requests = not self._reader.is_finished and (self._reader.in_request or not self._is_draining)
        self._handle_requests(requests, self._reader.refusal)
        if len(self._pending) >= _MAX_PIPELINED_REQUESTS:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, but still gets its pending responses."""
        self._accepts_requests = False
        return bool(self._pending)

    def connection_lost(self, _error: Exception | None) -> None:
        """Discard the pending responses."""
        self._pending.clear()
        self._connections.discard(self)
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Stop reading requests while the client does not read its responses."""
        self._is_writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading."""
        self._is_writable = True
        self._resume_reading()

    def close_if_expired(self, now: float) -> None:
        """Close the connection if it has timed out. Call it regularly with the loop's time."""
        if now < self._deadline:
            return
        if not self._accepts_requests or self._pending:  # still open after a refusal, or the client reads nothing
            self._transport.abort()
        elif self._reader.in_request:
            self._accepts_requests = False
            self._handle_requests([], Refusal.TOO_SLOW)
        else:
            self.drain()

    def drain(self) -> None:
        """Answer the requests that have started, then close the connection."""
        self._is_draining = True
        self._accepts_requests = self._accepts_requests and self._reader.in_request
        if not self._accepts_requests and not self._pending:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection immediately."""
        self._transport.abort()

    def _handle_requests(self, requests: list[Request], refusal: Refusal | None) -> None:
        started_at = perf_counter()
        # Queue all before any is answered: only the last response of a connection has "Connection: close".
        pending = [
            self._create_pending_response(started_at, with_body=request.method != "HEAD") for request in requests
        ]
        self._pending.extend(pending)
        if self._reader.expects_continue and not refusal:
            self._pending.append(
                self._create_pending_response(started_at, response=self._routes.responses.continue_100)
            )
        if refusal:
            self._has_refused = True
            self._deadline = self._loop.time() + _LINGER_TIMEOUT_S
            self._pending.append(
                self._create_pending_response(started_at, response=self._routes.responses.refusals[refusal])
            )
        for request, pending_response in zip(requests, pending, strict=True):
            self._routes.answer(request, pending_response.set_response)
        if not requests:
            self._write_ready_responses()

    def _create_pending_response(
        self, started_at: float, *, with_body: bool = True, response: Response | None = None
    ) -> _PendingResponse:
        return _PendingResponse(
            with_body=with_body, started_at=started_at, on_response=self._write_ready_responses, response=response
        )

    def _write_ready_responses(self) -> None:
        """Write the responses at the front of the queue, up to the first that is not known yet."""
        data = b""
        while self._pending and (response := self._pending[0].response) is not None:
            pending = self._pending.popleft()
            self._routes.stats.record(response, pending.started_at)
            close = not self._accepts_requests and not self._pending
            data += self._routes.responses.encode(response, with_body=pending.with_body, close=close)
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
        # Close only the sending side for now, so that the client receives the refusal; see _LINGER_TIMEOUT_S.
        with contextlib.suppress(OSError):  # the client has disconnected
            self._transport.write_eof()


def _is_in_networks(peer: str, networks: Sequence[IPNetwork]) -> bool:
    if not networks or not peer:
        return False
    address = ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
