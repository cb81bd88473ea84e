"""Short tokens: a random code for a message, whose links are in the registry, and the position of the link.

A token is the 60 bits of the code as ten base64url characters (RFC 4648 section 5), highest bits first, then the
position. The last character is the position's last digit, one of the 20 from ``o`` to ``7``, which also name the
format. Positions from 20 on have one more digit, base 64, before it. So a token has 11 or 12 characters.
"""

import re
import string

from clicktrail.errors import TokenMalformedError

SHORT_CODE_BITS = 60
"""Random bits of a code. It is not sealed, so only its length protects it from being guessed."""

_BASE_64_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST_CHARACTERS = "opqrstuvwxyz01234567"
_CODE_CHARS = 10
_BITS_PER_DIGIT = 6
_TOKEN_PATTERN = re.compile(rf"[A-Za-z0-9_-]{{{_CODE_CHARS},{_CODE_CHARS + 1}}}[{_LAST_CHARACTERS}]")

MAX_SHORT_LINKS = len(_LAST_CHARACTERS) * (len(_BASE_64_DIGITS) + 1)
"""Positions that a token can hold."""


def encode_short_token(code: int, position: int) -> str:
    """Make the token of a link; ``position`` is less than `MAX_SHORT_LINKS`."""
    digits = [
        _BASE_64_DIGITS[code >> shift & 63] for shift in range(SHORT_CODE_BITS - _BITS_PER_DIGIT, -1, -_BITS_PER_DIGIT)
    ]
    high, low = divmod(position, len(_LAST_CHARACTERS))
    return "".join((*digits, _BASE_64_DIGITS[high - 1] if high else "", _LAST_CHARACTERS[low]))


def decode_short_token(token: str) -> tuple[int, int]:
    """Read code and position of a token.

    Raises:
        TokenMalformedError: not a short token.
    """
    if not _TOKEN_PATTERN.fullmatch(token):
        raise TokenMalformedError("not a token of a known format")
    code = 0
    for digit in token[:_CODE_CHARS]:
        code = code << _BITS_PER_DIGIT | _BASE_64_DIGITS.index(digit)
    # The digit that only positions from 20 on have counts from 1.
    high = _BASE_64_DIGITS.index(token[_CODE_CHARS]) + 1 if len(token) > _CODE_CHARS + 1 else 0
    return code, high * len(_LAST_CHARACTERS) + _LAST_CHARACTERS.index(token[-1])
