"""Decode the bytes of a body, and replace spans of its text in the encoded bytes.

Two layers: the transfer encoding (base64, quoted-printable; RFC 2045 section 6) gives bytes, and the charset gives
text. Both are decoded only if encoding the result again gives the same bytes, and edits go the same way back.
"""

import binascii
import codecs
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from clicktrail.model.link import Link
from clicktrail.rewrite.edits import ByteEdit, build_text_edits, splice
from clicktrail.rewrite.quoted_printable import QuotedPrintableBody
from clicktrail.rewrite.shifted_runs import (
    RunPositions,
    ShiftedRun,
    ShiftLimit,
    SpanShift,
    find_hz_runs,
    find_iso_2022_runs,
)

IDENTITY_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
"""Transfer encodings that leave the bytes unchanged."""
_BASE64_LINE_CHARS = 76
_LINES_PER_CHUNK = 240
"""Lines that are encoded at once. Encoding a whole body at once would need three times its size in memory."""
_BASE64 = (string.ascii_letters + string.digits + "+/").encode()
_BASE64_GROUP_CHARS = 4
# Before "=", only these characters have no unused bits set (RFC 4648 section 3.5).
_BASE64_PADDING = re.compile(rb"(?:(?<!=)|(?<=[AQgw])==|(?<=[AEIMQUYcgkosw048])=)\Z")
_LINE = re.compile(rb"\S+")
_WHITESPACE = b" \t\r\n\f\v"


class EncodedBody(Protocol):
    """A body in its transfer encoding."""

    def decode(self) -> bytes | bytearray | memoryview:
        """Return the decoded content."""
        ...

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        """Turn edits of the decoded content, at least one, into edits of the encoded bytes.

        The last call: a body frees its content, so that a large message is not in memory three times.
        """
        ...


class _IdentityBody:
    def __init__(self, encoded: memoryview) -> None:
        self._encoded = encoded

    def decode(self) -> memoryview:
        return self._encoded

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        return list(edits)


