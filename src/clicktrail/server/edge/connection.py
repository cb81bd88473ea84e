"""Serve HTTP/1.x on the public port: connections, pipelining, timeouts, and draining at the end.

A connection has no task of its own. Responses are sent from callbacks of the journal, in the order of their requests:
each request gets a place in a queue, and the responses at the front of the queue are written as soon as they are known.

No client can take much of a worker. Bytes are parsed in slices, and other connections get their turn after each slice.
Nothing is parsed or read while a client has many requests without a response, or does not read its responses. Requests
and responses that take too long end the connection, and if there are too many connections, so do the idlest.
"""

import asyncio
import contextlib
import heapq
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address
from time import perf_counter
from typing import cast

import msgspec
import structlog

from clicktrail.server.edge.http_reader import Refusal, RequestReader
from clicktrail.server.edge.quick_lane import QuickLane
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import Routes
from clicktrail.server.pipeline.request import Request

_LOG = structlog.get_logger(component="edge")

IPNetwork = IPv4Network | IPv6Network

REQUEST_READ_TIMEOUT_S = 10.0
"""Time from the first to the last byte of a request. Slow clients cannot hold a connection with a byte now and then."""

KEEPALIVE_TIMEOUT_S = 150.0
"""Longer than proxies keep an idle connection (Caddy: 120 s), so that the proxy closes it. If the edge did, a request
already on its way would be lost."""

_LINGER_TIMEOUT_S = 5.0
"""How long a refused client may continue to send. Closing a connection with unread data resets it, and the client may
then lose the response (RFC 9112 section 9.6)."""

_WRITE_TIMEOUT_S = 10.0
"""How long a client may leave more than `_MAX_UNSENT_BYTES` of its responses unread."""

_MAX_PIPELINED_REQUESTS = 64
"""Unanswered requests per connection. When the limit is reached, nothing is parsed until some are answered."""

_TURNS_BUDGET_S = 0.001
"""Time in one iteration of the event loop for connections that sent many requests at once."""

_MAX_UNSENT_BYTES = 16 * 1024
"""Unsent bytes of a connection from which on nothing is parsed."""

_SOCKET_BUFFER_BYTES = 32 * 1024
"""Size of the kernel's buffers of a connection, in each direction; Linux doubles it. By default a client that reads
nothing could hold 4 MB."""

_ACCEPTS_PER_ITERATION = 16
"""Connections that are accepted in one iteration of the event loop. libuv accepts one for each listening descriptor. If
iterations are long, because many connections have requests, one would not keep up with new ones."""

MAX_CONNECTIONS = 10_000
"""Open connections of a worker. Each takes some ten kilobytes, most of them in the kernel."""

_RESERVED_FILES = 64
"""Open files of a worker that are not connections: journal, registry, listener, libraries."""

_CLOSED_SHARE = 64
"""If there are too many connections, one in this many is closed: so most new connections need no search."""

_LISTEN_BACKLOG = 2048
"""Connections that the kernel accepts while the loop is busy with a commit."""

_SWEEP_INTERVAL_S = 1.0


class CloseReason(StrEnum):
    """Why a connection was closed although its client wanted to keep it."""

    LIMIT = "limit"
    """It was one of the idlest, and there were too many."""

    SLOW = "slow"
    """A request was not complete in time."""

    UNREAD = "unread"
    """The client did not read its responses in time."""


