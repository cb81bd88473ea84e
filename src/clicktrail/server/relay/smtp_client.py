"""Hand a message to the next server, and bring back its own words."""

import contextlib
import socket
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

import aiosmtplib

from clicktrail.errors import RelayError

__all__ = ["OUR_FAULT", "OUT_OF_SERVICE", "UNREACHABLE", "NextHop", "NextHopAddress", "Reply"]

# FOLDED replies.py: What the relay answers, in SMTP's words.

_POSITIVE = range(200, 300)
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
    def positive(self) -> bool:
        """Whether what was asked has been done."""
        return self.code in _POSITIVE

    def __str__(self) -> str:
        """As it goes over the wire, without the last line's end: ``250-first``, ``250 last``."""
        *first, last = self.text.splitlines() or [""]
        return "\r\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])


UNREACHABLE = Reply(451, "4.4.1 The next mail server cannot be reached just now, please try again later")
OUR_FAULT = Reply(451, "4.3.0 Something went wrong here, please try again later")
OUT_OF_SERVICE = Reply(421, "4.3.2 This server is shutting down, please try again later")


_TIMEOUT_S = 300
"""RFC 5321 section 4.5.3.2 asks for at least five minutes for most commands."""

_GOODBYE_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NextHopAddress:
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


class NextHop:
    """One connection to the next server, opened when first needed, and again when it was lost.

    Each method returns a positive reply, or raises RelayError with the server's refusal; where it could not be
    reached, with 451.
    """

    def __init__(self, address: NextHopAddress) -> None:
        self._address = address
        self._begun = False
        self._client = aiosmtplib.SMTP(
            hostname=address.host,
            port=address.port,
            use_tls=address.tls == "tls",
            start_tls=address.tls == "starttls",
            username=address.username or None,
            password=address.password or None,
            local_hostname=socket.gethostname(),
            timeout=_TIMEOUT_S,
        )

    async def mail(self, sender: str, options: Sequence[str]) -> Reply:
        """Begin a message. Options that the server does not know are left out.

        A connection kept from an earlier message may have been closed in the meantime: nothing has been said on it
        yet, so a new one takes its place.
        """
        if self._client.is_connected:
            try:
                if self._begun:
                    await self.reset()
                return await self._mail(sender, options)
            except RelayError as error:
                if error.reply_code not in {UNREACHABLE.code, OUT_OF_SERVICE.code}:
                    raise
                self.abort()
        await self._connect()
        return await self._mail(sender, options)

    async def rcpt(self, recipient: str) -> Reply:
        """Name a recipient of the message begun."""
        return await self._ask(self._client.rcpt(recipient, encoding="utf-8"))

    async def data(self, raw: bytes) -> Reply:
        """Hand the message over. A positive reply means that the server has taken responsibility for it.

        A bare carriage return or newline goes out as a line's end: RFC 5321 section 2.3.8 forbids them, and servers
        that disagree about them can be made to see two messages in one.
        """
        self._begun = False
        return await self._ask(self._client.data(raw))

    async def reset(self) -> None:
        """Forget the message begun."""
        self._begun = False
        if self._client.is_connected:
            await self._ask(self._client.rset())

    async def close(self) -> None:
        """Say goodbye if the server still listens."""
        if self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=_GOODBYE_S)
        self.abort()

    def abort(self) -> None:
        """Drop the connection, and with it a message begun."""
        self._begun = False
        self._client.close()

    async def _mail(self, sender: str, options: Sequence[str]) -> Reply:
        known = [option for option in options if self._client.supports_extension(_EXTENSIONS.get(option, ""))]
        reply = await self._ask(self._client.mail(sender, options=known, encoding="utf-8"))
        self._begun = True
        return reply

    async def _connect(self) -> None:
        """Greet and log in. What goes wrong here is between the two servers, never the sender's to mend: 451."""
        try:
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._unreachable(error) from error

    async def _ask(self, command: Awaitable[aiosmtplib.SMTPResponse]) -> Reply:
        try:
            response = await command
        except aiosmtplib.SMTPResponseException as error:
            raise RelayError(
                f"the next hop {self._address.host}:{self._address.port} answered {error.code}",
                reply_code=error.code,
                reply_text=error.message,
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._unreachable(error) from error
        return Reply(response.code, response.message)

    def _unreachable(self, error: Exception) -> RelayError:
        self.abort()
        return RelayError(
            f"cannot reach the next hop {self._address.host}:{self._address.port}: {error}",
            reply_code=UNREACHABLE.code,
            reply_text=UNREACHABLE.text,
        )


_EXTENSIONS = {"BODY=8BITMIME": "8bitmime", "BODY=7BIT": "8bitmime", "SMTPUTF8": "smtputf8"}
"""Parameters of MAIL that we pass on, and the extension that allows each (RFC 6152, RFC 6531)."""
