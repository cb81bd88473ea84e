"""Read the bytes of a body as text in a way that can be undone exactly."""

import codecs
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from clicktrail.model.link import Link
from clicktrail.rewrite.replacing import replacements
from clicktrail.rewrite.splice import Edit

__all__ = ["View", "byte_edits", "view"]

# Names that Python knows as text encodings and in which an ASCII character is not always the same bytes.
_NOT_READ = frozenset({"utf-7", "punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
_MEANT: Mapping[str, str] = {
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
_UNKNOWN_TO_PYTHON: Mapping[str, str] = {"windows-874": "cp874", "iso-8859-8-i": "iso8859-8", "x-sjis": "cp932"}
_ONE_SPELLING = frozenset({"ascii", "utf-8"})
"""Encodings whose decoders take one spelling of each text only, so that no copy has to be made to compare."""
_UTF_16_BY_MARK = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_UTF_16 = frozenset(_UTF_16_BY_MARK.values())
_URL_IN_UTF_16 = "h\0t\0t\0p"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Bytes read as text.

    Attributes:
        text: the characters; encoding them again gives the same bytes.
        codec: Python's name of the encoding they were read in.
        legible: False if the charset is unknown or the bytes are not of it: they are then read as Latin-1, and only
            the ASCII characters are known to be right.
    """

    text: str
    codec: str
    legible: bool


def view(content: bytes | bytearray | memoryview, charset: str) -> View | None:
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
        codec = _UNKNOWN_TO_PYTHON.get(charset.lower(), "")
    if codec in _NOT_READ:
        return None
    if codec == "utf-16":
        codec = _UTF_16_BY_MARK.get(bytes(content[:2]), codec)
    seen = _read(content, codec)
    if codec in _UTF_16:
        return seen if seen.legible else None
    return None if _URL_IN_UTF_16 in seen.text else seen


def _read(content: bytes | bytearray | memoryview, codec: str) -> View:
    for reading in (_MEANT.get(codec, codec), codec):
        with suppress(LookupError, ValueError):
            text = str(content, reading)
            if reading in _ONE_SPELLING or text.encode(reading) == content:
                return View(text=text, codec=reading, legible=True)
    return View(text=str(content, "latin-1"), codec="latin-1", legible=False)


def byte_edits(content: bytes | bytearray | memoryview, seen: View, links: Sequence[Link]) -> list[Edit] | None:
    """The replacement of tracked links, in bytes; None if the text cannot be cut at the links and encoded in pieces."""
    edits: list[Edit] = []
    at = size = 0
    same = True
    for replacement in replacements(links):
        before = seen.text[at : replacement.start].encode(seen.codec)
        replaced = seen.text[replacement.start : replacement.end].encode(seen.codec)
        start = size + len(before)
        same = same and content[size:start] == before and content[start : start + len(replaced)] == replaced
        at, size = replacement.end, start + len(replaced)
        edits.append(Edit(start=start, end=size, replacement=replacement.text.encode(seen.codec)))
    rest = seen.text[at:].encode(seen.codec)
    return edits if same and content[size:] == rest else None