class OpenConnections:
    """The open connections of a worker.

    Args:
        limit: maximum number. If there are more, the idlest are closed: first those that were active longest ago, and
            last those that wait for a response.
        proxy_protocol_networks: networks whose connections start with a PROXY protocol header.

    Attributes:
        closed_counts: number of connections that the worker closed, by reason.
        limited_at: when connections were last closed because of the limit, in the loop's time; None if never.
    """

    def __init__(self, limit: int = MAX_CONNECTIONS, *, proxy_protocol_networks: Sequence[IPNetwork] = ()) -> None:
        self.proxy_protocol_networks = proxy_protocol_networks
        self.closed_counts: Counter[CloseReason] = Counter()
        self.limited_at: float | None = None
        self._limit = limit
        self._connections: dict[Connection, None] = {}  # in the order in which they were opened
        self._turns: deque[Connection] = deque()
        self._are_turns_due = False

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> "Iterator[Connection]":
        return iter(tuple(self._connections))

    def add(self, connection: "Connection") -> None:
        """Add a new connection, and close others if there are too many."""
        self._connections[connection] = None
        if len(self._connections) > self._limit:
            self.limited_at = connection.active_at
            self._close_idlest()

    def remove(self, connection: "Connection") -> None:
        """Remove a connection that is closed."""
        self._connections.pop(connection, None)

    def schedule_turn(self, connection: "Connection") -> None:
        """Have a connection parse its next bytes when the others that wait have had their turn."""
        self._turns.append(connection)
        if not self._are_turns_due:
            self._are_turns_due = True
            asyncio.get_running_loop().call_soon(self._run_turns)

    def _run_turns(self) -> None:
        deadline = perf_counter() + _TURNS_BUDGET_S
        try:
            while self._turns and perf_counter() < deadline:
                self._turns.popleft().take_turn()
        finally:
            self._are_turns_due = bool(self._turns)
            if self._turns:
                asyncio.get_running_loop().call_soon(self._run_turns)

    def _close_idlest(self) -> None:
        count = max(1, self._limit // _CLOSED_SHARE)
        for connection in heapq.nsmallest(
            count, self._connections, key=lambda other: (other.awaits_response, other.active_at)
        ):
            self.remove(connection)
            connection.abort(CloseReason.LIMIT)


def compute_connection_limit(max_files: int) -> int:
    """Connections of a worker that may have this many open files, or any number if it is negative."""
    return MAX_CONNECTIONS if max_files < 0 else max(1, min(MAX_CONNECTIONS, max_files - _RESERVED_FILES))


async def serve_edge(
    listener: socket.socket,
    routes: Routes,
    *,
    stopping: asyncio.Event,
    connections: OpenConnections,
    drain_timeout_s: float = 10.0,
) -> None:
    """Serve until ``stopping`` is set; then accept no more connections, finish started requests, and return.

    The listener is closed too. The caller has to close the journal afterwards, which commits the clicks of clients that
    have disconnected.
    """
    loop = asyncio.get_running_loop()
    routes.responses.set_date(routes.clock.now())
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):  # accepted sockets inherit it
        listener.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER_BYTES)
    descriptors = [listener, *(listener.dup() for _ in range(_ACCEPTS_PER_ITERATION - 1))]
    quick_lane = QuickLane(routes)
    servers = [
        await loop.create_server(
            lambda: Connection(routes, connections, quick_lane), sock=descriptor, backlog=_LISTEN_BACKLOG
        )
        for descriptor in descriptors
    ]
    while not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP_INTERVAL_S):
                await stopping.wait()
        routes.responses.set_date(routes.clock.now())
        for connection in connections:
            connection.close_if_expired(loop.time())
    for server in servers:
        server.close()
    for connection in connections:
        connection.drain()
    if connections:
        await asyncio.wait([connection.closed for connection in connections], timeout=drain_timeout_s)
    for connection in connections:
        connection.abort()


class _PendingResponse(msgspec.Struct, kw_only=True):  # created ten times as fast as a dataclass, once per click
    """A response that is due on a connection; ``started_at`` is the time of its request by ``perf_counter``."""

    started_at: float
    on_response: Callable[[], None]
    with_body: bool = True
    response: Response | None = None

    def set_response(self, response: Response) -> None:
        if self.response is None:
            self.response = response
            self.on_response()


