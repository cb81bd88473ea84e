"""SMTP server of the relay: receive messages, rewrite their links, and pass them to the next hop.

The relay has no queue. Each command is passed on at once, and the reply of the next hop is passed back: a recipient
that the next hop refuses is refused here with the same reply, and 250 for a message means that the next hop has it.
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

_LOG = structlog.get_logger(component="relay")
_MAX_MESSAGE_BYTES = 50 * 1024 * 1024
_MAX_LINE_BYTES = 16 * 1024 * 1024
"""RFC 5321 allows lines of 1,000 bytes, but real mail has longer ones. The next hop decides whether to accept them."""
_DRAIN_TIMEOUT_S = 20


@dataclass(slots=True, kw_only=True)
class Relay:
    """An SMTP server with one connection to the next hop for each connection of a client.

    Attributes:
        consents: tracking consents of recipients, used if the message does not state them.
        outcomes: number of messages by outcome: ``tracked``, ``not_rewritten`` (wholly or in part), ``refused``.
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
    _idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._idle.set()

    async def serve(self, listener: socket.socket, stopping: asyncio.Event) -> None:
        """Accept connections until ``stopping`` is set; then wait up to 20 seconds for messages in delivery."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(_Handler(self), loop=loop), sock=listener)
        await stopping.wait()
        self.is_stopping = True
        server.close()
        try:
            async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            _LOG.warning("relay stopped with messages in delivery", messages=self._in_flight)

    async def run_in_flight(self, delivery: Awaitable[Reply]) -> Reply:
        """Await the delivery of a message; `serve` does not return before it has finished."""
        self._in_flight += 1
        self._idle.clear()
        try:
            return await delivery
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()


class _Handler:
    """Handles the SMTP commands of one connection (aiosmtpd's handler hooks)."""

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
        # A temporary failure: the sender keeps the message and tries again.
        _LOG.error("command failed", exc_info=error)
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
        """Rewrite a message and store its short links; use sealed links if they cannot be stored."""
        relay = self._relay
        control = await add_stored_consent(parse_control_headers(raw), recipients, relay.consents)
        track = partial(track_message, control, tracker=relay.tracker, recipients=recipients, now=relay.clock.now())
        message_id = relay.ids.new()
        tracked = track(identity=MessageIdentity(message_id=message_id, short_code=relay.codes.new()))
        if tracked.short_message:
            try:
                await relay.short_links.add(tracked.short_message)
            except StorageError as error:
                _LOG.warning("short links not stored", message=message_id, error=error)
                return track(identity=MessageIdentity(message_id=message_id))
        return tracked


class _Connection(SMTP):
    """A server connection that accepts long lines and closes its connection to the next hop when it is lost."""

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
        _LOG.debug("reply of the next hop", reply_text=error.reply_text)
        return Reply(error.reply_code, error.reply_text)


async def _record_event(journal: Journal, line: bytes) -> None:
    """Record an event. The message is already sent, so a failure is only logged."""
    committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    journal.append(line, committed.set_result)
    if not await committed:
        _LOG.error("sent event is not on disk yet")
