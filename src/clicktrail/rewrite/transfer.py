"""Undo a transfer encoding (RFC 2045 section 6), and replace spans of the content in its encoded form."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Protocol

from clicktrail.rewrite.quoted_printable import QuotedPrintable
from clicktrail.rewrite.splice import Edit, splice

__all__ = ["IDENTITY", "Transfer", "open_transfer"]

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
"""Encodings in which a body stands as it is."""
_BASE64_LINE = 76
_LINES = 48
"""As many are written at a time, for the most part: all at once would be in memory thrice."""
# In front of "=" only these stand, if a group of four is spelled in its one way: others have bits that nobody reads.
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]*(?:[AQgw]\s*+=\s*+=|[AEIMQUYcgkosw048]\s*+=)?\s*+")
_LINE = re.compile(rb"\S+")
_WHITE_SPACE = b" \t\r\n\f\v"


class Transfer(Protocol):
    """An encoded body."""

    def decode(self) -> bytes | bytearray | memoryview:
        """The bytes it stands for: each time anew, which takes less than to keep them."""
        ...

    def edits(self, edits: Sequence[Edit]) -> list[Edit]:
        """How the encoded body changes where spans of its content are replaced: one at least."""
        ...


class _Identity:
    def __init__(self, encoded: memoryview) -> None:
        self._encoded = encoded

    def decode(self) -> memoryview:
        return self._encoded

    def edits(self, edits: Sequence[Edit]) -> list[Edit]:
        return list(edits)


class _Base64:
    def __init__(self, encoded: memoryview, *, newline: bytes) -> None:
        self._encoded = encoded
        self._newline = newline

    def decode(self) -> bytes:
        return binascii.a2b_base64(self._encoded)

    def edits(self, edits: Sequence[Edit]) -> list[Edit]:
        """Encode again from the line on in which the first change falls, in lines as long as the first."""
        lines = _LINE.finditer(self._encoded)
        line, following = next(lines), next(lines, None)
        width = len(line[0]) if following else max(_BASE64_LINE, len(line[0]))
        first_changed = edits[0].start // 3 * 4
        at = 0  # characters in front of the line
        while following and at + len(line[0]) <= first_changed:
            at += len(line[0])
            line, following = following, next(lines, None)
        # A line may begin within a group of four characters: its first ones are encoded anew, and left out.
        kept = at // 4 * 3
        anew = splice(self.decode(), edits, start=kept)
        replacement = _in_lines(anew, skipped=at % 4, width=width, newline=self._newline)
        end = len(self._encoded)
        while self._encoded[end - 1] in _WHITE_SPACE:
            end -= 1
        return [Edit(start=line.start(), end=end, replacement=replacement)]


def _in_lines(content: bytes, *, skipped: int, width: int, newline: bytes) -> bytearray:
    """Base64 without its first characters, in lines; bit by bit, because all of it at once takes its size thrice."""
    written = bytearray()
    characters = b""
    piece = _LINES // 4 * 3 * width
    for at in range(0, len(content), piece):
        characters += base64.b64encode(content[at : at + piece])[0 if at else skipped :]
        whole = (len(characters) - 1) // width * width  # the last line has no line break
        written += b"".join([characters[start : start + width] + newline for start in range(0, whole, width)])
        characters = characters[whole:]
    written += characters
    return written


def _open_base64(encoded: memoryview, *, newline: bytes) -> _Base64 | None:
    """Read a body; None unless it is the one spelling of its content, line breaks apart."""
    if not _BASE64.fullmatch(encoded) or len(bytes(encoded).translate(None, _WHITE_SPACE)) % 4:
        return None
    return _Base64(encoded, newline=newline)


def open_transfer(encoded: bytes | memoryview, encoding: str, *, newline: bytes) -> Transfer | None:
    """Read a body; None if its encoding is unknown, or a reader could only guess what it stands for.

    Args:
        encoded: the body as it stands in the message; a view of its bytes will do.
        encoding: the Content-Transfer-Encoding in lower case; empty if there is none.
        newline: how the message ends its lines.
    """
    if encoding in IDENTITY:
        return _Identity(memoryview(encoded))
    if encoding == "quoted-printable":
        return QuotedPrintable(memoryview(encoded), newline=newline)
    if encoding == "base64":
        return _open_base64(memoryview(encoded), newline=newline)
    return None
