"""SMTP server of the relay: receive messages, have them tracked, and pass them to the next hop.

The relay has no queue. MAIL and RCPT are passed on at once, together if they arrive together, and the replies of the
next hop are passed back: a recipient that the next hop refuses is refused here with the same reply, and 250 for a
message means that the next hop has it.
"""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from clicktrail.errors import RelayError
from clicktrail.model.event import encode_event
from clicktrail.rewrite import SkipReason
from clicktrail.server.pipeline.track import TrackedMessage
from clicktrail.server.ports import Journal
from clicktrail.server.relay.envelope import Path, parse_path
from clicktrail.server.relay.message_tracker import FAILURE_REASONS, MessageTracker
from clicktrail.server.relay.next_hop_pool import NextHopPool
from clicktrail.server.relay.reply import INTERNAL_ERROR, NO_SENDER, OK, SHUTTING_DOWN, TIMEOUT, Reply
from clicktrail.server.relay.smtp_client import NextHopClient
from clicktrail.server.relay.smtp_input import Command, Message, SmtpInput

_LOG = structlog.get_logger(component="relay")
_MAX_MESSAGE_BYTES: Final = 50 * 1024 * 1024
_MAX_RECIPIENTS: Final = 1_000
"""RFC 5321 section 4.5.3.1.8 asks for at least 100."""
_READ_BYTES: Final = 64 * 1024
_MAX_UNKNOWN_COMMANDS: Final = 20
"""A client that sends more lines that are no SMTP commands is disconnected."""
_ENVELOPE_VERBS: Final = frozenset({"MAIL", "RCPT"})
_HTTP_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
"""A web page can make a browser send a request here, whose body holds commands."""
_RECORD_TIMEOUT_S: Final = 2.0
"""How long the reply to a message waits for its `sent` event to be on disk."""
_DRAIN_TIMEOUT_S: Final = 20
_TOO_LARGE: Final = Reply(552, f"5.3.4 The message is larger than {_MAX_MESSAGE_BYTES} bytes")
_UNREADABLE: Final = Reply(500, "5.5.6 The line is empty or too long")


