"""The short format: a random code a message, whose links stand in the registry, and the link's position behind it.

A token is ten base64url characters (RFC 4648 section 5), the code's 60 bits, the highest first; then the position. Its
last digit is the token's last character, one of the 20 from ``o`` to ``7``, which names the format too. Positions from
20 on have another digit before it, one of base 64. So a token has 11 characters, or 12.
"""

import re
import string

from clicktrail.errors import TokenMalformedError

__all__ = ["MAX_SHORT_LINKS", "SHORT_CODE_BITS", "decode_short_token", "encode_short_token"]

SHORT_CODE_BITS = 60
"""Random bits of a code: nothing seals it, so nothing but their number keeps it from being guessed."""

_BASE_64_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST_CHARACTERS = "opqrstuvwxyz01234567"
_CODE_CHARS = 10
_BITS_PER_DIGIT = 6
_TOKEN_PATTERN = re.compile(rf"[A-Za-z0-9_-]{{{_CODE_CHARS},{_CODE_CHARS + 1}}}[{_LAST_CHARACTERS}]")

MAX_SHORT_LINKS = len(_LAST_CHARACTERS) * (len(_BASE_64_DIGITS) + 1)
"""Positions that a token can tell."""


def encode_short_token(code: int, position: int) -> str:
    """The token of one link; ``position`` is less than ``MAX_SHORT_LINKS``."""
    digits = [
        _BASE_64_DIGITS[code >> shift & 63] for shift in range(SHORT_CODE_BITS - _BITS_PER_DIGIT, -1, -_BITS_PER_DIGIT)
    ]
    high, low = divmod(position, len(_LAST_CHARACTERS))
    return "".join((*digits, _BASE_64_DIGITS[high - 1] if high else "", _LAST_CHARACTERS[low]))


def decode_short_token(token: str) -> tuple[int, int]:
    """The code and the position.

    Raises:
        TokenMalformedError: not of our shape.
    """
    if not _TOKEN_PATTERN.fullmatch(token):
        raise TokenMalformedError("not a token of a known format")
    code = 0
    for digit in token[:_CODE_CHARS]:
        code = code << _BITS_PER_DIGIT | _BASE_64_DIGITS.index(digit)
    high = _BASE_64_DIGITS.index(token[_CODE_CHARS]) + 1 if len(token) > _CODE_CHARS + 1 else 0
    return code, high * len(_LAST_CHARACTERS) + _LAST_CHARACTERS.index(token[-1])
