"""A connection to the next hop, on which each reply belongs to one command.

Bytes that arrive when no reply is due mean that client and server disagree about where they are: a later 250 could then
be taken for the answer to a message that no server has. The connection fails, and the sender is asked to try again.
"""

import asyncio
import contextlib
import ssl
from typing import cast

from clicktrail.errors import RelayError
from clicktrail.server.relay.reply import FIRST_NEGATIVE_CODE, NEXT_HOP_CONFUSED, SHUTTING_DOWN, Reply, ReplyParser


class NextHopConnection(asyncio.Protocol):
    """A connection on which at most one reply at a time is due.

    Attributes:
        local_address: our own IP address.
    """

    def __init__(self) -> None:
        self._parser = ReplyParser()
        self._due: asyncio.Future[Reply] | None = None
        self._error: Exception | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.local_address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember our own address."""
        self._transport = cast("asyncio.Transport", transport)
        self.local_address = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        """Complete the reply that is due."""
        self._parser.feed(data)
        self._read_reply()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the exchange in progress, and each later one."""
        self._writable.set()
        if self._due is None and self._parser.has_unread_bytes:
            self._fail(self._build_unasked_error())  # says why, if it is a refusal
        self._fail(error or ConnectionResetError("the connection was closed"))

    def pause_writing(self) -> None:
        """Make `write` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Send data, and return once nearly all of it is with the kernel.

        Raises:
            OSError: the connection is lost.
            RelayError: the server has sent something meanwhile, such as a refusal of the rest.
        """
        self._raise_if_failed()
        self._transport.write(data)
        await self._writable.wait()
        await asyncio.sleep(0)  # one look at what has arrived
        self._raise_if_failed()

    async def exchange(self, data: bytes) -> Reply:
        """Send data, and return the one reply that follows it. The greeting follows no data.

        Raises:
            OSError: the connection is lost.
            RelayError: the server sent something else than one reply.
        """
        if data:
            self._raise_if_failed()
            self._transport.write(data)
        self._due = asyncio.get_running_loop().create_future()
        self._read_reply()
        try:
            return await self._due
        finally:
            self._due = None

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt the connection.

        Raises:
            OSError: the handshake failed.
            RelayError: the server has sent more than the reply to STARTTLS, which anyone could have added.
        """
        self._raise_if_failed()
        transport = await asyncio.get_running_loop().start_tls(self._transport, self, context, server_hostname=host)
        self._transport = cast("asyncio.Transport", transport)

    def abort(self) -> None:
        """Close the connection without flushing it."""
        self._transport.abort()

    def _raise_if_failed(self) -> None:
        if self._error is None and self._parser.has_unread_bytes:
            self._error = self._build_unasked_error()
        if self._error:
            raise self._error

    def _read_reply(self) -> None:
        if self._due is None or self._due.done():
            return
        if self._error:
            self._due.set_exception(self._error)
            return
        try:
            reply = self._parser.next_reply()
        except RelayError as error:
            self._fail(error)
            return
        if reply is None:
            return
        if self._parser.has_unread_bytes:
            unasked = self._build_unasked_error()
            if unasked.reply_code != SHUTTING_DOWN.code:
                self._fail(unasked)
                return
            self._error = unasked  # may follow any reply (RFC 5321 section 3.8)
        self._due.set_result(reply)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        if self._due and not self._due.done():
            self._due.set_exception(self._error)

    def _build_unasked_error(self) -> RelayError:
        """The refusal that the server sent before it was asked, such as 421; else 451."""
        reply: Reply | None = None
        with contextlib.suppress(RelayError):
            reply = self._parser.next_reply()
        if reply is None or reply.code < FIRST_NEGATIVE_CODE or self._parser.has_unread_bytes:
            reply = NEXT_HOP_CONFUSED
        return RelayError(
            f"the next hop sent a reply that was not due: {reply.code}", reply_code=reply.code, reply_text=reply.text
        )