@dataclass(slots=True, kw_only=True)
class Relay:
    """An SMTP server that passes messages on over shared connections to the next hop.

    Attributes:
        defers_when_unavailable: whether a message is deferred with 451, instead of passed on untracked, while registry
            or key ring cannot be read.
        outcomes: number of messages by outcome: ``tracked``; ``not_rewritten`` (wholly or in part); ``untracked``,
            because something failed; ``deferred``; ``refused``.
        max_connections: number of clients; one more closes the one that has been idle longest.
        max_buffered_bytes: size of all messages that are being received or delivered.
        idle_timeout_s: seconds that a client may take for a command or a piece of a message, or to read a reply
            (RFC 5321 section 4.5.3.2.7).
        stall_timeout_s: time without data after which a client within a message loses its connection to the next hop to
            another message that waits for one.
        untracked_at: time of the loop when a message was last untracked or deferred; None if none was.
    """

    next_hop: NextHopPool
    tracker: MessageTracker
    journal: Journal
    defers_when_unavailable: bool = False
    max_connections: int = 1_000
    max_buffered_bytes: int = 512 * 1024 * 1024
    idle_timeout_s: float = 300.0
    stall_timeout_s: float = 10.0
    is_stopping: bool = field(default=False, init=False)
    outcomes: Counter[str] = field(default_factory=Counter, init=False)
    untracked_at: float | None = field(default=None, init=False)
    buffered_bytes: int = field(default=0, init=False)
    _sessions: "dict[_Session, asyncio.Task[None]]" = field(default_factory=dict, init=False)
    _idle: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._idle.set()

    async def serve(self, listener: socket.socket, stopping: asyncio.Event) -> None:
        """Accept connections until ``stopping`` is set; then wait up to 20 seconds for messages in delivery."""
        async with asyncio.TaskGroup() as tasks:

            def start_session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                session = _Session(self, reader, writer)
                if len(self._sessions) >= self.max_connections:
                    self._close_idlest()
                self._sessions[session] = tasks.create_task(self._run_session(session, writer))

            server = await asyncio.start_server(start_session, sock=listener, limit=_READ_BYTES)
            await stopping.wait()
            self.is_stopping = True
            server.close()
            try:
                async with asyncio.timeout(_DRAIN_TIMEOUT_S):
                    await self._idle.wait()
            except TimeoutError:
                _LOG.warning("relay stopped with messages in delivery", messages=self._in_flight)
            for task in tuple(self._sessions.values()):
                task.cancel()
        self.next_hop.close()

    async def deliver(self, message: Message, recipients: list[str], next_hop: NextHopClient) -> Reply:
        """Pass a message on; `serve` does not return before this has finished."""
        self._in_flight += 1
        self._idle.clear()
        try:
            return await self._deliver(message.content, recipients, next_hop)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def _run_session(self, session: "_Session", writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                await session.run()
            except TimeoutError:  # the client does not read
                writer.transport.abort()
            except OSError:
                pass  # the client has disconnected
            except Exception as error:  # a bug in one session ends no other
                _LOG.error("session failed", exc_info=error)
            finally:
                del self._sessions[session]

    def _close_idlest(self) -> None:
        """Close the session that has waited longest for its client, unless a message is in progress in all of them."""
        idle = (session for session in self._sessions if session.idle_since is not None)
        if session := min(idle, key=lambda session: session.idle_since or 0.0, default=None):
            session.idle_since = None  # it ends in the next iteration of the loop: a further call closes another one
            self._sessions[session].cancel()

    async def _deliver(self, raw: bytes, recipients: list[str], next_hop: NextHopClient) -> Reply:
        tracked = await self.tracker.track(raw, recipients)
        if failures := FAILURE_REASONS.intersection(tracked.skip_reasons):
            self.untracked_at = asyncio.get_running_loop().time()
            if self.defers_when_unavailable and SkipReason.UNAVAILABLE in failures:
                self.outcomes["deferred"] += 1
                return INTERNAL_ERROR
            _LOG.warning("message passed on untracked", message=tracked.message_id, reason=",".join(failures))
        elif tracked.skip_reasons:
            _LOG.info("message not rewritten", message=tracked.message_id, reason=",".join(tracked.skip_reasons))
        # Built before the message is sent: nothing may fail between the next hop's 250 and ours.
        sent = tracked.build_sent_event(
            id=self.tracker.ids.new(), at=self.tracker.clock.now(), recipient_count=len(recipients)
        )
        line = encode_event(sent)
        reply = await _forward(next_hop.data(tracked.raw))
        self.outcomes[_classify(tracked, reply)] += 1
        if reply.is_positive:
            await self._record(line)
        return reply

    async def _record(self, line: bytes) -> None:
        """Record a `sent` event. The message is already sent, so a failure is only logged."""
        committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def set_committed(is_committed: bool) -> None:  # noqa: FBT001
            if not committed.done():
                committed.set_result(is_committed)

        self.journal.append(line, set_committed)
        is_on_disk = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RECORD_TIMEOUT_S):
                is_on_disk = await committed
        if not is_on_disk:
            _LOG.error("sent event is not on disk yet")


