"""A connection to the next hop, on which each reply belongs to one command.

Commands that are sent together get as many replies, in order (RFC 2920). DATA and the end of the data are sent alone,
so that a reply too many is noticed before the next hop can take a message.

Bytes that arrive when no reply is due mean that client and server disagree about where they are: a later 250 could then
be taken for the answer to a message that no server has. The connection fails, and the sender is asked to try again.
"""

import asyncio
import contextlib
import ssl
from typing import cast

from clicktrail.errors import RelayError
from clicktrail.server.relay.reply import (
    FIRST_NEGATIVE_CODE,
    MAX_REPLY_BYTES,
    NEXT_HOP_CONFUSED,
    SHUTTING_DOWN,
    Reply,
    ReplyParser,
)

_START_OF_DATA_CODE = 354
_QUIT_TIMEOUT_S = 1


class NextHopConnection(asyncio.Protocol):
    """A connection on which as many replies are due as commands were sent.

    Attributes:
        local_address: our own IP address.
    """

    def __init__(self) -> None:
        self._parser = ReplyParser()
        self._due: asyncio.Future[list[Reply]] | None = None
        self._due_count = 0
        self._replies: list[Reply] = []
        self._error: Exception | None = None
        self._is_quitting = False
        self._writable = asyncio.Event()
        self._writable.set()
        self.local_address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember our own address."""
        self._transport = cast("asyncio.Transport", transport)
        self.local_address = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        """Complete the replies that are due."""
        if self._is_quitting:
            self._transport.close()
        if self._error:
            return
        self._parser.feed(data)
        self._read_replies()
        if self._due is None:
            self._writable.set()  # `write` looks at what has arrived
            if self._parser.unread_size > MAX_REPLY_BYTES:
                self._fail(_build_unasked_error(NEXT_HOP_CONFUSED))
                self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the exchange in progress, and each later one."""
        self._writable.set()
        if self._due is None and self._parser.unread_size:
            self._fail(self._read_unasked_reply())  # says why, if it is a refusal of the data
        self._fail(error or ConnectionResetError("the connection was closed"))

    def pause_writing(self) -> None:
        """Make `write` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `write` go on."""
        self._writable.set()

    @property
    def is_usable(self) -> bool:
        """Whether the connection is open, no reply is due, and the server has sent none that was not due."""
        return not (self._error or self._due or self._parser.unread_size or self._transport.is_closing())

    async def write(self, data: bytes | memoryview) -> None:
        """Send a piece of a message, and return once nearly all of it is with the kernel.

        Raises:
            OSError: the connection is lost.
            RelayError: the server has sent something meanwhile, such as a refusal of the rest.
        """
        self._raise_if_failed(may_refuse=True)
        self._transport.write(data)
        await self._writable.wait()
        await asyncio.sleep(0)  # one look at what has arrived
        self._raise_if_failed(may_refuse=True)

    async def exchange(self, data: bytes) -> Reply:
        """Send data, and return the one reply that follows it. The greeting follows no data.

        Raises:
            OSError: the connection is lost.
            RelayError: the server sent something else than one reply.
        """
        (reply,) = await self.exchange_all(data, 1)
        return reply

    async def exchange_all(self, data: bytes, count: int) -> list[Reply]:
        """Send commands, and return their replies. 421 is also the reply to the commands after it.

        Raises:
            OSError: the connection is lost.
            RelayError: the server sent something else than as many replies.
        """
        if data:
            self._raise_if_failed()
            self._transport.write(data)
        self._due = asyncio.get_running_loop().create_future()
        self._due_count, self._replies = count, []
        self._read_replies()
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

    def quit(self) -> None:
        """Send QUIT, and close the connection after the reply or a second."""
        self._is_quitting = True
        self._transport.write(b"QUIT\r\n")
        asyncio.get_running_loop().call_later(_QUIT_TIMEOUT_S, self._transport.abort)

    def abort(self) -> None:
        """Close the connection without flushing it."""
        self._error = self._error or ConnectionAbortedError("the connection was closed")
        self._transport.abort()

    def _raise_if_failed(self, *, may_refuse: bool = False) -> None:
        """Raise an error if the connection has failed, or the server has sent what was not due.

        Args:
            may_refuse: whether a refusal counts: a server may refuse a message before all of it has arrived.
        """
        if self._error is None and self._parser.unread_size:
            self._error = self._read_unasked_reply(may_refuse=may_refuse)
        if self._error:
            raise self._error

    def _read_replies(self) -> None:
        if self._due is None or self._due.done():
            return
        if self._error:
            self._due.set_exception(self._error)
            return
        try:
            while len(self._replies) < self._due_count and (reply := self._parser.next_reply()):
                self._replies.append(reply)
                if reply.code == SHUTTING_DOWN.code:
                    self._error = _build_unasked_error(reply)
                    self._replies += [reply] * (self._due_count - len(self._replies))
        except RelayError as error:
            self._fail(error)
            return
        if len(self._replies) < self._due_count:
            return
        if self._parser.unread_size and self._replies[-1].code != _START_OF_DATA_CODE:  # a refusal may follow 354
            unasked = self._read_unasked_reply()
            if unasked.reply_code != SHUTTING_DOWN.code:
                self._fail(unasked)
                return
            self._error = unasked  # may follow any reply (RFC 5321 section 3.8)
        self._due.set_result(self._replies)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        if self._due and not self._due.done():
            self._due.set_exception(self._error)

    def _read_unasked_reply(self, *, may_refuse: bool = False) -> RelayError:
        """The error for what the server sent without being asked: 421, a refusal that counts, or 451."""
        reply: Reply | None = None
        with contextlib.suppress(RelayError):
            reply = self._parser.next_reply()
        counts = reply is not None and (
            reply.code == SHUTTING_DOWN.code or (may_refuse and reply.code >= FIRST_NEGATIVE_CODE)
        )
        is_alone = not self._parser.unread_size
        return _build_unasked_error(reply if reply and counts and is_alone else NEXT_HOP_CONFUSED)


def _build_unasked_error(reply: Reply) -> RelayError:
    return RelayError(
        f"the next hop sent a reply that was not due: {reply.code}", reply_code=reply.code, reply_text=reply.text
    )