class _Base64Body:
    def __init__(self, encoded: memoryview, content: bytes, *, newline: bytes) -> None:
        self._encoded = encoded
        self._content = content
        self._newline = newline

    def decode(self) -> bytes:
        return self._content

    def encode_edits(self, edits: Sequence[ByteEdit]) -> list[ByteEdit]:
        """Encode again from the first changed line to the end, in lines as long as the first line."""
        lines = _LINE.finditer(self._encoded)
        line, next_line = next(lines), next(lines, None)
        width = len(line[0]) if next_line else max(_BASE64_LINE_CHARS, len(line[0]))
        first_changed = edits[0].start // 3 * 4
        chars_before = 0  # base64 characters before the line
        while next_line and chars_before + len(line[0]) <= first_changed:
            chars_before += len(line[0])
            line, next_line = next_line, next(lines, None)
        # A line may start inside a group of four characters. The whole group is encoded, then its start is dropped.
        content, self._content = splice(self._content, edits, start=chars_before // 4 * 3), b""
        replacement = _encode_base64_lines(content, skipped=chars_before % 4, width=width, newline=self._newline)
        end = len(self._encoded)
        while self._encoded[end - 1] in _WHITESPACE:
            end -= 1
        return [ByteEdit(start=line.start(), end=end, replacement=replacement)]


def _encode_base64_lines(content: bytes, *, skipped: int, width: int, newline: bytes) -> bytearray:
    """Encode as base64 lines, without the first ``skipped`` characters."""
    encoded = bytearray()
    pending = b""  # characters that do not fill a line yet
    chunk_bytes = _LINES_PER_CHUNK // 4 * 3 * width
    for offset in range(0, len(content), chunk_bytes):
        chunk = binascii.b2a_base64(content[offset : offset + chunk_bytes], newline=False)
        pending += chunk if offset else chunk[skipped:]
        full_lines_end = (len(pending) - 1) // width * width  # the last line gets no line break
        if full_lines_end:
            encoded += newline.join([pending[start : start + width] for start in range(0, full_lines_end, width)])
            encoded += newline
        pending = pending[full_lines_end:]
    encoded += pending
    return encoded


def _parse_base64_body(encoded: memoryview, *, newline: bytes) -> _Base64Body | None:
    """Return None unless the body is the canonical encoding of its content, apart from line breaks."""
    characters = bytes(encoded).translate(None, _WHITESPACE)
    padding = _BASE64_PADDING.search(characters, max(0, len(characters) - _BASE64_GROUP_CHARS))
    if len(characters) % _BASE64_GROUP_CHARS or not padding or characters.translate(None, _BASE64) != padding[0]:
        return None
    return _Base64Body(encoded, binascii.a2b_base64(characters), newline=newline)


def parse_encoded_body(encoded: bytes | memoryview, encoding: str, *, newline: bytes) -> EncodedBody | None:
    """Return a decodable body; None if the encoding is unknown, or programs could decode the body differently.

    ``encoding`` is a Content-Transfer-Encoding in lower case, or empty.
    """
    if encoding in IDENTITY_ENCODINGS:
        return _IdentityBody(memoryview(encoded))
    if encoding == "quoted-printable":
        return QuotedPrintableBody(memoryview(encoded), newline=newline)
    if encoding == "base64":
        return _parse_base64_body(memoryview(encoded), newline=newline)
    return None


# Text encodings of Python in which an ASCII character is not always the same byte.
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
"""Python codecs that mail programs and browsers use for a declared codec: supersets (WHATWG Encoding section 4.2)."""
_WHATWG_ALIASES: Mapping[str, str] = {"windows-874": "cp874", "iso-8859-8-i": "iso8859-8", "x-sjis": "cp932"}
_BIJECTIVE_CODECS = frozenset({"ascii", "utf-8"})
"""Codecs that decode no two byte strings to the same text, so that the round trip needs no check."""
_UTF_16_BY_BOM = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF_16 = frozenset(_UTF_16_BY_BOM.values())
_URL_IN_UTF_16 = "h\0t\0t\0p"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """Bytes decoded to text.

    Attributes:
        text: decoded text; encoding it again gives the same bytes.
        codec: Python's name of the codec.
        has_valid_charset: False if the charset is unknown or does not fit the bytes. They are then decoded as Latin-1,
            and only the ASCII characters are reliable.
        runs: runs of ISO-2022 or HZ, which the codec does not encode; None if there are none.
    """

    text: str
    codec: str
    has_valid_charset: bool
    runs: RunPositions | None = None

    @property
    def allows_non_ascii_links(self) -> bool:
        """Whether links with other than ASCII characters can be replaced."""
        return self.has_valid_charset and self.runs is None


def decode_text(
    content: bytes | bytearray | memoryview, charset: str, limit: ShiftLimit | None = None
) -> DecodedText | None:
    """Decode a body; None if its charset is not supported, such as UTF-7, which is not ASCII-compatible.

    UTF-16 needs a byte order mark or a name that gives the order. Without either, programs disagree: RFC 2781 section
    4.3 says big-endian, WHATWG Encoding little-endian. A body in UTF-16 that declares another charset gives None too.
    Invalid bytes and unknown charsets are read as Latin-1; an empty charset means us-ascii (RFC 2045 section 5.2).
    Characters of ISO-2022 and HZ are found in every charset; ``limit`` is shared by the bodies of a message.
    """
    try:
        codec = codecs.lookup(charset or "us-ascii").name
    except (LookupError, ValueError):
        codec = _WHATWG_ALIASES.get(charset.lower(), "")
    if codec in _UNSUPPORTED_CODECS:
        return None
    if codec == "utf-16":
        codec = _UTF_16_BY_BOM.get(bytes(content[:2]), codec)
    decoded = _decode_with_codec(content, codec)
    if codec in _UTF_16:
        return decoded if decoded.has_valid_charset else None
    text = decoded.text
    if _URL_IN_UTF_16 in text:
        return None
    # One character is found ten times as fast as two.
    is_iso_2022 = codec.startswith("iso2022") or ("\x1b" in text and ("\x1b$" in text or "\x1b(I" in text))
    is_hz = codec == "hz" or (text.isascii() and "~" in text and "~{" in text)
    if not is_iso_2022 and not is_hz:
        return decoded
    encoded = bytes(content)
    runs: list[ShiftedRun] | None = None
    if (limit or ShiftLimit()).allows(encoded):
        runs = find_iso_2022_runs(encoded) if is_iso_2022 else []
        if runs == [] and is_hz:
            runs = find_hz_runs(encoded, is_declared=codec == "hz")
    if runs is None:
        return None
    return _decode_runs(encoded, codec, runs) if runs else decoded


def _decode_runs(content: bytes, codec: str, runs: Sequence[ShiftedRun]) -> DecodedText:
    """Decode what is between the runs with the codec."""
    gap_starts, gap_ends = [0, *(run.end for run in runs)], [*(run.start for run in runs), len(content)]
    gaps = [content[start:end] for start, end in zip(gap_starts, gap_ends, strict=True)]
    plain = _decode_with_codec(b"\n".join(gaps), codec)  # no character spans two gaps
    texts = [str(gap, plain.codec) for gap in gaps]
    pieces: list[str] = []
    starts: list[int] = []
    offset = 0
    for text, run in zip(texts, runs, strict=False):  # and a text behind the last run
        pieces += [text, run.text]
        starts.append(offset + len(text))
        offset += len(text) + len(run.text)
    return DecodedText(
        text="".join([*pieces, texts[-1]]),
        codec=plain.codec,
        has_valid_charset=plain.has_valid_charset,
        runs=RunPositions(runs, starts, "".join(texts)),
    )


def _decode_with_codec(content: bytes | bytearray | memoryview, codec: str) -> DecodedText:
    for candidate in (_WHATWG_CODECS.get(codec, codec), codec):
        with suppress(LookupError, ValueError):
            text = str(content, candidate)
            if candidate in _BIJECTIVE_CODECS or text.encode(candidate) == content:
                return DecodedText(text=text, codec=candidate, has_valid_charset=True)
    return DecodedText(text=str(content, "latin-1"), codec="latin-1", has_valid_charset=False)


def build_byte_edits(decoded: DecodedText, links: Sequence[Link]) -> list[ByteEdit] | None:
    """Return the edits of a body's links in bytes; None if its text cannot be encoded in pieces.

    With a byte order mark, as in utf-8-sig, a text is encoded differently in pieces than as a whole.
    """
    codec, runs = decoded.codec, decoded.runs
    text = decoded.text if runs is None else runs.plain_text
    content = None if codec in _BIJECTIVE_CODECS else text.encode(codec)
    edits: list[ByteEdit] = []
    text_offset = byte_offset = 0
    for edit in build_text_edits(links):
        span = SpanShift(edit.start, edit.end) if runs is None else runs.remove_from_span(edit.start, edit.end)
        before = text[text_offset : span.start].encode(codec)
        original = text[span.start : span.end].encode(codec)
        start = byte_offset + len(before)
        end = start + len(original)
        is_encoded_alike = content is None or (content[byte_offset:start] == before and content[start:end] == original)
        if not (span.is_exact and is_encoded_alike):
            return None
        text_offset, byte_offset = span.end, end
        replacement = edit.text.encode(codec)
        edits.append(ByteEdit(start=start + span.start_bytes, end=end + span.end_bytes, replacement=replacement))
    if content is not None and content[byte_offset:] != text[text_offset:].encode(codec):
        return None
    return edits


def find_byte_spans(decoded: DecodedText, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of bytes of spans of the text, which are in order and do not overlap.

    A span that starts or ends within a run is widened to the whole run.
    """
    runs = decoded.runs
    text = decoded.text if runs is None else runs.plain_text
    encoder = codecs.getincrementalencoder(decoded.codec)()
    text_offset = byte_offset = 0
    for start, end in spans:
        span = SpanShift(start, end) if runs is None else runs.remove_from_span(start, end)
        byte_start = byte_offset + len(encoder.encode(text[text_offset : span.start]))
        byte_offset = byte_start + len(encoder.encode(text[span.start : span.end]))
        text_offset = span.end
        yield byte_start + span.start_bytes, byte_offset + span.end_bytes
