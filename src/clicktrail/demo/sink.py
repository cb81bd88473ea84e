"""SMTP server that stores every message and forwards none: next hop of the demo and of the relay's tests."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

_MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message with its envelope.

    Attributes:
        content: the message's bytes after dot-unstuffing.
        received_at: time of arrival in seconds of the event loop's clock.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    received_at: float


class Sink:
    """SMTP server on 127.0.0.1 that accepts messages while its context is open.

    Attributes:
        messages: accepted messages, in order; a message is stored before its 250 reply is sent.
        refusals: replies to RCPT by recipient, such as ``{"ada@shop.example": "550 5.1.1 No such user"}``.
        data_refusal: reply to every message after its data; empty to accept messages.
        port: port that it listens on; 0 until the context is open.
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
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.get_running_loop().create_server(self._create_protocol, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        self.close_connections()
        await asyncio.sleep(0)  # transports close their sockets in the next iteration of the loop

    def close_connections(self) -> None:
        """Close every open connection without a reply, as a restarting server does."""
        for connection in tuple(self._connections):
            connection.close()

    def store(self, message: ReceivedMessage) -> None:
        """Add a message and call the callback."""
        self.messages.append(message)
        if self._on_message is not None:
            self._on_message(message)

    def _create_protocol(self) -> SMTP:
        return _Connection(_Handler(self), self._connections)


class _Connection(SMTP):
    # RFC 5321 section 4.5.3.1.6 allows 1000 octets a line, but real senders exceed it.
    line_length_limit = _MAX_MESSAGE_BYTES

    def __init__(self, handler: "_Handler", connections: set[asyncio.BaseTransport]) -> None:
        # Without a host name, aiosmtpd looks one up in the DNS.
        super().__init__(
            handler, data_size_limit=_MAX_MESSAGE_BYTES, enable_SMTPUTF8=True, hostname="sink.example", ident="sink"
        )
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:  # the base class sets it to None
            self._connections.discard(self.transport)
        super().connection_lost(error)


class _Handler:
    """aiosmtpd's hooks for RCPT and DATA."""

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
