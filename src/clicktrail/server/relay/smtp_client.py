"""SMTP client of the relay: send messages to the next hop, and return its replies."""

import contextlib
import socket
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import aiosmtplib

from clicktrail.errors import RelayError

_COMMAND_TIMEOUT_S = 300
"""RFC 5321 section 4.5.3.2 asks for at least five minutes for most commands."""

_QUIT_TIMEOUT_S = 1

_POSITIVE_CODES = range(200, 300)
"""Completion replies (RFC 5321 section 4.2.1)."""

_MAIL_PARAMETER_EXTENSIONS = {"BODY=8BITMIME": "8bitmime", "BODY=7BIT": "8bitmime", "SMTPUTF8": "smtputf8"}
"""Parameters of MAIL that are passed on, and the extension that allows each (RFC 6152, RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply (RFC 5321 section 4.2).

    Attributes:
        text: text; lines are separated by newlines.
    """

    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        """Whether the command was completed."""
        return self.code in _POSITIVE_CODES

    def __str__(self) -> str:
        """The reply as sent, without the final CRLF: ``250-first``, ``250 last``."""
        *first, last = self.text.splitlines() or [""]
        return "\r\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])


NEXT_HOP_UNREACHABLE = Reply(451, "4.4.1 The next mail server cannot be reached, please try again later")
INTERNAL_ERROR = Reply(451, "4.3.0 Internal error, please try again later")
SHUTTING_DOWN = Reply(421, "4.3.2 This server is shutting down, please try again later")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopConfig:
    """Address of and login at the next hop.

    Attributes:
        tls: ``none``, ``starttls`` or ``tls``.
        username: empty for no login.
        password: ignored without a username.
    """

    host: str
    port: int
    tls: str = "none"
    username: str = ""
    password: str = ""


class NextHopClient:
    """A connection to the next hop, opened on first use and reopened after it was lost.

    Each command returns a positive reply or raises `RelayError` with the reply of the next hop; with 451 if it could
    not be reached.
    """

    def __init__(self, config: NextHopConfig) -> None:
        self._config = config
        self._in_transaction = False
        self._client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            use_tls=config.tls == "tls",
            start_tls=config.tls == "starttls",
            username=config.username or None,
            password=config.password or None,
            local_hostname=socket.gethostname(),
            timeout=_COMMAND_TIMEOUT_S,
        )

    async def mail(self, sender: str, options: Sequence[str]) -> Reply:
        """Start a message. Options that the next hop does not support are omitted.

        If a connection kept from an earlier message has been closed meanwhile, a new one is opened.
        """
        if self._client.is_connected:
            try:
                if self._in_transaction:
                    await self.reset()
                return await self._mail(sender, options)
            except RelayError as error:
                if error.reply_code not in {NEXT_HOP_UNREACHABLE.code, SHUTTING_DOWN.code}:
                    raise
                self.abort()
        await self._connect()
        return await self._mail(sender, options)

    async def rcpt(self, recipient: str) -> Reply:
        """Add a recipient to the message."""
        return await self._run_command(self._client.rcpt(recipient, encoding="utf-8"))

    async def data(self, raw: bytes) -> Reply:
        """Send the message. With a positive reply the next hop has taken responsibility for it.

        Bare carriage returns and newlines are sent as CRLF: RFC 5321 section 2.3.8 forbids them, and servers that
        disagree about them can be tricked into seeing two messages in one (SMTP smuggling).
        """
        self._in_transaction = False
        return await self._run_command(self._client.data(raw))

    async def reset(self) -> None:
        """Abandon the current message."""
        self._in_transaction = False
        if self._client.is_connected:
            await self._run_command(self._client.rset())

    async def close(self) -> None:
        """Send QUIT if the connection is open, and close it."""
        if self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=_QUIT_TIMEOUT_S)
        self.abort()

    def abort(self) -> None:
        """Close the connection immediately, and abandon the current message."""
        self._in_transaction = False
        self._client.close()

    async def _mail(self, sender: str, options: Sequence[str]) -> Reply:
        supported = [
            option for option in options if self._client.supports_extension(_MAIL_PARAMETER_EXTENSIONS.get(option, ""))
        ]
        reply = await self._run_command(self._client.mail(sender, options=supported, encoding="utf-8"))
        self._in_transaction = True
        return reply

    async def _connect(self) -> None:
        """Connect and log in. The sender cannot fix any failure here, so it gets 451 and tries again."""
        try:
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._abort_unreachable(error) from error

    async def _run_command(self, command: Awaitable[aiosmtplib.SMTPResponse]) -> Reply:
        try:
            response = await command
        except aiosmtplib.SMTPResponseException as error:
            raise RelayError(
                f"the next hop {self._config.host}:{self._config.port} replied {error.code}",
                reply_code=error.code,
                reply_text=error.message,
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._abort_unreachable(error) from error
        return Reply(response.code, response.message)

    def _abort_unreachable(self, error: Exception) -> RelayError:
        self.abort()
        return RelayError(
            f"cannot reach the next hop {self._config.host}:{self._config.port}: {error}",
            reply_code=NEXT_HOP_UNREACHABLE.code,
            reply_text=NEXT_HOP_UNREACHABLE.text,
        )
