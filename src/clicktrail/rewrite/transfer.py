"""Undo a transfer encoding (RFC 2045 section 6), and replace spans of the content in its encoded form."""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from clicktrail.rewrite.quoted_printable import QuotedPrintable
from clicktrail.rewrite.splice import Edit, splice

__all__ = ["Transfer", "open_transfer"]

_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_BASE64_LINE = 76
_WHITESPACE = re.compile(rb"\s+")
_LINE = re.compile(rb"\S+")


class Transfer(Protocol):
    """An encoded body."""

    @property
    def content(self) -> bytes:
        """The bytes it stands for."""
        ...

    def splice(self, edits: Sequence[Edit]) -> bytes:
        """The encoded body with spans of its content replaced: one at least."""
        ...


class _Identity:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def splice(self, edits: Sequence[Edit]) -> bytes:
        return splice(self.content, edits)


class _Base64:
    def __init__(self, encoded: bytes, *, content: bytes, newline: bytes) -> None:
        self._encoded = encoded
        self._newline = newline
        self.content = content

    def splice(self, edits: Sequence[Edit]) -> bytes:
        """Encode again from the line on in which the first change falls, in lines as long as the first."""
        characters = base64.b64encode(splice(self.content, edits))
        lines = list(_LINE.finditer(self._encoded))
        width = len(lines[0][0]) if len(lines) > 1 else max(_BASE64_LINE, len(lines[0][0]))
        starts = [0, *accumulate(len(line[0]) for line in lines)]
        changed = bisect_right(starts, edits[0].start // 3 * 4) - 1
        anew = [characters[at : at + width] for at in range(starts[changed], len(characters), width)]
        return self._encoded[: lines[changed].start()] + self._newline.join(anew) + self._encoded[lines[-1].end() :]


def _open_base64(encoded: bytes, *, newline: bytes) -> _Base64 | None:
    """Read a body; None unless it is the one spelling of its content, line breaks apart."""
    characters = _WHITESPACE.sub(b"", encoded)
    try:
        content = base64.b64decode(characters, validate=True)
    except binascii.Error:
        return None
    if base64.b64encode(content) != characters:
        return None
    return _Base64(encoded, content=content, newline=newline)


def open_transfer(encoded: bytes, encoding: str, *, newline: bytes) -> Transfer | None:
    """Read a body; None if its encoding is unknown, or a reader could only guess what it stands for.

    Args:
        encoded: the body as it stands in the message.
        encoding: the Content-Transfer-Encoding in lower case; empty if there is none.
        newline: how the message ends its lines.
    """
    if encoding in _IDENTITY:
        return _Identity(encoded)
    if encoding == "quoted-printable":
        return QuotedPrintable(encoded, newline=newline)
    if encoding == "base64":
        return _open_base64(encoded, newline=newline)
    return None
