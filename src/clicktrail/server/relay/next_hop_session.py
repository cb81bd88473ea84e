"""A connection to the next hop that is greeted, encrypted and logged in as the settings say."""

import asyncio
import base64
import socket
import ssl
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from clicktrail.errors import RelayError
from clicktrail.server.relay.next_hop_connection import NextHopConnection
from clicktrail.server.relay.reply import FIRST_NEGATIVE_CODE, NEXT_HOP_CONFUSED, NEXT_HOP_UNREACHABLE, Reply

_AUTHENTICATED_CODE = 235
"""RFC 4954 section 6."""
_COMMAND_TIMEOUT_S = 300
"""RFC 5321 section 4.5.3.2 asks for at least five minutes for most commands."""
_DATA_TIMEOUT_S = 180
"""For each piece of the data (RFC 5321 section 4.5.3.2.5)."""

_COMPLETED = range(250, 260)
"""Replies to a command that was completed. 221 says goodbye, and is not the answer to a message."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopConfig:
    """Address of and login at the next hop, and how its connections are used.

    Attributes:
        tls: ``none``, ``starttls`` or ``tls``.
        tls_context: trusted authorities; loading them takes 60 ms, too much for each connection.
        username: empty for no login.
        password: ignored without a username.
        ehlo_name: name that we introduce ourselves with; empty for our IP address.
        connect_timeout_s: seconds to connect to each address of the next hop.
        command_timeout_s: seconds for the reply to a command.
        max_connections: connections at the same time.
        max_messages: messages on one connection.
        max_idle_s: seconds for which an unused connection is kept; servers close it after 10 to 300 themselves.
        max_wait_s: seconds for which a message waits for a connection.
    """

    host: str
    port: int
    tls: str = "none"
    tls_context: ssl.SSLContext | None = None
    username: str = ""
    password: str = ""
    ehlo_name: str = ""
    connect_timeout_s: float = 10.0
    command_timeout_s: float = _COMMAND_TIMEOUT_S
    max_connections: int = 50
    max_messages: int = 100
    max_idle_s: float = 10.0
    max_wait_s: float = 30.0

    def __str__(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


class OpeningStep(StrEnum):
    """What is done to open a session, in this order."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    LOGIN = "login"


class NextHopOpenError(RelayError):
    """A session could not be opened. The sender cannot fix that, so the reply is always 451: the sender tries again.

    Attributes:
        step: the step that failed.
        refusal: the next hop's reply; None if it did not reply, or the connection was lost.
        cause: the error of the connection; None if the next hop replied.
    """

    def __init__(
        self, error: Exception, config: NextHopConfig, *, step: OpeningStep, refusal: Reply | None = None
    ) -> None:
        is_relay_error = isinstance(error, RelayError)
        super().__init__(
            str(error) if is_relay_error else _describe_unreachable(config, error),
            reply_code=NEXT_HOP_UNREACHABLE.code,
            reply_text=NEXT_HOP_UNREACHABLE.text,
            hint=error.hint if isinstance(error, RelayError) else "",
        )
        self.step = step
        self.refusal = refusal
        self.cause = _find_os_error(error)