class Connection(asyncio.Protocol):
    """One client connection.

    Args:
        connections: open connections; this one adds and removes itself.

    Attributes:
        active_at: when it was opened, or last sent or completed a request, in the loop's time.
    """

    def __init__(self, routes: Routes, connections: OpenConnections, quick_lane: QuickLane) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.active_at = self._loop.time()
        self._routes = routes
        self._connections = connections
        self._quick_lane = quick_lane
        self._quick_head = b""  # of the response that is due by the quick lane, at most one
        self._quick_pending = _PendingResponse(started_at=0.0, on_response=self._write_ready_responses)
        self._pending: deque[_PendingResponse] = deque()
        self._unparsed = b""
        self._has_turn = False  # waits for its turn to parse more
        self._timeout_s = REQUEST_READ_TIMEOUT_S
        self._unread_since: float | None = None  # the client does not read its responses
        self._accepts_requests = True
        self._is_draining = False  # a request that has started is the last one
        self._has_refused = False
        self._is_closing = False

    @property
    def awaits_response(self) -> bool:
        """Whether a response is due that the client is ready to read."""
        return bool(self._pending) and self._unread_since is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        peer_address = transport.get_extra_info("peername")
        if peer_address is None:  # the client reset the connection before it was accepted
            self.abort()
            return
        peer = peer_address[0]
        self._transport.set_write_buffer_limits(high=_MAX_UNSENT_BYTES)
        self._reader = RequestReader(
            peer, expect_proxy_header=_is_in_networks(peer, self._connections.proxy_protocol_networks)
        )
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes, and answer the requests that are complete."""
        if self._unparsed:
            self._unparsed += data
            return
        if not self._accepts_requests:
            return
        was_in_request = self._reader.in_request
        if not was_in_request and not self._pending and self._answer_quickly(data):
            return
        requests, end = self._reader.feed_part(data)
        if requests:
            self.active_at, self._timeout_s = self._loop.time(), KEEPALIVE_TIMEOUT_S
        if self._reader.in_request and (requests or not was_in_request):
            self._set_timeout(REQUEST_READ_TIMEOUT_S)
        if end < len(data) and not self._reader.is_finished:
            self._unparsed = data[end:]
            self._transport.pause_reading()
        self._accepts_requests = not self._reader.is_finished and (
            not self._is_draining or self._reader.in_request or bool(self._unparsed)
        )
        self._handle_requests(requests, self._reader.refusal)
        if len(self._pending) >= _MAX_PIPELINED_REQUESTS and not self._is_closing:
            self._transport.pause_reading()
        if self._unparsed:
            self._resume_reading()

    def _answer_quickly(self, data: bytes) -> bool:
        """Answer an ordinary click while no other response is due. Returns False if it takes the full lane."""
        try:
            prepared = self._quick_lane.prepare(data, self._reader.peer, https=self._reader.https)
        except Exception as error:
            _LOG.exception("quick lane failed", exc_info=error)
            return False
        if prepared is None:
            return False
        self._quick_head, event = prepared
        pending = self._quick_pending
        pending.started_at, pending.response = perf_counter(), None
        self._pending.append(pending)
        self.active_at, self._timeout_s = self._loop.time(), KEEPALIVE_TIMEOUT_S
        self._routes.record(event, self._send_quick_response)
        return True

    def _send_quick_response(self, _committed: bool) -> None:  # noqa: FBT001 - the port's callback
        """Send the response of the quick lane, which is the oldest that is due."""
        if len(self._pending) == 1 and self._accepts_requests:
            self._routes.stats.record(b"302", self._pending.popleft().started_at)
            self._transport.write(self._quick_head + self._routes.responses.date_header + b"\r\n")
        elif self._pending:  # otherwise the client has disconnected
            self._pending[0].set_response(Response(head=self._quick_head))

    def eof_received(self) -> bool:
        """The client sends no more, but still gets its pending responses."""
        self._accepts_requests = False
        return bool(self._pending)

    def connection_lost(self, _error: Exception | None) -> None:
        """Discard the pending responses."""
        self._is_closing = True
        self._pending.clear()
        self._connections.remove(self)
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Stop reading requests while the client does not read its responses."""
        self._unread_since = self._loop.time()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading."""
        self._unread_since = None
        self._resume_reading()

    def close_if_expired(self, now: float) -> None:
        """Close the connection if it has timed out. Call it regularly with the loop's time."""
        if self._unread_since is not None and now >= self._unread_since + _WRITE_TIMEOUT_S:
            self.abort(CloseReason.UNREAD)
        elif now < self.active_at + self._timeout_s:
            return
        elif self._is_closing or not self._accepts_requests or self._pending:
            self.abort(None if self._has_refused else CloseReason.UNREAD)  # a refused client may still send
        elif self._reader.in_request:
            self._accepts_requests = False
            self._connections.closed_counts[CloseReason.SLOW] += 1
            self._handle_requests([], Refusal.TOO_SLOW)
        else:
            self.drain()

    def drain(self) -> None:
        """Answer the requests that have started, then close the connection."""
        self._is_draining = True
        self._accepts_requests = self._accepts_requests and (self._reader.in_request or bool(self._unparsed))
        if not self._accepts_requests and not self._pending:
            self._close()

    def abort(self, reason: CloseReason | None = None) -> None:
        """Close the connection immediately."""
        if reason is not None:
            self._connections.closed_counts[reason] += 1
        self._is_closing = True
        self._transport.abort()

    def take_turn(self) -> None:
        """Parse the next bytes, unless the client has to be answered, or to read its responses, first."""
        self._has_turn = False
        if self._is_closing or self._is_blocked:
            return
        data, self._unparsed = self._unparsed, b""
        self.data_received(data)
        self._resume_reading()

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
            self._set_timeout(_LINGER_TIMEOUT_S)
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
        parts: list[bytes] = []
        while self._pending and (response := self._pending[0].response) is not None:
            pending = self._pending.popleft()
            self._routes.stats.record(response.status, pending.started_at)
            close = not self._accepts_requests and not self._pending
            parts.append(self._routes.responses.encode(response, with_body=pending.with_body, close=close))
        if not parts:
            return
        self._transport.write(b"".join(parts))
        if not self._pending and not self._accepts_requests:
            self._close_after_last_response()
        else:
            self._resume_reading()

    def _resume_reading(self) -> None:
        """Parse the bytes that have arrived, then read more, once the client may have further requests answered."""
        if self._is_blocked or self._is_closing:
            return
        if self._unparsed:
            if not self._has_turn:
                self._has_turn = True
                self._connections.schedule_turn(self)
        elif not self._transport.is_reading():
            self._transport.resume_reading()

    @property
    def _is_blocked(self) -> bool:
        return self._unread_since is not None or len(self._pending) >= _MAX_PIPELINED_REQUESTS

    def _set_timeout(self, seconds: float) -> None:
        self.active_at, self._timeout_s = self._loop.time(), seconds

    def _close_after_last_response(self) -> None:
        if not self._has_refused:
            self._close()
            return
        # Close only the sending side for now, so that the client receives the refusal; see _LINGER_TIMEOUT_S.
        with contextlib.suppress(OSError):  # the client has disconnected
            self._transport.write_eof()

    def _close(self) -> None:
        self._set_timeout(_LINGER_TIMEOUT_S)  # for the client to read its last responses
        self._is_closing = True
        self._transport.close()


def _is_in_networks(peer: str, networks: Sequence[IPNetwork]) -> bool:
    if not networks or not peer:
        return False
    address = ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
