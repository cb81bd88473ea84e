"""Decode header values: UTF-8 (RFC 6532) and encoded words (RFC 2047), in time linear in their length.

The result is that of the standard library's `email.header`, whose time is quadratic, with three differences: words that
cannot be decoded stay encoded while all others are decoded; bytes beyond ASCII are accepted within words and beside
them; and no space is inserted where a word touches other text.
"""

import binascii
import codecs
import re
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

MAX_VALUE_BYTES = 16_384
"""Bytes of a value that are decoded; the rest is cut off. Mail programs show a few hundred characters."""

_WORD_START = re.compile(rb"=\?([^?]*+)\?([qQbB])\?")
_WORD_END = b"?="
_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
# Codecs that take quadratic time, and codecs of program text.
_UNSUPPORTED_CODECS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})


class _Piece(msgspec.Struct, frozen=True):
    """An encoded word, or bytes between such words. ``charset`` is empty if they are not encoded."""

    raw: bytes
    charset: str = ""
    content: bytes = b""


def decode_header_value(value: bytes) -> str:
    """Decode an unfolded value. No input raises: invalid bytes become U+FFFD.

    Adjacent words of one charset are decoded together, because a character may be split between them.
    """
    value = value[:MAX_VALUE_BYTES]
    if b"=?" not in value:
        return value.decode("utf-8", "replace")
    return "".join(
        _decode_words(charset, list(pieces))
        if charset
        else b"".join([piece.raw for piece in pieces]).decode("utf-8", "replace")
        for charset, pieces in groupby(_split_words(value), key=attrgetter("charset"))
    )


def _split_words(value: bytes) -> Iterator[_Piece]:
    offset = 0
    while start := _WORD_START.search(value, offset):
        end = value.find(_WORD_END, start.end())
        if end < 0:
            break
        between = value[offset : start.start()]
        # White space between two encoded words is not part of the text (RFC 2047 section 6.2).
        if between and not (offset and between.isspace()):
            yield _Piece(between)
        offset = end + len(_WORD_END)
        word = value[start.start() : offset]
        content = _decode_content(start[2], value[start.end() : end])
        yield _Piece(word) if content is None else _Piece(word, start[1].decode("latin-1").lower(), content)
    yield _Piece(value[offset:])


def _decode_content(encoding: bytes, encoded: bytes) -> bytes | None:
    if encoding in b"qQ":
        return _ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), encoded.replace(b"_", b" "))
    try:
        return binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4))
    except ValueError:
        return None


def _decode_words(charset: str, words: list[_Piece]) -> str:
    """Decode adjacent words of one charset; if that is impossible, return them as they are."""
    try:
        codec = codecs.lookup(charset.partition("*")[0]).name  # a language may follow (RFC 2231 section 5)
        if codec not in _UNSUPPORTED_CODECS:
            text = b"".join([word.content for word in words]).decode(codec)
            text.encode()  # UTF-7 can hold half of a surrogate pair
            return text
    except (LookupError, ValueError):
        pass
    return b" ".join([word.raw for word in words]).decode("utf-8", "replace")
