"""Find the token in a path that was damaged on its way: by a mail program, a gateway, or a person who copied it.

Theory of operation. The characters of a token are a closed set, ``[A-Za-z0-9_-]``, and the last one is a letter or a
digit. So any other character shows where a token ends: a full stop after the link, a bracket of Markdown, a quotation
mark, parameters, an invisible character. This needs no list of additions.

1. Undo percent-encoding, which may have been applied several times.
2. Skip what comes before the token: slashes, spaces, the origin of a URL that was inserted into another.
3. The token ends before the first foreign character. ``-`` and ``_`` at its end are foreign too.
4. If that is not a token, characters inside it may have changed, where a line was wrapped or a word processor corrected
   it: undo quoted-printable, remove white space and invisible characters, replace dashes, and repeat steps 2 and 3.

What is found may still be no token. Sealed and campaign tokens are authenticated, so that it is safe to try.
"""

import binascii
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from clicktrail.percent_encoding import unquote_to_bytes

_MIN_TOKEN_CHARS: Final = 11
"""Length of the shortest token."""

_MIN_CASED_CHARS: Final = 37
"""The shortest campaign token has 38. So many random base64url characters have no capitals once in 10^8."""

_MAX_PATH_CHARS: Final = 16 * 1024
"""Longest path that is searched. The edge accepts no longer one."""

_MAX_PERCENT_DECODINGS: Final = 3
"""A service that passes a link on in a parameter encodes it once; more than three in a row are no mail's way."""

_BEFORE_TOKEN = re.compile(rb"(?:https?:/+[^/]*/)?[^A-Za-z0-9_-]*")
_TOKEN = re.compile(rb"[A-Za-z0-9_-]*")
_DIGIT = re.compile(rb"[0-9]")
_INSERTED = re.compile(
    rb"[\x00-\x20\x7f]+"  # white space and other control characters
    rb"|\xc2[\x85\xa0\xad]"  # next line, no-break space, soft hyphen
    rb"|\xe2\x80[\x80-\x8f\xa8-\xaf]"  # spaces, zero-width space and joiners, directional marks, line separators
    rb"|\xe2\x81[\x9f-\xaf]"  # mathematical space, word joiner, directional isolates
    rb"|\xe3\x80\x80"  # ideographic space
    rb"|\xef\xbb\xbf"  # byte order mark
    rb"|[\xa0\xad]"  # no-break space and soft hyphen in Latin-1
)
"""White space and invisible characters in UTF-8 (Unicode 16, categories Cc, Cf and Zs)."""

_DASHES: Final = {
    **dict.fromkeys(("\u2010", "\u2011", "\u2012", "\u2013", "\u2212", "\uff0d"), b"-"),
    "\u2014": b"--",
}
"""What word processors and keyboards with smart punctuation replace hyphens by (Unicode 16, category Pd)."""

_QUOTED_PRINTABLE_REST: Final = b"3D"
"""Rest of ``=3D``, an equals sign in quoted-printable (RFC 2045 section 6.7), whose own ``=`` is lost."""


class Damage(StrEnum):
    """How a link differs from the one that was sent. All but the last still open."""

    ADDITION = "addition"
    ENCODING = "encoding"
    INSIDE = "inside"
    NO_RECIPIENT_ID = "no-recipient-id"
    INVALID_RECIPIENT_ID = "invalid-recipient-id"
    LETTER_CASE = "letter-case"


class FoundToken(NamedTuple):
    """A part of a path that may be a token.

    Attributes:
        before: what precedes it, decoded.
        rest: what follows it, decoded.
        is_mended: whether characters inside it were removed or replaced.
    """

    before: bytes
    token: str
    rest: bytes
    is_mended: bool


def find_tokens(path: str) -> Iterator[FoundToken]:
    """Find what may be the token of a path, at most four candidates, the most likely first.

    Args:
        path: path without its leading slash, as it was requested: percent-encoded, a character for each byte; or any
            other text.
    """
    if len(path) > _MAX_PATH_CHARS:
        return
    text = _decode(path)
    yield from _find_at_start(text, is_mended=False)
    mended = _mend_inside(text)
    if mended != text:
        yield from _find_at_start(mended, is_mended=True)


def has_changed_case(path: str) -> bool:
    """Whether a path begins like a sealed or campaign token whose letters have all become lower or upper case."""
    if len(path) > _MAX_PATH_CHARS:
        return False
    text = _decode(path)
    start, end = _locate_token(text)
    token = text[start:end]
    return len(token) >= _MIN_CASED_CHARS and (token.islower() or token.isupper()) and _DIGIT.search(token) is not None


def _find_at_start(text: bytes, *, is_mended: bool) -> Iterator[FoundToken]:
    start, end = _locate_token(text)
    ends = [end]
    if text[start:end].upper().endswith(_QUOTED_PRINTABLE_REST):
        ends.append(end - len(_QUOTED_PRINTABLE_REST))
    for end in ends:
        if end - start >= _MIN_TOKEN_CHARS:
            yield FoundToken(text[:start], text[start:end].decode(), text[end:], is_mended)


def _locate_token(text: bytes) -> tuple[int, int]:
    """Start and end of the first run of token characters, without ``-`` and ``_`` at its end."""
    before = _BEFORE_TOKEN.match(text)
    start = before.end() if before else 0
    run = _TOKEN.match(text, start)
    return start, start + (len(run[0].rstrip(b"-_")) if run else 0)


def _decode(path: str) -> bytes:
    try:
        text = path.encode("latin-1")
    except UnicodeEncodeError:
        text = path.encode(errors="replace")
    for _ in range(_MAX_PERCENT_DECODINGS):
        decoded = unquote_to_bytes(text) if b"%" in text else text
        if decoded == text:
            break
        text = decoded
    return text


def _mend_inside(text: bytes) -> bytes:
    text = _INSERTED.sub(b"", binascii.a2b_qp(text))
    for dash, hyphens in _DASHES.items():
        text = text.replace(dash.encode(), hyphens)
    return text
