"""An SMTP server that replies what a test says, to see how a client takes it."""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Self

GOOD_REPLIES = {
    "connect": b"220 hop.example\r\n",
    "EHLO": b"250-hop.example\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    "HELO": b"250 hop.example\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 Go on\r\n",
    "data": b"250 2.0.0 Queued\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


class ScriptedServer:
    """Replies by what was received: a verb, ``connect``, or ``data`` for the end of a message.

    An empty reply closes the connection. Replies given at construction apply to the first connection only, so that a
    client which connects again finds a working server.

    Attributes:
        lines: command lines received, without line breaks.
        messages: data of accepted messages as sent, without the final dot.
        connection_count: connections accepted.
        replies: replies of the first connection.
        all_connections: whether the replies apply to later connections too.
        tls: certificate for STARTTLS; with ``is_tls`` for the whole connection.
    """

    def __init__(
        self,
        *,
        all_connections: bool = False,
        tls: ssl.SSLContext | None = None,
        is_tls: bool = False,
        **replies: bytes,
    ) -> None:
        self.replies = GOOD_REPLIES | replies
        self.all_connections = all_connections
        self.tls = tls
        self._is_tls = is_tls
        self.lines: list[bytes] = []
        self.messages: list[bytes] = []
        self.connection_count = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._received = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def verbs(self) -> Sequence[str]:
        return [line.split(b" ")[0].decode("ascii", "replace").upper() for line in self.lines]

    async def wait_for(self, line: bytes) -> None:
        """Wait until a command line was received."""
        async with self._received:
            await self._received.wait_for(lambda: line in self.lines)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=2**26, ssl=self.tls if self._is_tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection_count += 1
        is_scripted = self.all_connections or self.connection_count == 1
        replies = self.replies if is_scripted else GOOD_REPLIES
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            writer.write(replies["connect"])
            while replies["connect"]:
                line = (await reader.readuntil(b"\r\n"))[:-2]
                self.lines.append(line)
                async with self._received:
                    self._received.notify_all()
                verb = line.split(b" ")[0].decode("ascii", "replace").upper()
                reply = replies.get(verb, b"502 5.5.1 What?\r\n")
                writer.write(reply)
                if verb == "DATA" and reply.startswith(b"354"):
                    data = await reader.readuntil(b"\r\n.\r\n")
                    reply = replies["data"]
                    if reply.startswith(b"2"):
                        self.messages.append(data[:-3])
                    writer.write(reply)
                if verb == "STARTTLS" and self.tls:
                    await writer.start_tls(self.tls)
                if not reply or verb == "QUIT":
                    return
