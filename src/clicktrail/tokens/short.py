"""The short format: a random code a message, whose links stand in the registry, and the link's position behind it.

A token is ten base64url characters (RFC 4648 section 5), the code's 60 bits, the highest first; then the position. Its
last digit is the token's last character, one of the 20 from ``o`` to ``7``, which names the format too. Positions from
20 on have another digit before it, one of base 64. So a token has 11 characters, or 12.
"""

import re
import string

from clicktrail.errors import TokenMalformedError

__all__ = ["CODE_BITS", "MAX_SHORT_LINKS", "read_short", "short_token"]

CODE_BITS = 60
"""Random bits of a code: nothing seals it, so nothing but their number keeps it from being guessed."""

_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST = "opqrstuvwxyz01234567"
_CODE_LENGTH = 10
_BITS = 6
_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{{_CODE_LENGTH},{_CODE_LENGTH + 1}}}[{_LAST}]")

MAX_SHORT_LINKS = len(_LAST) * (len(_DIGITS) + 1)
"""Positions that a token can tell."""


def short_token(code: int, position: int) -> str:
    """The token of one link; ``position`` is less than ``MAX_SHORT_LINKS``."""
    digits = [_DIGITS[code >> shift & 63] for shift in range(CODE_BITS - _BITS, -1, -_BITS)]
    high, low = divmod(position, len(_LAST))
    return "".join((*digits, _DIGITS[high - 1] if high else "", _LAST[low]))


def read_short(token: str) -> tuple[int, int]:
    """The code and the position.

    Raises:
        TokenMalformedError: not of our shape.
    """
    if not _SHAPE.fullmatch(token):
        raise TokenMalformedError("not a token of a known format")
    code = 0
    for digit in token[:_CODE_LENGTH]:
        code = code << _BITS | _DIGITS.index(digit)
    high = _DIGITS.index(token[_CODE_LENGTH]) + 1 if len(token) > _CODE_LENGTH + 1 else 0
    return code, high * len(_LAST) + _LAST.index(token[-1])