class NextHopSession:
    """A session with the next hop, for one message after the other.

    If the connection fails, or the next hop breaks the protocol, methods close the connection and raise `RelayError`
    with 451.

    Attributes:
        message_count: messages that were begun.
        in_transaction: whether MAIL was sent, but the message was not: RSET must precede the next MAIL.
    """

    def __init__(self, config: NextHopConfig, connection: NextHopConnection) -> None:
        self.message_count = 0
        self.in_transaction = False
        self._config = config
        self._connection = connection
        self._extensions: dict[str, str] = {}
        self._step = OpeningStep.GREETING

    @classmethod
    async def open(cls, config: NextHopConfig) -> "NextHopSession":
        """Connect and log in.

        Raises:
            NextHopOpenError: that failed.
        """
        try:
            session = cls(config, await _connect(config))
        except OSError as error:  # TimeoutError is one
            raise NextHopOpenError(error, config, step=OpeningStep.CONNECT) from error
        try:
            await session._begin()
        except RelayError as error:
            session.abort()
            reply = Reply(error.reply_code, error.reply_text)
            refusal = None if reply in {NEXT_HOP_CONFUSED, NEXT_HOP_UNREACHABLE} else reply
            raise NextHopOpenError(error, config, step=session._step, refusal=refusal) from error
        except BaseException:
            session.abort()
            raise
        return session

    @property
    def is_usable(self) -> bool:
        """Whether the connection is open, and the next hop has sent nothing that was not due."""
        return self._connection.is_usable

    def supports(self, extension: str) -> bool:
        """Whether the next hop offers an extension, by its keyword in EHLO."""
        return extension in self._extensions

    async def send_all(self, commands: Sequence[str]) -> list[Reply]:
        """Send commands, in one write if the next hop offers PIPELINING (RFC 2920). Returns one reply for each."""
        lines = [command.encode() + b"\r\n" for command in commands]
        if self.supports("PIPELINING") and lines:
            timeout_s = self._config.command_timeout_s
            replies = await self._use(self._connection.exchange_all(b"".join(lines), len(lines)), timeout_s)
            return [self._check(reply, _COMPLETED) for reply in replies]
        return [await self.exchange(line) for line in lines]

    async def exchange(
        self, data: bytes, *, expected: Collection[int] = _COMPLETED, timeout_s: float | None = None
    ) -> Reply:
        """Send data, and return the reply to it: one of those expected, or a negative one."""
        timeout_s = timeout_s or self._config.command_timeout_s
        return self._check(await self._use(self._connection.exchange(data), timeout_s), expected)

    async def write(self, piece: memoryview) -> None:
        """Send a piece of a message."""
        await self._use(self._connection.write(piece), _DATA_TIMEOUT_S)

    def quit(self) -> None:
        """Send QUIT, and close the connection once the next hop has replied, or after a second."""
        self._connection.quit()

    def abort(self) -> None:
        """Close the connection immediately."""
        self._connection.abort()

    async def _begin(self) -> None:
        config = self._config
        await self._send("", expected=(220,))
        await self._greet()
        if config.tls == "starttls" and config.tls_context:
            self._step = OpeningStep.STARTTLS
            await self._send("STARTTLS", expected=(220,))
            await self._use(self._connection.start_tls(config.tls_context, config.host), config.command_timeout_s)
            await self._greet()
        if config.username:
            self._step = OpeningStep.LOGIN
            await self._log_in()

    async def _greet(self) -> None:
        self._step = OpeningStep.EHLO
        name = self._config.ehlo_name or _format_address_literal(self._connection.local_address)
        reply = await self.exchange(f"EHLO {name}\r\n".encode())
        if not reply.is_positive:
            await self._send(f"HELO {name}")
            self._extensions = {}
            return
        lines = (line.partition(" ") for line in reply.text.split("\n")[1:])
        self._extensions = {keyword.upper(): values for keyword, _, values in lines if keyword}

    async def _log_in(self) -> None:
        """Authenticate with PLAIN (RFC 4616) or LOGIN, whichever the next hop offers."""
        config = self._config
        mechanisms = self._extensions.get("AUTH", "").upper().split()
        try:
            if "PLAIN" in mechanisms or "LOGIN" not in mechanisms:
                response = _encode_base64(f"\0{config.username}\0{config.password}")
                reply = await self._send(f"AUTH PLAIN {response}", expected=(235, 334))
                if reply.code != _AUTHENTICATED_CODE:
                    await self._send(response, expected=(235,))
            else:
                await self._send("AUTH LOGIN", expected=(334,))
                await self._send(_encode_base64(config.username), expected=(334,))
                await self._send(_encode_base64(config.password), expected=(235,))
        except RelayError as error:
            raise RelayError(
                f"the next hop {config} refused the login ({error.reply_code})",
                reply_code=error.reply_code,
                reply_text=error.reply_text,
                hint="check relay.next_hop_username and relay.next_hop_password",
            ) from error

    async def _send(self, command: str, *, expected: Collection[int] = _COMPLETED) -> Reply:
        """Send a command, and return the reply that it needs. The greeting follows no command."""
        reply = await self.exchange(command.encode() + b"\r\n" if command else b"", expected=expected)
        if reply.code not in expected:
            raise RelayError(
                f"the next hop {self._config} replied {reply.code}", reply_code=reply.code, reply_text=reply.text
            )
        return reply

    def _check(self, reply: Reply, expected: Collection[int]) -> Reply:
        """Return a reply that answers the command."""
        if reply.code in expected or reply.code >= FIRST_NEGATIVE_CODE:
            return reply
        self.abort()  # it answers something else than what was asked
        raise RelayError(
            f"the next hop {self._config} replied {reply.code}",
            reply_code=NEXT_HOP_CONFUSED.code,
            reply_text=NEXT_HOP_CONFUSED.text,
        )

    async def _use(self, operation: Awaitable[Result], timeout_s: float) -> Result:
        """Return the result of an operation of the connection, which is closed after an error."""
        try:
            async with asyncio.timeout(timeout_s):
                return await operation
        except OSError as error:  # TimeoutError is one
            self.abort()
            raise _build_unreachable_error(self._config, error) from error
        except BaseException:
            self.abort()
            raise


async def _connect(config: NextHopConfig) -> NextHopConnection:
    """Connect to the first address of the next hop that answers.

    Raises:
        OSError: none does.
    """
    loop = asyncio.get_running_loop()
    is_tls = config.tls == "tls"
    try:
        addresses = await loop.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty or too long
        raise socket.gaierror(f"{config.host} is not a host name") from error
    last_error: OSError = ConnectionError("the name has no address")
    for *_, address in dict.fromkeys(addresses):
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                _, connection = await loop.create_connection(
                    NextHopConnection,
                    *address[:2],
                    ssl=config.tls_context if is_tls else None,
                    server_hostname=config.host if is_tls else None,
                )
                return connection
        except OSError as error:  # TimeoutError is one
            last_error = error
    raise last_error


def _format_address_literal(text: str) -> str:
    """An IP address as a name for EHLO (RFC 5321 section 4.1.3)."""
    address = ip_address(text.partition("%")[0])
    return f"[IPv6:{address}]" if isinstance(address, IPv6Address) else f"[{address}]"


def _describe_unreachable(config: NextHopConfig, error: Exception) -> str:
    return f"cannot reach the next hop {config}: {str(error) or type(error).__name__}"


def _find_os_error(error: BaseException | None) -> OSError | None:
    """The error of the connection that caused an error, if one did."""
    while error:
        if isinstance(error, OSError):
            return error
        error = error.__cause__
    return None


def _build_unreachable_error(config: NextHopConfig, error: OSError) -> RelayError:
    return RelayError(
        _describe_unreachable(config, error),
        reply_code=NEXT_HOP_UNREACHABLE.code,
        reply_text=NEXT_HOP_UNREACHABLE.text,
    )


def _encode_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
