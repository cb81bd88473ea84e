"""SMTP replies: a code and text (RFC 5321 section 4.2), and the parser of what a server sends."""

import re
from dataclasses import dataclass

from clicktrail.errors import RelayError

MAX_REPLY_BYTES = 64 * 1024
"""Size of a reply, or of what arrives without being one. RFC 5321 section 4.5.3.1.5 allows 512 bytes a line."""

FIRST_NEGATIVE_CODE = 400

_POSITIVE_CODES = range(200, 300)
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply.

    Attributes:
        text: text; lines are separated by newlines. Bytes that are not UTF-8 are lone surrogates (``surrogateescape``),
            so that they can be passed on unchanged.
    """

    code: int
    text: str

    @property
    def is_positive(self) -> bool:
        """Whether the command was completed."""
        return self.code in _POSITIVE_CODES

    def encode(self) -> bytes:
        r"""The reply as sent: ``250-first\r\n250 last\r\n``."""
        *first, last = self.text.split("\n")
        lines = [*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"]
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")


OK = Reply(250, "2.0.0 OK")
NEXT_HOP_UNREACHABLE = Reply(451, "4.4.1 The next mail server cannot be reached, please try again later")
NEXT_HOP_BUSY = Reply(451, "4.4.5 The next mail server has no free connection, please try again later")
NEXT_HOP_CONFUSED = Reply(451, "4.5.0 The next mail server broke the protocol, please try again later")
NO_SENDER = Reply(503, "5.5.1 Send MAIL first")
INTERNAL_ERROR = Reply(451, "4.3.0 Internal error, please try again later")
TIMEOUT = Reply(421, "4.4.2 Timeout, closing connection")
SHUTTING_DOWN = Reply(421, "4.3.2 This server is shutting down, please try again later")


class ReplyParser:
    """Parses the bytes that a server sends, fed in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched_bytes = 0
        self._lines: list[bytes] = []
        self._code = b""
        self._reply_bytes = 0

    @property
    def unread_size(self) -> int:
        """Number of bytes received that no returned reply contains."""
        return len(self._buffer) + self._reply_bytes

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def next_reply(self) -> Reply | None:
        """Return the next reply; None if it is incomplete.

        Raises:
            RelayError: the bytes are no reply.
        """
        while (end := self._buffer.find(b"\n", self._searched_bytes)) >= 0:
            line = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            self._searched_bytes = 0
            self._reply_bytes += end + 1
            if self._reply_bytes > MAX_REPLY_BYTES:
                raise _protocol_error("sent a reply that is too long")
            if self._add_line(line):
                return self._finish_reply()
        self._searched_bytes = len(self._buffer)
        if len(self._buffer) > MAX_REPLY_BYTES:
            raise _protocol_error("sent a reply that is too long")
        return None

    def _add_line(self, line: bytes) -> bool:
        """Add a line of the reply; return whether it is the last one."""
        match = _REPLY_LINE.fullmatch(line)
        if match is None:
            raise _protocol_error("sent a line without a reply code")
        code, separator, text = match.groups()
        if self._lines and code != self._code:
            raise _protocol_error("sent a reply with two codes")
        self._code = code
        self._lines.append((text or b"").replace(b"\r", b" "))
        return separator != b"-"

    def _finish_reply(self) -> Reply:
        text = b"\n".join(self._lines).decode("utf-8", "surrogateescape")
        self._lines, self._reply_bytes = [], 0
        return Reply(int(self._code), text)


def _protocol_error(message: str) -> RelayError:
    return RelayError(f"the next hop {message}", reply_code=NEXT_HOP_CONFUSED.code, reply_text=NEXT_HOP_CONFUSED.text)
