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

__all__ = ["DRAIN_SECONDS", "IDLE_SECONDS", "READ_SECONDS", "Connection", "Network", "serve_edge"]

Network = IPv4Network | IPv6Network

READ_SECONDS = 10.0
"""From a request's first byte to its last, so that a byte now and then is not enough to hold a connection."""

IDLE_SECONDS = 150.0
"""Without a request. Longer than proxies keep a connection (Caddy: 120 s), so that it is they who end it: a request
that meets our end of it on the way would be lost."""

_LINGER_SECONDS = 5.0
"""How long a client that was refused may go on sending: a connection closed on unread bytes is reset, and the answer
with it (RFC 9112 section 9.6)."""

_MAX_UNANSWERED = 64
"""Requests in a row whose answers are due; until they have left, further ones stay where they are."""


class _Answer(msgspec.Struct, kw_only=True):  # made for each click, in a tenth of a dataclass's time
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

    def reply(self, response: Response) -> None:
        """This is it."""
        self.response = response
        self.send()


class Connection(asyncio.Protocol):
    """One client. It has no task: the journal's callbacks send what waits for them.

    Args:
        routes: what requests are answered with.
        connections: the open connections, this one among them from its beginning to its end.
        announced_by: the networks whose connections begin with a header of the PROXY protocol.

    Attributes:
        lost: done when the connection is gone.
    """

    def __init__(self, routes: Routes, connections: set["Connection"], *, announced_by: Sequence[Network] = ()) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._routes = routes
        self._connections = connections
        self._announced_by = announced_by
        self._answers: deque[_Answer] = deque()
        self._open = True  # further requests are welcome
        self._finishing = False  # the one that has begun is the last
        self._refused = False
        self._writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come: its first request is due."""
        self._transport = cast("asyncio.Transport", transport)
        peer = (transport.get_extra_info("peername") or ("",))[0]
        self._reader = RequestReader(peer, announced=_within(peer, self._announced_by))
        self._deadline = self._loop.time() + READ_SECONDS
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Read on, and answer what is complete."""
        if not self._open:
            return
        begun = self._reader.in_request
        requests = self._reader.feed(data)
        if requests:
            self._deadline = self._loop.time() + IDLE_SECONDS
        if self._reader.in_request and (requests or not begun):
            self._deadline = self._loop.time() + READ_SECONDS
        self._open = not self._reader.ended and (self._reader.in_request or not self._finishing)
        self._answer(requests, self._reader.refusal)
        if len(self._answers) >= _MAX_UNANSWERED:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, but may still be listening: it gets what is due to it."""
        self._open = False
        return bool(self._answers)

    def connection_lost(self, _error: Exception | None) -> None:
        """The client is gone: nobody waits for the answers that are due."""
        self._answers.clear()
        self._connections.discard(self)
        self.lost.set_result(None)

    def pause_writing(self) -> None:
        """The client does not take its answers, and so it may wait with further requests."""
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client takes its answers again."""
        self._writable = True
        self._read_on()

    def expire(self, now: float) -> None:
        """End the connection if its time is over; to be called now and then with the loop's time."""
        if now < self._deadline:
            return
        if not self._open or self._answers:  # it was ended before, or its client takes nothing
            self._transport.abort()
        elif self._reader.in_request:
            self._open = False
            self._answer([], Refusal.TOO_SLOW)
        else:
            self.finish()

    def finish(self) -> None:
        """Let the request that has begun be the last, and end the connection once everything is answered."""
        self._finishing = True
        self._open = self._open and self._reader.in_request
        if not self._open and not self._answers:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def _answer(self, requests: list[Request], refusal: Refusal | None) -> None:
        """Give out all places in the row before the first answer is known: only the last one says goodbye."""
        began = perf_counter()
        places = [self._place(began, with_body=request.method != "HEAD") for request in requests]
        self._answers.extend(places)
        if self._reader.awaited and not refusal:
            self._answers.append(self._place(began, response=self._routes.responses.go_on))
        if refusal:
            self._refused = True
            self._deadline = self._loop.time() + _LINGER_SECONDS
            self._answers.append(self._place(began, response=self._routes.responses.refusals[refusal]))
        for request, place in zip(requests, places, strict=True):
            self._routes.answer(request, place.reply)
        if not requests:
            self._send()

    def _place(self, began: float, *, with_body: bool = True, response: Response | None = None) -> _Answer:
        return _Answer(with_body=with_body, began=began, send=self._send, response=response)

    def _send(self) -> None:
        """Send what is known up to the first answer that is not."""
        data = b""
        while self._answers and (response := self._answers[0].response) is not None:
            answer = self._answers.popleft()
            self._routes.tally.count(response, answer.began)
            close = not self._open and not self._answers
            data += self._routes.responses.encode(response, with_body=answer.with_body, close=close)
        if not data:
            return
        self._transport.write(data)
        if not self._answers and not self._open:
            self._end()
        else:
            self._read_on()

    def _read_on(self) -> None:
        if self._writable and len(self._answers) < _MAX_UNANSWERED and not self._transport.is_reading():
            self._transport.resume_reading()

    def _end(self) -> None:
        if not self._refused:
            self._transport.close()
            return
        with contextlib.suppress(OSError):  # the client has left already
            self._transport.write_eof()


def _within(peer: str, networks: Sequence[Network]) -> bool:
    if not networks or not peer:
        return False
    address = ip_address(peer)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


# FOLDED server.py: Serve the public port on a socket that is already bound, until told to stop.

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
