"""An SMTP server that takes every message and sends none on: the demo's next hop, and the relay tests'."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

__all__ = ["ReceivedMessage", "Sink"]

_MAX_MESSAGE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message as it arrived.

    Attributes:
        sender: the envelope's sender.
        recipients: the envelope's recipients, those that were not refused.
        content: the message's bytes, dots unstuffed.
        received_at: when it arrived, in seconds of the running event loop's clock.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    received_at: float


class Sink:
    """Keeps what arrives on a port of 127.0.0.1 while the context is open.

    Attributes:
        messages: everything taken, in order; a message is in here before its 250 is sent.
        refusals: replies to the RCPT of some recipients, such as ``{"ada@shop.example": "550 5.1.1 No such user"}``.
        data_refusal: the reply to every message, after its data; empty to take them.
        port: where it listens; 0 until the context is open.
    """

    def __init__(self, *, on_message: Callable[[ReceivedMessage], None] | None = None) -> None:
        self.messages: list[ReceivedMessage] = []
        self.refusals: dict[str, str] = {}
        self.data_refusal = ""
        self.port = 0
        self._on_message = on_message
        self._connections: set[asyncio.BaseTransport] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens, as a setting: ``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.get_running_loop().create_server(self._create_protocol, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening, and hang up on whoever is still connected."""
        if self._server is not None:
            self._server.close()
        self.close_connections()
        await asyncio.sleep(0)  # a transport lets go of its socket in the loop's next round

    def close_connections(self) -> None:
        """Close every connection without a word, as a restarted server does; new ones are taken."""
        for connection in tuple(self._connections):
            connection.close()

    def _create_protocol(self) -> SMTP:
        return _Connection(_Handler(self), self._connections)

    def store(self, message: ReceivedMessage) -> None:
        """Keep a message."""
        self.messages.append(message)
        if self._on_message is not None:
            self._on_message(message)


class _Connection(SMTP):
    """One client; known to the sink as long as it is connected."""

    # RFC 5321 section 4.5.3.1.6 allows 1000 octets a line; real senders write more, and a sink is no judge of that.
    line_length_limit = _MAX_MESSAGE_BYTES

    def __init__(self, handler: "_Handler", connections: set[asyncio.BaseTransport]) -> None:
        # A host name of our own saves aiosmtpd a look-up in the DNS.
        super().__init__(
            handler, data_size_limit=_MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, hostname="sink.example", ident="sink"
        )
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:  # aiosmtpd forgets it in here
            self._connections.discard(self.transport)
        super().connection_lost(error)


class _Handler:
    """What aiosmtpd asks at RCPT and after DATA; the names of the methods are its own."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = self._sink.refusals.get(address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self._sink.data_refusal:
            return self._sink.data_refusal
        self._sink.store(
            ReceivedMessage(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=envelope.original_content or b"",
                received_at=asyncio.get_running_loop().time(),
            )
        )
        return "250 2.0.0 Kept"
