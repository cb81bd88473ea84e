"""Take messages by SMTP, and answer for each only what the next server has answered.

The relay keeps no queue. Every command that the next server has a say in goes on to it at once, so a refused
recipient is refused here with the same words, and a sender who was told 250 can rely on a server that keeps mail.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from clicktrail.errors import RelayError, StorageError
from clicktrail.model.event import encode_event
from clicktrail.server.pipeline.track import (
    MessageIdentity,
    TrackedMessage,
    add_stored_consent,
    parse_control_headers,
    track_message,
)
from clicktrail.server.ports import Clock, Consents, IdGenerator, Journal, ShortCodeGenerator, ShortLinks
from clicktrail.server.relay.smtp_client import INTERNAL_ERROR, SHUTTING_DOWN, NextHopClient, NextHopConfig, Reply
from clicktrail.tracking import Tracker

__all__ = ["Relay"]

_LOG = structlog.get_logger(component="relay")
_MAX_MESSAGE_BYTES = 50 * 1024 * 1024
_MAX_LINE_BYTES = 16 * 1024 * 1024
"""RFC 5321 allows 1,000 bytes a line; real mail has longer ones, and whether to take them is the next hop's choice."""
_DRAIN_TIMEOUT_S = 20


@dataclass(slots=True, kw_only=True)
class Relay:
    """An SMTP server on a listening socket, with one connection to the next hop for each it has itself.

    Attributes:
        next_hop: where messages go on to.
        tracker: replaces their links.
        consents: what recipients said, where the sender does not say.
        short_links: where short links are kept.
        codes: their codes.
        journal: where it is recorded that they were sent.
        clock: the time of day.
        ids: names of messages and events.
        is_stopping: whether no more messages are taken.
        outcomes: how many messages were handed on tracked, or untouched in a part or as a whole, or were refused.
    """

    next_hop: NextHopConfig
    tracker: Tracker
    consents: Consents
    short_links: ShortLinks
    codes: ShortCodeGenerator
    journal: Journal
    clock: Clock
    ids: IdGenerator
    is_stopping: bool = field(default=False, init=False)
    outcomes: Counter[str] = field(default_factory=Counter, init=False)
    _all_done: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._all_done.set()

    async def serve(self, listener: socket.socket, stopping: asyncio.Event) -> None:
        """Take connections until told to stop; then finish the messages in hand, at most 20 seconds."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(_Handler(self), loop=loop), sock=listener)
        await stopping.wait()
        self.is_stopping = True
        server.close()
        try:
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                await self._all_done.wait()
        except TimeoutError:
            _LOG.warning("relay stopped with messages in hand", messages=self._in_flight)

    async def run_in_flight(self, work: Awaitable[Reply]) -> Reply:
        """Do work that a stop waits for."""
        self._in_flight += 1
        self._all_done.clear()
        try:
            return await work
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._all_done.set()


class _Handler:
    """One connection's commands, as aiosmtpd hands them over: https://aiosmtpd.aio-libs.org (Hooks of handlers)."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._next_hop = NextHopClient(relay.next_hop)

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._relay.is_stopping:
            return str(SHUTTING_DOWN)
        reply = await _forward_command(lambda: self._next_hop.mail(address, [option.upper() for option in options]))
        if reply.is_positive:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return str(reply)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await _forward_command(lambda: self._next_hop.rcpt(address))
        if reply.is_positive:
            envelope.rcpt_tos.append(address)
        return str(reply)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        return str(await self._relay.run_in_flight(self._deliver(raw, envelope.rcpt_tos)))

    async def handle_RSET(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        await _forward_command(self._reset)
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        await self._next_hop.close()
        return "221 Bye"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours costs nobody a message: the sender keeps it and tries again."""
        _LOG.error("a command failed", exc_info=error)
        self._next_hop.abort()
        return str(INTERNAL_ERROR)

    def connection_lost(self) -> None:
        self._next_hop.abort()

    async def _reset(self) -> Reply:
        await self._next_hop.reset()
        return Reply(250, "OK")

    async def _deliver(self, raw: bytes, recipients: list[str]) -> Reply:
        relay = self._relay
        tracked = await self._track_message(raw, recipients)
        if tracked.skip_reasons:
            _LOG.info("message not rewritten", message=tracked.message_id, reason=",".join(tracked.skip_reasons))
        reply = await _forward_command(lambda: self._next_hop.data(tracked.raw))
        relay.outcomes[
            "refused" if not reply.is_positive else "not_rewritten" if tracked.skip_reasons else "tracked"
        ] += 1
        if reply.is_positive:
            sent = tracked.build_sent_event(id=relay.ids.new(), at=relay.clock.now(), recipient_count=len(recipients))
            await _record_event(relay.journal, encode_event(sent))
        return reply

    async def _track_message(self, raw: bytes, recipients: list[str]) -> TrackedMessage:
        """The message to hand on, its short links kept; where that fails it has sealed ones, which need no keeping."""
        relay = self._relay
        asked = await add_stored_consent(parse_control_headers(raw), recipients, relay.consents)
        make = partial(track_message, asked, tracker=relay.tracker, recipients=recipients, now=relay.clock.now())
        message_id = relay.ids.new()
        tracked = make(identity=MessageIdentity(message_id=message_id, short_code=relay.codes.new()))
        if tracked.short_message:
            try:
                await relay.short_links.add(tracked.short_message)
            except StorageError as error:
                _LOG.warning("short links could not be kept", message=message_id, error=error)
                return make(identity=MessageIdentity(message_id=message_id))
        return tracked


class _Connection(SMTP):
    """aiosmtpd's server side of one connection, with long lines, and the end of the connection told."""

    line_length_limit = _MAX_LINE_BYTES

    def __init__(self, handler: _Handler, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            handler,
            data_size_limit=_MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="clicktrail",
            loop=loop,
        )
        self._relay_handler = handler

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._relay_handler.connection_lost()


async def _forward_command(command: Callable[[], Awaitable[Reply]]) -> Reply:
    try:
        return await command()
    except RelayError as error:
        _LOG.warning("next hop refused", reply_code=error.reply_code, error=error)
        _LOG.debug("next hop's words", reply_text=error.reply_text)
        return Reply(error.reply_code, error.reply_text)


async def _record_event(journal: Journal, line: bytes) -> None:
    """Wait until an event is on disk, or is known to be kept waiting: the message has left either way."""
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    journal.append(line, done.set_result)
    if not await done:
        _LOG.error("a sent message is not on disk")
