"""SMTP client of the relay: send messages to the next hop, and return its replies."""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from clicktrail.errors import RelayError
from clicktrail.server.relay.next_hop_connection import NextHopConnection
from clicktrail.server.relay.reply import (
    FIRST_NEGATIVE_CODE,
    NEXT_HOP_CONFUSED,
    NEXT_HOP_UNREACHABLE,
    SHUTTING_DOWN,
    Reply,
)
from clicktrail.server.relay.smtp_input import END_OF_DATA, escape_dots

_AUTHENTICATED_CODE = 235
"""RFC 4954 section 6."""
_COMMAND_TIMEOUT_S = 300
"""RFC 5321 section 4.5.3.2 asks for at least five minutes for most commands."""
_MESSAGE_TIMEOUT_S = 600
"""After the end of the data (RFC 5321 section 4.5.3.2.6)."""
_QUIT_TIMEOUT_S = 1
_DATA_TIMEOUT_S = 180
"""For each piece of the data (RFC 5321 section 4.5.3.2.5)."""
_PIECE_BYTES = 256 * 1024

_COMPLETED = range(250, 260)
"""Replies to a command that was completed. 221 says goodbye, and is not the answer to a message."""

_SENDER_PARAMETER_EXTENSIONS = {"BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN"}
_RECIPIENT_PARAMETER_EXTENSIONS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
"""Parameters that are passed on, and the extension that allows each (RFC 6152, RFC 6531, RFC 3461)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopConfig:
    """Address of and login at the next hop.

    Attributes:
        tls: ``none``, ``starttls`` or ``tls``.
        tls_context: trusted authorities; loading them takes 60 ms, too much for each connection.
        username: empty for no login.
        password: ignored without a username.
        ehlo_name: name that we introduce ourselves with; empty for our IP address.
        connect_timeout_s: seconds to connect to each address of the next hop.
    """

    host: str
    port: int
    tls: str = "none"
    tls_context: ssl.SSLContext | None = None
    username: str = ""
    password: str = ""
    ehlo_name: str = ""
    connect_timeout_s: float = 10.0

    def __str__(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


class NextHopClient:
    """A connection to the next hop, opened on first use and reopened after it was lost.

    Each command returns a positive reply or raises `RelayError` with the reply of the next hop; with 451 if it could
    not be reached or broke the protocol.
    """

    def __init__(self, config: NextHopConfig) -> None:
        self._config = config
        self._connection: NextHopConnection | None = None
        self._extensions: dict[str, str] = {}
        self._in_transaction = False
        self._needs_8bit = False
        self._needs_utf8 = False

    def supports(self, extension: str) -> bool:
        """Whether the next hop offers an extension, by its keyword in EHLO."""
        return extension in self._extensions

    async def mail(self, sender: str, parameters: Mapping[str, str]) -> Reply:
        """Start a message. Parameters of extensions that the next hop does not offer are omitted.

        If a connection kept from an earlier message has been closed meanwhile, a new one is opened.

        Args:
            sender: address; empty for the null sender.
            parameters: values by upper-case keyword.
        """
        if self._connection and self._in_transaction:
            await self.reset()
        if self._connection:
            try:
                return await self._mail(sender, parameters)
            except RelayError as error:
                if error.reply_code not in {NEXT_HOP_UNREACHABLE.code, SHUTTING_DOWN.code}:
                    raise
                self.abort()
        await self._connect()
        return await self._mail(sender, parameters)

    async def rcpt(self, recipient: str, parameters: Mapping[str, str]) -> Reply:
        """Add a recipient to the message."""
        self._check_address(recipient, reply_code=553)
        return await self._send(f"RCPT TO:<{recipient}>", parameters, _RECIPIENT_PARAMETER_EXTENSIONS)

    async def data(self, content: bytes) -> Reply:
        """Send the message. With a positive reply the next hop has taken responsibility for it.

        Args:
            content: the message with CRLF line endings.
        """
        self._check_content(content)
        await self._send("DATA", expected=(354,))
        self._in_transaction = False
        # The end of the data goes out alone, once all else is gone: a 2xx that arrives before it is not the answer.
        data = memoryview(escape_dots(content))[: -len(END_OF_DATA)]
        for start in range(0, len(data), _PIECE_BYTES):
            async with self._use_connection(_DATA_TIMEOUT_S) as connection:
                await connection.write(data[start : start + _PIECE_BYTES])
        return await self._exchange(END_OF_DATA, timeout_s=_MESSAGE_TIMEOUT_S)

    async def reset(self) -> None:
        """Abandon the current message. If that fails, the next one uses a new connection."""
        self._in_transaction = False
        if self._connection:
            try:
                await self._send("RSET")
            except RelayError:
                self.abort()

    async def close(self) -> None:
        """Send QUIT if the connection is open, and close it."""
        if self._connection:
            with contextlib.suppress(RelayError, TimeoutError):
                async with asyncio.timeout(_QUIT_TIMEOUT_S):
                    await self._send("QUIT", expected=(221,))
        self.abort()

    def abort(self) -> None:
        """Close the connection immediately, and abandon the current message."""
        self._in_transaction = False
        if self._connection:
            self._connection.abort()
            self._connection = None

    async def _mail(self, sender: str, parameters: Mapping[str, str]) -> Reply:
        self._check_address(sender, reply_code=550)
        self._needs_8bit = parameters.get("BODY", "").upper() == "8BITMIME" and not self.supports("8BITMIME")
        self._needs_utf8 = "SMTPUTF8" in parameters and not self.supports("SMTPUTF8")
        reply = await self._send(f"MAIL FROM:<{sender}>", parameters, _SENDER_PARAMETER_EXTENSIONS)
        self._in_transaction = True
        return reply

    def _check_address(self, address: str, *, reply_code: int) -> None:
        """Refuse an address that the next hop cannot take (RFC 6531 section 3.5)."""
        if not address.isascii() and not self.supports("SMTPUTF8"):
            raise RelayError(
                f"the next hop {self._config} does not offer SMTPUTF8",
                reply_code=reply_code,
                reply_text="5.6.7 The next mail server takes only ASCII addresses",
            )

    def _check_content(self, content: bytes) -> None:
        """Refuse a message that was declared to need what the next hop does not offer (RFC 6152, RFC 6531)."""
        if not (self._needs_8bit or self._needs_utf8) or content.isascii():
            return
        headers, _, _ = content.partition(b"\r\n\r\n")
        if self._needs_utf8 and not headers.isascii():
            raise RelayError(
                f"the next hop {self._config} does not offer SMTPUTF8",
                reply_code=554,
                reply_text="5.6.9 The next mail server takes only ASCII headers",
            )
        if self._needs_8bit:
            raise RelayError(
                f"the next hop {self._config} does not offer 8BITMIME",
                reply_code=554,
                reply_text="5.6.3 The next mail server takes only 7-bit messages",
            )

    async def _connect(self) -> None:
        """Connect and log in. The sender cannot fix any failure here, so it gets 451 and tries again."""
        config = self._config
        try:
            self._connection = await self._open_connection()
            await self._exchange(b"", expected=(220,))
            await self._greet()
            if config.tls == "starttls" and config.tls_context:
                await self._send("STARTTLS", expected=(220,))
                await self._connection.start_tls(config.tls_context, config.host)
                await self._greet()
            if config.username:
                await self._log_in()
        except (OSError, TimeoutError) as error:
            raise self._abort_unreachable(error) from error
        except RelayError as error:
            self.abort()
            raise RelayError(
                str(error),
                reply_code=NEXT_HOP_UNREACHABLE.code,
                reply_text=NEXT_HOP_UNREACHABLE.text,
                hint=error.hint,
            ) from error

    async def _open_connection(self) -> NextHopConnection:
        """Connect to the first address of the next hop that answers.

        Raises:
            OSError: none does.
        """
        config, loop = self._config, asyncio.get_running_loop()
        is_tls = config.tls == "tls"
        addresses = await loop.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)
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

    async def _greet(self) -> None:
        name = self._config.ehlo_name or self._address_literal()
        try:
            reply = await self._send(f"EHLO {name}")
        except RelayError as error:
            if error.reply_code == NEXT_HOP_UNREACHABLE.code:
                raise
            await self._send(f"HELO {name}")
            self._extensions = {}
        else:
            lines = (line.partition(" ") for line in reply.text.split("\n")[1:])
            self._extensions = {keyword.upper(): values for keyword, _, values in lines if keyword}

    def _address_literal(self) -> str:
        """Our own address as a name for EHLO (RFC 5321 section 4.1.3)."""
        address = ip_address(self._connection.local_address.partition("%")[0] if self._connection else "127.0.0.1")
        return f"[IPv6:{address}]" if isinstance(address, IPv6Address) else f"[{address}]"

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

    async def _send(
        self,
        command: str,
        parameters: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
        *,
        expected: Collection[int] = _COMPLETED,
    ) -> Reply:
        """Send a command with those parameters whose extensions the next hop offers."""
        words = [
            f"{keyword}={value}" if value else keyword
            for keyword, value in (parameters or {}).items()
            if extensions and keyword in extensions and self.supports(extensions[keyword])
        ]
        return await self._exchange(" ".join([command, *words]).encode() + b"\r\n", expected=expected)

    async def _exchange(
        self, data: bytes, *, expected: Collection[int] = _COMPLETED, timeout_s: float = _COMMAND_TIMEOUT_S
    ) -> Reply:
        """Send data and return the reply to it."""
        async with self._use_connection(timeout_s) as connection:
            reply = await connection.exchange(data)
        if reply.code in expected:
            return reply
        if reply.is_positive or reply.code < FIRST_NEGATIVE_CODE:
            self.abort()  # it answers something else than what was asked
            reply = NEXT_HOP_CONFUSED
        raise RelayError(
            f"the next hop {self._config} replied {reply.code}", reply_code=reply.code, reply_text=reply.text
        )

    @contextlib.asynccontextmanager
    async def _use_connection(self, timeout_s: float) -> AsyncIterator["NextHopConnection"]:
        """The open connection; it is closed after an error."""
        if self._connection is None:
            raise self._abort_unreachable(ConnectionResetError("the connection was closed"))
        try:
            async with asyncio.timeout(timeout_s):
                yield self._connection
        except (OSError, TimeoutError) as error:
            raise self._abort_unreachable(error) from error
        except RelayError:
            self.abort()
            raise

    def _abort_unreachable(self, error: Exception) -> RelayError:
        self.abort()
        return RelayError(
            f"cannot reach the next hop {self._config}: {str(error) or type(error).__name__}",
            reply_code=NEXT_HOP_UNREACHABLE.code,
            reply_text=NEXT_HOP_UNREACHABLE.text,
        )


def _encode_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