class _Session:
    """One client's connection: commands are handled one after the other, however many have arrived.

    Attributes:
        idle_since: time of the loop since which it waits for a command, outside of a message; None if it does not.
    """

    def __init__(self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relay = relay
        self._reader = reader
        self._writer = writer
        self._input = SmtpInput(max_message_bytes=_MAX_MESSAGE_BYTES)
        self._next_hop = NextHopClient(relay.next_hop)
        self.idle_since: float | None = asyncio.get_running_loop().time()
        self._unknown_count = 0
        self._buffered_bytes = 0
        self._has_greeted = False
        self._in_transaction = False
        self._recipients: list[str] = []
        self._handlers: dict[str, Callable[[bytes], Awaitable[Reply]]] = {
            "EHLO": self._handle_ehlo,
            "HELO": self._handle_helo,
            "DATA": self._handle_data,
            "RSET": self._handle_rset,
            "NOOP": self._handle_noop,
            "VRFY": self._handle_vrfy,
        }

    async def run(self) -> None:
        """Serve the client until it quits, disconnects, or is idle for five minutes."""
        try:
            await self._reply(Reply(220, f"{_host_name()} ESMTP clicktrail"))
            while command := await self._receive_command():
                if command.verb == "QUIT":
                    await self._reply(Reply(221, "2.0.0 Bye"))
                    return
                if command.verb in _HTTP_METHODS or self._unknown_count > _MAX_UNKNOWN_COMMANDS:
                    await self._reply(Reply(421, "4.7.0 Too many errors, closing connection"))
                    return
                await self._reply(*await self._handle(command))
        except asyncio.CancelledError:
            self._writer.write(SHUTTING_DOWN.encode())
            raise
        finally:
            self._next_hop.abandon()

    async def _receive_command(self) -> Command | None:
        """The next command; None if the client has disconnected, or was idle for too long."""
        self.idle_since = None if self._in_transaction else asyncio.get_running_loop().time()
        while (command := self._input.next_command()) is None:
            if not await self._read():
                return None
        self.idle_since = None
        return command

    async def _receive_message(self) -> Message | None:
        """The message; None if the client has disconnected, was idle for too long, or there is no room for it."""
        while (message := self._input.next_message()) is None:
            size = await self._read()
            self._buffered_bytes += size
            self._relay.buffered_bytes += size
            if not size:
                return None
            if self._relay.buffered_bytes > self._relay.max_buffered_bytes:
                await self._reply(Reply(421, "4.3.1 Too many messages at once, please try again later"))
                return None
        return message

    async def _read(self) -> int:
        """Read what the client has sent, and return its size; 0 if it has disconnected or was idle for too long."""
        loop = asyncio.get_running_loop()
        idle_deadline = loop.time() + self._relay.idle_timeout_s
        while (now := loop.time()) < idle_deadline:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(idle_deadline, now + self._relay.stall_timeout_s)):
                    data = await self._reader.read(_READ_BYTES)
                self._input.feed(data)
                return len(data)
            if self._in_transaction and self._relay.next_hop.waiting_count:
                break
        await self._reply(TIMEOUT)
        return 0

    async def _reply(self, *replies: Reply) -> None:
        self._writer.write(b"".join(reply.encode() for reply in replies))
        async with asyncio.timeout(self._relay.idle_timeout_s):
            await self._writer.drain()
        await asyncio.sleep(0)  # a client that sends many commands at once delays no other

    async def _handle(self, command: Command) -> list[Reply]:
        """The replies to a command, and to the RCPT commands that have arrived with MAIL or RCPT."""
        commands = [command]
        if command.verb in _ENVELOPE_VERBS:
            commands += self._input.next_recipients()
        try:
            return (
                await self._handle_envelope(commands) if command.verb in _ENVELOPE_VERBS else [await self._run(command)]
            )
        except RelayError as error:
            reply = Reply(error.reply_code, error.reply_text)
            _log_refusal(reply, error)
        except (ConnectionError, TimeoutError):  # of the client
            raise
        except Exception as error:
            # A temporary failure: the sender keeps the message and tries again.
            _LOG.error("command failed", exc_info=error)
            self._abandon_transaction()
            reply = INTERNAL_ERROR
        return [reply, *[NO_SENDER if command.verb == "MAIL" else reply] * (len(commands) - 1)]

    async def _run(self, command: Command) -> Reply:
        handler = self._handlers.get(command.verb)
        if handler:
            return await handler(command.argument)
        self._unknown_count += 1
        if command.verb:
            return Reply(502, "5.5.1 Command not implemented")
        return _UNREADABLE

    async def _handle_envelope(self, commands: Sequence[Command]) -> list[Reply]:
        """Pass on MAIL with the RCPT commands that have arrived, or RCPT commands alone."""
        sender = self._parse_sender(commands[0].argument) if commands[0].verb == "MAIL" else None
        if not sender and not self._in_transaction:
            return [NO_SENDER] * len(commands)
        room = _MAX_RECIPIENTS - len(self._recipients)
        parsed = [
            _parse_recipient(command) if number < room else Reply(452, "4.5.3 Too many recipients")
            for number, command in enumerate(commands[1:] if sender else commands)
        ]
        paths = [path for path in parsed if isinstance(path, Path)]
        sender_replies: list[Reply] = []
        if sender:
            first, *replies = await self._next_hop.begin(sender, paths)
            self._in_transaction = first.is_positive
            sender_replies = [first]
        else:
            replies = await self._next_hop.add_recipients(paths) if paths else []
        self._recipients += [path.address for path, reply in zip(paths, replies, strict=True) if reply.is_positive]
        answers = iter(replies)
        all_replies = [*sender_replies, *(next(answers) if isinstance(path, Path) else path for path in parsed)]
        for reply in all_replies:
            if not reply.is_positive and reply is not NO_SENDER:
                _log_refusal(reply)
        return all_replies

    def _parse_sender(self, argument: bytes) -> Path:
        if self._relay.is_stopping:
            raise _refuse(SHUTTING_DOWN)
        if not self._has_greeted:
            raise _refuse(Reply(503, "5.5.1 Send EHLO first"))
        if self._in_transaction:
            raise _refuse(Reply(503, "5.5.1 A message is already being sent"))
        path = parse_path(argument, "FROM")
        if path.parameters.get("SIZE", "").isdecimal() and int(path.parameters["SIZE"][:20]) > _MAX_MESSAGE_BYTES:
            raise _refuse(_TOO_LARGE)
        return path

    async def _handle_ehlo(self, _argument: bytes) -> Reply:
        await self._greet()
        extensions = (f"SIZE {_MAX_MESSAGE_BYTES}", "8BITMIME", "SMTPUTF8", "PIPELINING")
        return Reply(250, "\n".join([_host_name(), *extensions]))

    async def _handle_helo(self, _argument: bytes) -> Reply:
        await self._greet()
        return Reply(250, _host_name())

    async def _handle_data(self, _argument: bytes) -> Reply:
        if not self._recipients:
            return Reply(503, "5.5.1 Send MAIL and RCPT first")
        await self._reply(Reply(354, "End the message with a dot on a line by itself"))
        try:
            message = await self._receive_message()
            if message is None:
                raise ConnectionResetError
            recipients = self._recipients
            self._forget_transaction()
            if message.is_too_large:
                return _TOO_LARGE
            return await self._relay.deliver(message, recipients, self._next_hop)
        finally:
            self._relay.buffered_bytes -= self._buffered_bytes
            self._buffered_bytes = 0
            self._next_hop.abandon()

    async def _handle_rset(self, _argument: bytes) -> Reply:
        self._abandon_transaction()
        return OK

    async def _handle_noop(self, _argument: bytes) -> Reply:
        return OK

    async def _handle_vrfy(self, _argument: bytes) -> Reply:
        return Reply(252, "2.1.5 Send the message and see")

    async def _greet(self) -> None:
        self._abandon_transaction()
        self._has_greeted = True

    def _abandon_transaction(self) -> None:
        self._forget_transaction()
        self._next_hop.abandon()

    def _forget_transaction(self) -> None:
        self._in_transaction, self._recipients = False, []


