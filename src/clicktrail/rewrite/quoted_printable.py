"""Quoted-printable (RFC 2045 section 6.7): read it, and replace spans of the content where they stand encoded."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from clicktrail.rewrite.splice import Edit

__all__ = ["QuotedPrintable", "encode"]

_LONGEST_LINE = 76
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|[ \t]*+\r?\n)")
_CUT_ESCAPE = re.compile(rb"=[0-9A-F]?\Z")
_NOT_LITERAL = re.compile(rb"[^!-<>-~]")
_NOT_LITERAL_IN_LINE = re.compile(rb"[^\t -<>-~]|[\t ]\Z")  # white space at a line's end would be lost on the way
_LINE_BREAK = re.compile(rb"(\r?\n)")


def encode(content: bytes, *, newline: bytes) -> bytes:
    """Encode text: its line breaks stay as they are, and long lines get soft ones that end with ``newline``."""
    pieces = _LINE_BREAK.split(content)
    pieces[::2] = [_wrapped(line, soft_break=b"=" + newline) for line in pieces[::2]]
    return b"".join(pieces)


def _wrapped(line: bytes, *, soft_break: bytes) -> bytes:
    encoded = _NOT_LITERAL_IN_LINE.sub(_escaped, line)
    pieces = []
    at = 0
    while len(encoded) - at > _LONGEST_LINE:
        pieces.append(_CUT_ESCAPE.sub(b"", encoded[at : at + _LONGEST_LINE - 1]))
        at += len(pieces[-1])
    return soft_break.join([*pieces, encoded[at:]])


class QuotedPrintable:
    """An encoded body.

    What is no valid escape stands for itself, as mail programs read it.

    Attributes:
        content: the bytes it stands for.
    """

    def __init__(self, encoded: bytes, *, newline: bytes) -> None:
        """Read a body whose message ends its lines with ``newline``."""
        self._encoded = encoded
        self._soft_break = b"=" + newline
        # Where the content goes on after each escape, and where the encoded bytes do.
        self._content_marks = [0]
        self._encoded_marks = [0]
        self.content = self._decode()

    def _decode(self) -> bytes:
        pieces: list[bytes] = []
        at = size = 0
        for escape in _ESCAPE.finditer(self._encoded):
            literal, digits = self._encoded[at : escape.start()], escape[1]
            byte = bytes.fromhex(digits.decode("ascii")) if digits else b""
            pieces += [literal, byte]
            at = escape.end()
            size += len(literal) + len(byte)
            self._content_marks.append(size)
            self._encoded_marks.append(at)
        return b"".join([*pieces, self._encoded[at:]])

    def splice(self, edits: Sequence[Edit]) -> bytes:
        """The encoded body with spans of its content replaced, one at least; no line made longer than 76 characters."""
        spans = [(self._encoded_at(edit.start), self._encoded_behind(edit.end)) for edit in edits]
        starts = [start for start, _ in spans[1:]] + [len(self._encoded)]
        out = bytearray()
        at = 0
        for edit, (start, end), next_start in zip(edits, spans, starts, strict=True):
            out += self._encoded[at:start]
            self._write(out, _NOT_LITERAL.sub(_escaped, edit.replacement))
            if _column(out) + self._rest_of_line(end, next_start) > _LONGEST_LINE:
                out += self._soft_break
            at = end
        out += self._encoded[at:]
        return bytes(out)

    def _encoded_at(self, offset: int) -> int:
        """Where a byte of the content begins, behind the soft breaks in front of it."""
        mark = bisect_right(self._content_marks, offset) - 1
        return self._encoded_marks[mark] + offset - self._content_marks[mark]

    def _encoded_behind(self, offset: int) -> int:
        """Where the byte before an offset of the content ends."""
        last = self._encoded_at(offset - 1)
        escape = _ESCAPE.match(self._encoded, last)
        return escape.end() if escape else last + 1

    def _rest_of_line(self, at: int, next_start: int) -> int:
        """How long the line goes on before it breaks, or before the next replacement and the break it may need."""
        line_end = self._encoded.find(b"\n", at, next_start)
        if line_end < 0:
            return next_start - at + (next_start < len(self._encoded))
        return len(self._encoded[at:line_end].rstrip(b"\r"))

    def _write(self, out: bytearray, encoded: bytes) -> None:
        """Append with soft breaks, none of which cuts an escape in two."""
        while encoded:
            room = max(0, _LONGEST_LINE - 1 - _column(out))
            chunk = encoded[:room]
            if len(chunk) < len(encoded):
                chunk = _CUT_ESCAPE.sub(b"", chunk)
            out += chunk
            encoded = encoded[len(chunk) :]
            if encoded:
                out += self._soft_break


def _escaped(byte: re.Match[bytes]) -> bytes:
    return b"=%02X" % ord(byte[0])


def _column(out: bytearray) -> int:
    return len(out) - (out.rfind(b"\n") + 1)
