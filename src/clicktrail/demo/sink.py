"""SMTP server that stores every message and forwards none: next hop of the demo and of the relay's tests."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from clicktrail.errors import RelayError
from clicktrail.server.relay.envelope import parse_path
from clicktrail.server.relay.smtp_input import Command, SmtpInput

_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
_READ_BYTES: Final = 256 * 1024


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
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
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

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        with contextlib.closing(writer), contextlib.suppress(OSError):
            await _Session(self, reader, writer).run()
        self._connections.discard(writer)


class _Session:
    """One connection."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._input = SmtpInput(max_message_bytes=_MAX_MESSAGE_BYTES)
        self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        await self._reply("220 sink.example ESMTP")
        while data := await self._reader.read(_READ_BYTES):
            self._input.feed(data)
            while command := self._input.next_command():
                await self._reply(await self._handle(command))
                if command.verb == "QUIT":
                    return

    async def _handle(self, command: Command) -> str:
        try:
            match command.verb:
                case "EHLO":
                    return "250-sink.example\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8"
                case "MAIL":
                    self._sender, self._recipients = parse_path(command.argument, "FROM").address, []
                case "RCPT":
                    return self._add_recipient(parse_path(command.argument, "TO").address)
                case "DATA":
                    return await self._receive_message()
                case "QUIT":
                    return "221 2.0.0 Bye"
                case _:
                    pass
        except RelayError as error:
            return f"{error.reply_code} {error.reply_text}"
        return "250 2.0.0 OK"

    def _add_recipient(self, recipient: str) -> str:
        if refusal := self._sink.refusals.get(recipient):
            return refusal
        self._recipients.append(recipient)
        return "250 2.1.5 OK"

    async def _receive_message(self) -> str:
        await self._reply("354 Go on")
        while (message := self._input.next_message()) is None:
            data = await self._reader.read(_READ_BYTES)
            if not data:
                raise ConnectionResetError
            self._input.feed(data)
        if self._sink.data_refusal:
            return self._sink.data_refusal
        received_at = asyncio.get_running_loop().time()
        self._sink.store(
            ReceivedMessage(
                sender=self._sender,
                recipients=tuple(self._recipients),
                content=message.content,
                received_at=received_at,
            )
        )
        return "250 2.0.0 Kept"

    async def _reply(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()