async def _forward(command: Awaitable[Reply]) -> Reply:
    """The reply of the next hop, positive or not."""
    try:
        reply = await command
    except RelayError as error:
        reply = Reply(error.reply_code, error.reply_text)
        _log_refusal(reply, error)
    else:
        if not reply.is_positive:
            _log_refusal(reply)
    return reply


def _log_refusal(reply: Reply, error: RelayError | None = None) -> None:
    _LOG.warning("message or command refused", reply_code=reply.code, **({"error": error} if error else {}))
    _LOG.debug("reply", reply_text=reply.text)


def _parse_recipient(command: Command) -> Path | Reply:
    if command.verb != "RCPT":
        return _UNREADABLE
    try:
        return parse_path(command.argument, "TO")
    except RelayError as error:
        return Reply(error.reply_code, error.reply_text)


def _refuse(reply: Reply) -> RelayError:
    return RelayError(f"refused with {reply.code}", reply_code=reply.code, reply_text=reply.text)


def _classify(tracked: TrackedMessage, reply: Reply) -> str:
    if not reply.is_positive:
        return "refused"
    if FAILURE_REASONS.intersection(tracked.skip_reasons):
        return "untracked"
    return "not_rewritten" if tracked.skip_reasons else "tracked"


def _host_name() -> str:
    return socket.gethostname()
