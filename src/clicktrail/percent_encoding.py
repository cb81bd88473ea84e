"""Decode percent-encoded text as `urllib.parse.unquote` does, in a fraction of its time.

That takes 0.3 µs for each escape, in Python. Hostile mail has millions of them.
"""

import binascii
import re
from urllib import parse

_INVALID_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def unquote(text: str) -> str:
    """Decode the percent-encoded bytes of a text as UTF-8. An invalid escape is kept, an invalid byte replaced."""
    if "%" not in text:
        return text
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return parse.unquote(text)
    return unquote_to_bytes(encoded).decode(errors="replace")


def unquote_to_bytes(data: bytes) -> bytes:
    """Decode percent-encoded bytes. An invalid escape is kept."""
    # Quoted-printable has the same escapes with another sign, and Python decodes it in C.
    return binascii.a2b_qp(_INVALID_ESCAPE.sub(b"%25", data).replace(b"=", b"=3D").replace(b"%", b"="))


def unquote_plus(text: str) -> str:
    """Decode a part of a query, in which ``+`` is a space."""
    return unquote(text.replace("+", " "))
