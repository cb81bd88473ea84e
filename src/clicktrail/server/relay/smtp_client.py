"""Hand a message to the next server, and bring back its own words."""

import contextlib
import socket
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import aiosmtplib

from clicktrail.errors import RelayError

__all__ = ["INTERNAL_ERROR", "NEXT_HOP_UNREACHABLE", "SHUTTING_DOWN", "NextHopClient", "NextHopConfig", "Reply"]

# FOLDED replies.py: What the relay answers, in SMTP's words.

_POSITIVE_CODES = range(200, 300)
"""Completion replies (RFC 5321 section 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply (RFC 5321 section 4.2).

    Attributes:
        code: three digits.
        text: its text; several lines are separated by a newline.
    """

    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        """Whether what was asked has been done."""
        return self.code in _POSITIVE_CODES

    def __str__(self) -> str:
        """As it goes over the wire, without the last line's end: ``250-first``, ``250 last``."""
        *first, last = self.text.splitlines() or [""]
        return "\r\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])


NEXT_HOP_UNREACHABLE = Reply(451, "4.4.1 The next mail server cannot be reached just now, please try again later")
INTERNAL_ERROR = Reply(451, "4.3.0 Something went wrong here, please try again later")
SHUTTING_DOWN = Reply(421, "4.3.2 This server is shutting down, please try again later")


_COMMAND_TIMEOUT_S = 300
"""RFC 5321 section 4.5.3.2 asks for at least five minutes for most commands."""

_QUIT_TIMEOUT_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopConfig:
    """Where messages go on to, and how to get in.

    Attributes:
        host: name or address.
        port: 25, 587 or 465, as a rule.
        tls: ``none``, ``starttls`` or ``tls``.
        username: empty for none.
        password: used with a username only.
    """

    host: str
    port: int
    tls: str = "none"
    username: str = ""
    password: str = ""


class NextHopClient:
    """One connection to the next server, opened when first needed, and again when it was lost.

    Each method returns a positive reply, or raises RelayError with the server's refusal; where it could not be
    reached, with 451.
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
        """Begin a message. Options that the server does not know are left out.

        A connection kept from an earlier message may have been closed in the meantime: nothing has been said on it
        yet, so a new one takes its place.
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
        """Name a recipient of the message begun."""
        return await self._run_command(self._client.rcpt(recipient, encoding="utf-8"))

    async def data(self, raw: bytes) -> Reply:
        """Hand the message over. A positive reply means that the server has taken responsibility for it.

        A bare carriage return or newline goes out as a line's end: RFC 5321 section 2.3.8 forbids them, and servers
        that disagree about them can be made to see two messages in one.
        """
        self._in_transaction = False
        return await self._run_command(self._client.data(raw))

    async def reset(self) -> None:
        """Forget the message begun."""
        self._in_transaction = False
        if self._client.is_connected:
            await self._run_command(self._client.rset())

    async def close(self) -> None:
        """Say goodbye if the server still listens."""
        if self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=_QUIT_TIMEOUT_S)
        self.abort()

    def abort(self) -> None:
        """Drop the connection, and with it a message begun."""
        self._in_transaction = False
        self._client.close()

    async def _mail(self, sender: str, options: Sequence[str]) -> Reply:
        known = [
            option for option in options if self._client.supports_extension(_MAIL_PARAMETER_EXTENSIONS.get(option, ""))
        ]
        reply = await self._run_command(self._client.mail(sender, options=known, encoding="utf-8"))
        self._in_transaction = True
        return reply

    async def _connect(self) -> None:
        """Greet and log in. What goes wrong here is between the two servers, never the sender's to mend: 451."""
        try:
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._abort_unreachable(error) from error

    async def _run_command(self, command: Awaitable[aiosmtplib.SMTPResponse]) -> Reply:
        try:
            response = await command
        except aiosmtplib.SMTPResponseException as error:
            raise RelayError(
                f"the next hop {self._config.host}:{self._config.port} answered {error.code}",
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


_MAIL_PARAMETER_EXTENSIONS = {"BODY=8BITMIME": "8bitmime", "BODY=7BIT": "8bitmime", "SMTPUTF8": "smtputf8"}
"""Parameters of MAIL that we pass on, and the extension that allows each (RFC 6152, RFC 6531)."""
