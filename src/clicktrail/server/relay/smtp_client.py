"""SMTP client of the relay: send one client's messages to the next hop, and return its replies."""

from collections.abc import Mapping, Sequence

from clicktrail.errors import RelayError
from clicktrail.server.relay.envelope import Path
from clicktrail.server.relay.next_hop_pool import NextHopPool
from clicktrail.server.relay.next_hop_session import NextHopSession
from clicktrail.server.relay.reply import NEXT_HOP_UNREACHABLE, NO_SENDER, SHUTTING_DOWN, Reply
from clicktrail.server.relay.smtp_input import END_OF_DATA, escape_dots

_MESSAGE_TIMEOUT_S = 600
"""After the end of the data (RFC 5321 section 4.5.3.2.6)."""
_START_OF_DATA = (354,)
_PIECE_BYTES = 256 * 1024

_SENDER_PARAMETER_EXTENSIONS = {"BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN"}
_RECIPIENT_PARAMETER_EXTENSIONS = {"NOTIFY": "DSN", "ORCPT": "DSN"}
"""Parameters that are passed on, and the extension that allows each (RFC 6152, RFC 6531, RFC 3461)."""

_NON_ASCII_SENDER = Reply(550, "5.6.7 The next mail server takes only ASCII addresses")
_NON_ASCII_RECIPIENT = Reply(553, "5.6.7 The next mail server takes only ASCII addresses")
"""RFC 6531 section 3.5."""


class NextHopClient:
    """Sends one message after the other, each on a connection that no other message uses meanwhile.

    Commands return the replies of the next hop, positive or negative, and raise `RelayError` if there are none: the
    next hop cannot be reached, is busy, or broke the protocol.
    """

    def __init__(self, pool: NextHopPool) -> None:
        self._pool = pool
        self._session: NextHopSession | None = None
        self._needs_8bit = False
        self._needs_utf8 = False

    async def begin(self, sender: Path, recipients: Sequence[Path] = ()) -> list[Reply]:
        """Start a message with MAIL and RCPT. Parameters of extensions that the next hop does not offer are omitted.

        The next hop may have closed the connection after an earlier message. The commands are then repeated on a new
        one: before DATA nothing is sent.

        Returns:
            A reply for the sender, and one for each recipient.
        """
        self.abandon()
        session = await self._pool.lease()
        if session.message_count:
            try:
                replies = await self._begin(session, sender, recipients)
            except RelayError:
                replies = [SHUTTING_DOWN]
            if replies[0].code != SHUTTING_DOWN.code:
                return replies
            self.abandon()
            session = await self._pool.lease(is_new=True)
        return await self._begin(session, sender, recipients)

    async def add_recipients(self, recipients: Sequence[Path]) -> list[Reply]:
        """Add recipients to the message. Returns one reply for each."""
        session = self._get_session()
        return await self._send_envelope(session, [], recipients)

    async def data(self, content: bytes) -> Reply:
        """Send the message. With a positive reply the next hop has taken responsibility for it.

        Args:
            content: the message with CRLF line endings.
        """
        session = self._get_session()
        if refusal := self._find_content_refusal(content):
            self.abandon()
            return refusal
        data = memoryview(escape_dots(content))[: -len(END_OF_DATA)]
        try:  # an error of the session has closed the connection
            reply = await session.exchange(b"DATA\r\n", expected=_START_OF_DATA)
            if reply.code in _START_OF_DATA:
                for start in range(0, len(data), _PIECE_BYTES):
                    await session.write(data[start : start + _PIECE_BYTES])
                # The end of the data goes out alone, once all else is gone: a 2xx before it is not the answer.
                reply = await session.exchange(END_OF_DATA, timeout_s=_MESSAGE_TIMEOUT_S)
                session.in_transaction = False
        finally:
            self.abandon()
        return reply

    def abandon(self) -> None:
        """Abandon the current message, if there is one, and leave its connection to others."""
        session, self._session = self._session, None
        if session:
            self._pool.release(session)

    async def _begin(self, session: NextHopSession, sender: Path, recipients: Sequence[Path]) -> list[Reply]:
        self._session = session
        session.message_count += 1
        self._needs_8bit = sender.parameters.get("BODY", "").upper() == "8BITMIME" and not session.supports("8BITMIME")
        self._needs_utf8 = "SMTPUTF8" in sender.parameters and not session.supports("SMTPUTF8")
        replies = [_NON_ASCII_SENDER]
        if sender.is_ascii or session.supports("SMTPUTF8"):
            commands = ["RSET"] if session.in_transaction else []
            commands.append(_format_command("MAIL FROM", sender, session, _SENDER_PARAMETER_EXTENSIONS))
            session.in_transaction = True
            replies = await self._send_envelope(session, commands, recipients)
            if len(commands) > 1 and not replies.pop(0).is_positive:
                session.abort()  # MAIL may be part of the old transaction
                raise _build_lost_error()
        if replies[0].is_positive:
            return replies
        self.abandon()
        return [replies[0], *[NO_SENDER] * len(recipients)]

    async def _send_envelope(
        self, session: NextHopSession, commands: Sequence[str], recipients: Sequence[Path]
    ) -> list[Reply]:
        """Send commands, and RCPT for those recipients that the next hop can take. Returns a reply for each."""
        takes_all = session.supports("SMTPUTF8")
        sent = [recipient for recipient in recipients if takes_all or recipient.is_ascii]
        rcpt = [_format_command("RCPT TO", recipient, session, _RECIPIENT_PARAMETER_EXTENSIONS) for recipient in sent]
        try:
            replies = await session.send_all([*commands, *rcpt])
        except BaseException:
            self.abandon()
            raise
        answers = iter(replies[len(commands) :])
        return [
            *replies[: len(commands)],
            *(next(answers) if takes_all or recipient.is_ascii else _NON_ASCII_RECIPIENT for recipient in recipients),
        ]

    def _get_session(self) -> NextHopSession:
        if self._session is None:
            raise _build_lost_error()
        return self._session

    def _find_content_refusal(self, content: bytes) -> Reply | None:
        """The reply for a message that was declared to need what the next hop does not offer (RFC 6152, RFC 6531)."""
        if not (self._needs_8bit or self._needs_utf8) or content.isascii():
            return None
        headers, _, _ = content.partition(b"\r\n\r\n")
        if self._needs_utf8 and not headers.isascii():
            return Reply(554, "5.6.9 The next mail server takes only ASCII headers")
        return Reply(554, "5.6.3 The next mail server takes only 7-bit messages") if self._needs_8bit else None


def _format_command(verb: str, path: Path, session: NextHopSession, extensions: Mapping[str, str]) -> str:
    """A command with those parameters whose extensions the next hop offers."""
    words = [
        f"{keyword}={value}" if value else keyword
        for keyword, value in path.parameters.items()
        if keyword in extensions and session.supports(extensions[keyword])
    ]
    return " ".join([f"{verb}:<{path.address}>", *words])


def _build_lost_error() -> RelayError:
    return RelayError(
        "the connection to the next hop was lost within a message",
        reply_code=NEXT_HOP_UNREACHABLE.code,
        reply_text=NEXT_HOP_UNREACHABLE.text,
    )
