"""Undo a transfer encoding (RFC 2045 section 6), and replace spans of the content in its encoded form."""

import base64
import binascii
import codecs
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from clicktrail.model.link import Link
from clicktrail.rewrite.edits import ByteEdit, build_text_edits, splice
from clicktrail.rewrite.quoted_printable import QuotedPrintableBody

__all__ = ["IDENTITY_ENCODINGS", "DecodedText", "EncodedBody", "build_byte_edits", "decode_text", "parse_encoded_body"]

IDENTITY_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
"""Encodings in which a body stands as it is."""
_BASE64_LINE_CHARS = 76
_LINES_PER_CHUNK = 48
"""As many are written at a time, for the most part: all at once would be in memory thrice."""
# In front of "=" only these stand, if a group of four is spelled in its one way: others have bits that nobody reads.
_CANONICAL_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]*(?:[AQgw]\s*+=\s*+=|[AEIMQUYcgkosw048]\s*+=)?\s*+")
_LINE = re.compile(rb"\S+")
_WHITESPACE = b" \t\r\n\f\v"


class EncodedBody(Protocol):
    """An encoded body."""

    def decode(self) -> bytes | bytearray | memoryview:
        """The bytes it stands for: each time anew, which takes less than to keep them."""
        ...

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        """How the encoded body changes where spans of its content are replaced: one at least."""
        ...


class _IdentityBody:
    def __init__(self, encoded: memoryview) -> None:
        self._encoded = encoded

    def decode(self) -> memoryview:
        return self._encoded

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        return list(edits)


class _Base64Body:
    def __init__(self, encoded: memoryview, *, newline: bytes) -> None:
        self._encoded = encoded
        self._newline = newline

    def decode(self) -> bytes:
        return binascii.a2b_base64(self._encoded)

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        """Encode again from the line on in which the first change falls, in lines as long as the first."""
        lines = _LINE.finditer(self._encoded)
        line, following = next(lines), next(lines, None)
        width = len(line[0]) if following else max(_BASE64_LINE_CHARS, len(line[0]))
        first_changed = edits[0].start // 3 * 4
        at = 0  # characters in front of the line
        while following and at + len(line[0]) <= first_changed:
            at += len(line[0])
            line, following = following, next(lines, None)
        # A line may begin within a group of four characters: its first ones are encoded anew, and left out.
        kept = at // 4 * 3
        anew = splice(self.decode(), edits, start=kept)
        replacement = _encode_base64_lines(anew, skipped=at % 4, width=width, newline=self._newline)
        end = len(self._encoded)
        while self._encoded[end - 1] in _WHITESPACE:
            end -= 1
        return [ByteEdit(start=line.start(), end=end, replacement=replacement)]


def _encode_base64_lines(content: bytes, *, skipped: int, width: int, newline: bytes) -> bytearray:
    """Base64 without its first characters, in lines; bit by bit, because all of it at once takes its size thrice."""
    written = bytearray()
    characters = b""
    piece = _LINES_PER_CHUNK // 4 * 3 * width
    for at in range(0, len(content), piece):
        characters += base64.b64encode(content[at : at + piece])[0 if at else skipped :]
        whole = (len(characters) - 1) // width * width  # the last line has no line break
        written += b"".join([characters[start : start + width] + newline for start in range(0, whole, width)])
        characters = characters[whole:]
    written += characters
    return written


def _parse_base64_body(encoded: memoryview, *, newline: bytes) -> _Base64Body | None:
    """Read a body; None unless it is the one spelling of its content, line breaks apart."""
    if not _CANONICAL_BASE64.fullmatch(encoded) or len(bytes(encoded).translate(None, _WHITESPACE)) % 4:
        return None
    return _Base64Body(encoded, newline=newline)


def parse_encoded_body(encoded: bytes | memoryview, encoding: str, *, newline: bytes) -> EncodedBody | None:
    """Read a body; None if its encoding is unknown, or a reader could only guess what it stands for.

    Args:
        encoded: the body as it stands in the message; a view of its bytes will do.
        encoding: the Content-Transfer-Encoding in lower case; empty if there is none.
        newline: how the message ends its lines.
    """
    if encoding in IDENTITY_ENCODINGS:
        return _IdentityBody(memoryview(encoded))
    if encoding == "quoted-printable":
        return QuotedPrintableBody(memoryview(encoded), newline=newline)
    if encoding == "base64":
        return _parse_base64_body(memoryview(encoded), newline=newline)
    return None


