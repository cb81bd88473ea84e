"""Decode the URLs of Proofpoint URL Defense, versions 2 and 3.

Version 2 writes ``-`` for ``%`` and ``_`` for ``/``. Version 3 writes ``*`` for a character that is not allowed, and
``**`` and a letter for several: A for 2, B for 3, and so on through the alphabet of Base64. The characters follow the
URL, in Base64: ``/v3/__https://x.com/a*b__;Iw!!…``. It also turns ``https://`` into ``https:/`` in some mail programs.
"""

import base64
import binascii
import re
import string

from clicktrail.percent_encoding import unquote

_RUN_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_MIN_RUN = 2
_START, _END = "/v3/__", "__;"
_CHARACTERS = re.compile(r"([A-Za-z0-9_=-]*)!")
_REPLACED = re.compile(r"\*(?:\*(.))?", re.DOTALL)
_ONE_SLASH = re.compile(r"\A([a-z][a-z0-9+.-]*:/)(?!/)", re.IGNORECASE)


def decode_version_2(value: str) -> str:
    """Decode the parameter of version 2."""
    return unquote(value.replace("-", "%").replace("_", "/"))


def decode_version_3(url: str) -> str:
    """Decode a whole URL of version 3; empty if it is damaged."""
    start, end = url.find(_START) + len(_START), url.rfind(_END)
    encoded = _CHARACTERS.match(url, end + len(_END))
    if not len(_START) <= start <= end or encoded is None:
        return ""
    text = _ONE_SLASH.sub(r"\1/", unquote(url[start:end]))
    lengths = [_RUN_LETTERS.find(match[1]) + _MIN_RUN if match[1] else 1 for match in _REPLACED.finditer(text)]
    characters = _decode_characters(encoded[1], sum(lengths))
    if characters is None:
        return ""
    starts = iter(lengths)
    position = 0

    def insert(_: re.Match[str]) -> str:
        nonlocal position
        start, position = position, position + next(starts)
        return characters[start:position]

    return _REPLACED.sub(insert, text).encode(errors="surrogateescape").decode(errors="replace")


def _decode_characters(encoded: str, count: int) -> str | None:
    """The replaced characters, or a surrogate for each byte if these are so many; None if their number is wrong."""
    try:
        raw = base64.urlsafe_b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return None
    text = raw.decode(errors="replace")
    if len(text) == count:
        return text
    return raw.decode("ascii", errors="surrogateescape") if len(raw) == count else None
