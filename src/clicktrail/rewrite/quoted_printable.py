"""Quoted-printable (RFC 2045 section 6.7): read it, and replace spans of the content where they stand encoded."""

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence

from clicktrail.rewrite.edits import ByteEdit

__all__ = ["QuotedPrintableBody", "encode"]

_MAX_LINE_CHARS = 76
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|[ \t]*+\r?\n)")
# An escape that Python's decoder reads otherwise: a soft break with white space before it, or none at all.
_NONSTANDARD_ESCAPE = re.compile(rb"=(?:[ \t]++(?=\r?\n)|(?![0-9A-Fa-f]{2}|[ \t]*+\r?\n))")
_ESCAPE_START = re.compile(b"=")
_CHUNK_BYTES = 65_536
_PARTIAL_ESCAPE = re.compile(rb"=[0-9A-F]?\Z")
_UNSAFE_BYTE = re.compile(rb"[^!-<>-~]")
_UNSAFE_BYTE_IN_LINE = re.compile(rb"[^\t -<>-~]|[\t ]\Z")  # white space at a line's end would be lost on the way
_LINE_END = re.compile(rb"\r*+\n")
_LINE_BREAK = re.compile(rb"(\r?\n)")


def encode(content: bytes, *, newline: bytes) -> bytes:
    """Encode text: its line breaks stay as they are, and long lines get soft ones that end with ``newline``."""
    pieces = _LINE_BREAK.split(content)
    pieces[::2] = [_encode_line(line, soft_break=b"=" + newline) for line in pieces[::2]]
    return b"".join(pieces)


def _encode_line(line: bytes, *, soft_break: bytes) -> bytes:
    encoded = _UNSAFE_BYTE_IN_LINE.sub(_escape_byte, line)
    pieces = []
    at = 0
    while len(encoded) - at > _MAX_LINE_CHARS:
        pieces.append(_PARTIAL_ESCAPE.sub(b"", encoded[at : at + _MAX_LINE_CHARS - 1]))
        at += len(pieces[-1])
    return soft_break.join([*pieces, encoded[at:]])


class QuotedPrintableBody:
    """An encoded body.

    What is no valid escape stands for itself, as mail programs read it.
    """

    def __init__(self, encoded: bytes | memoryview, *, newline: bytes) -> None:
        """Read a body whose message ends its lines with ``newline``."""
        self._encoded = encoded
        self._soft_break = b"=" + newline

    def decode(self) -> bytearray:
        """The bytes it stands for."""
        # Piece by piece, because all at once it would be in memory thrice; no piece ends within an escape.
        content = bytearray()
        at = 0
        while at < len(self._encoded):
            escape = _ESCAPE_START.search(self._encoded, at + _CHUNK_BYTES)
            end = escape.start() if escape else len(self._encoded)
            content += binascii.a2b_qp(_NONSTANDARD_ESCAPE.sub(_normalize_escape, self._encoded[at:end]))
            at = end
        return content

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        """How the encoded body changes where spans of its content are replaced, one at least.

        No line gets longer than 76 characters.
        """
        spans = self._map_to_encoded_spans(edits)
        starts = [start for start, _ in spans[1:]] + [len(self._encoded)]
        changed: list[ByteEdit] = []
        at = column = 0
        for edit, (start, end), next_start in zip(edits, spans, starts, strict=True):
            column = _advance_column(bytes(self._encoded[at:start]), column)
            replacement = self._insert_soft_breaks(_UNSAFE_BYTE.sub(_escape_byte, edit.replacement), column)
            column = _advance_column(replacement, column)
            if column + self._measure_rest_of_line(end, next_start) > _MAX_LINE_CHARS:
                replacement += self._soft_break
                column = 0
            changed.append(ByteEdit(start=start, end=end, replacement=replacement))
            at = end
        return changed

    def _map_to_encoded_spans(self, edits: Sequence[ByteEdit]) -> list[tuple[int, int]]:
        """Where spans of the content stand, without the soft breaks around them."""
        offsets = [offset for edit in edits for offset in (edit.start, max(edit.start, edit.end - 1))]
        positions = self._map_to_encoded_offsets(offsets)
        spans = []
        for edit, start, last in zip(edits, positions, positions, strict=True):
            escape = _ESCAPE.match(self._encoded, last)
            behind = escape.end() if escape else last + 1
            spans.append((start, behind if edit.start < edit.end else start))
        return spans

    def _map_to_encoded_offsets(self, offsets: Iterable[int]) -> Iterator[int]:
        """Where bytes of the content begin, behind the soft breaks in front of them; offsets ascend."""
        escapes = _ESCAPE.finditer(self._encoded)
        escape = next(escapes, None)
        at = size = 0  # behind the last escape that was passed, in the encoded bytes and in the content
        for offset in offsets:
            while escape and (after := size + escape.start() - at + bool(escape[1])) <= offset:
                at, size = escape.end(), after
                escape = next(escapes, None)
            yield at + offset - size

    def _measure_rest_of_line(self, at: int, next_start: int) -> int:
        """How long the line goes on before it breaks, or before the next replacement and the break it may need."""
        line_end = _LINE_END.search(self._encoded, at, next_start)
        if line_end is None:
            return next_start - at + (next_start < len(self._encoded))
        return line_end.start() - at

    def _insert_soft_breaks(self, encoded: bytes, column: int) -> bytes:
        """With soft breaks, none of which cuts an escape in two, where it begins in that column."""
        out = bytearray()
        while encoded:
            room = max(0, _MAX_LINE_CHARS - 1 - _advance_column(out, column))
            chunk = encoded[:room]
            if len(chunk) < len(encoded):
                chunk = _PARTIAL_ESCAPE.sub(b"", chunk)
            out += chunk
            encoded = encoded[len(chunk) :]
            if encoded:
                out += self._soft_break
        return bytes(out)


def _escape_byte(byte: re.Match[bytes]) -> bytes:
    return b"=%02X" % ord(byte[0])


def _normalize_escape(escape: re.Match[bytes]) -> bytes:
    return b"=" if len(escape[0]) > 1 else b"=3D"


def _advance_column(out: bytes | bytearray, begun: int) -> int:
    """In which column bytes end that begin in another."""
    line_end = out.rfind(b"\n")
    return begun + len(out) if line_end < 0 else len(out) - line_end - 1