# FOLDED charset.py: Read the bytes of a body as text in a way that can be undone exactly.

# Names that Python knows as text encodings and in which an ASCII character is not always the same bytes.
_UNSUPPORTED_CODECS = frozenset({"utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
_WHATWG_CODECS: Mapping[str, str] = {
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
"""What mail programs and browsers read under names that mean less (WHATWG Encoding section 4.2), as Python calls it."""
_WHATWG_ALIASES: Mapping[str, str] = {"windows-874": "cp874", "iso-8859-8-i": "iso8859-8", "x-sjis": "cp932"}
_BIJECTIVE_CODECS = frozenset({"ascii", "utf-8"})
"""Encodings whose decoders take one spelling of each text only, so that no copy has to be made to compare."""
_UTF_16_BY_BOM = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF_16 = frozenset(_UTF_16_BY_BOM.values())
_URL_IN_UTF_16 = "h\0t\0t\0p"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """Bytes read as text.

    Attributes:
        text: the characters; encoding them again gives the same bytes.
        codec: Python's name of the encoding they were read in.
        has_valid_charset: False if the charset is unknown or the bytes are not of it: they are then read as Latin-1, and only
            the ASCII characters are known to be right.
    """

    text: str
    codec: str
    has_valid_charset: bool


def decode_text(content: bytes | bytearray | memoryview, charset: str) -> DecodedText | None:
    """Read a body; None if its charset hides ASCII characters, so that not even a tag can be found.

    UTF-16 needs a byte order mark, or a name that says the order: without one programs disagree (RFC 2781 section 4.3
    says big-endian, WHATWG Encoding little-endian). Under any other name no URL in it would be found.

    Args:
        content: the body without its transfer encoding.
        charset: as declared; empty is us-ascii (RFC 2045 section 5.2).
    """
    try:
        codec = codecs.lookup(charset or "us-ascii").name
    except (LookupError, ValueError):
        codec = _WHATWG_ALIASES.get(charset.lower(), "")
    if codec in _UNSUPPORTED_CODECS:
        return None
    if codec == "utf-16":
        codec = _UTF_16_BY_BOM.get(bytes(content[:2]), codec)
    seen = _decode_with_codec(content, codec)
    if codec in _UTF_16:
        return seen if seen.has_valid_charset else None
    return None if _URL_IN_UTF_16 in seen.text else seen


def _decode_with_codec(content: bytes | bytearray | memoryview, codec: str) -> DecodedText:
    for reading in (_WHATWG_CODECS.get(codec, codec), codec):
        with suppress(LookupError, ValueError):
            text = str(content, reading)
            if reading in _BIJECTIVE_CODECS or text.encode(reading) == content:
                return DecodedText(text=text, codec=reading, has_valid_charset=True)
    return DecodedText(text=str(content, "latin-1"), codec="latin-1", has_valid_charset=False)


def build_byte_edits(
    content: bytes | bytearray | memoryview, decoded: DecodedText, links: Sequence[Link]
) -> list[ByteEdit] | None:
    """The replacement of tracked links, in bytes; None if the text cannot be cut at the links and encoded in pieces."""
    edits: list[ByteEdit] = []
    at = size = 0
    same = True
    for replacement in build_text_edits(links):
        before = decoded.text[at : replacement.start].encode(decoded.codec)
        replaced = decoded.text[replacement.start : replacement.end].encode(decoded.codec)
        start = size + len(before)
        same = same and content[size:start] == before and content[start : start + len(replaced)] == replaced
        at, size = replacement.end, start + len(replaced)
        edits.append(ByteEdit(start=start, end=size, replacement=replacement.text.encode(decoded.codec)))
    rest = decoded.text[at:].encode(decoded.codec)
    return edits if same and content[size:] == rest else None
