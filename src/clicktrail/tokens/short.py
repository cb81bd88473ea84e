"""Short tokens: a random code for a message, whose links are in the registry, and the position of the link.

A token is one number: the 60 bits of the code, then the 13 bits of the position. It has 14 base-32 digits, then one
base-8 digit, ``0`` to ``7``, which also names the format. Its digits are those of Crockford's base 32
(https://www.crockford.com/base32.html, 2026-12-01), so that it survives gateways that change the case of letters. All
tokens have the same length, so that the rest of one that was cut off is never a token for another position.

Tokens before 2026-12-01 are the code as ten base64url characters (RFC 4648 section 5), then the position. The last
character is the position's last digit, one of the 20 from ``o`` to ``7``. Positions from 20 on have one more digit,
base 64, before it. So they have 11 or 12 characters. They open for ever.
"""

import re
import string

from clicktrail.errors import TokenMalformedError

SHORT_CODE_BITS = 60
"""Random bits of a code. It is not sealed, so only its length protects it from being guessed."""

_POSITION_BITS = 13
MAX_SHORT_LINKS = 1 << _POSITION_BITS
"""Positions that a token can hold."""

_BASE_32_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE_8_DIGITS = "01234567"
_TOKEN_CHARS = 15
_TOKEN_PATTERN = re.compile(rf"[{_BASE_32_DIGITS}]{{{_TOKEN_CHARS - 1}}}[{_BASE_8_DIGITS}]")
_SHIFTS = range(SHORT_CODE_BITS + _POSITION_BITS - 5, -1, -5)
_LOWER_CASE = {ord(letter): letter.lower() for letter in string.ascii_uppercase}

_OLD_BASE_64_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_OLD_LAST_CHARACTERS = "opqrstuvwxyz01234567"
_OLD_CODE_CHARS = 10
_OLD_TOKEN_PATTERN = re.compile(rf"[A-Za-z0-9_-]{{{_OLD_CODE_CHARS},{_OLD_CODE_CHARS + 1}}}[{_OLD_LAST_CHARACTERS}]")


def encode_short_token(code: int, position: int) -> str:
    """Make the token of a link; ``position`` is less than `MAX_SHORT_LINKS`."""
    number = code << _POSITION_BITS | position
    return "".join([_BASE_32_DIGITS[number >> shift & 31] for shift in _SHIFTS]) + _BASE_8_DIGITS[number & 7]


def decode_short_token(token: str) -> tuple[int, int]:
    """Read code and position of a token.

    Raises:
        TokenMalformedError: not a short token.
    """
    if len(token) != _TOKEN_CHARS:
        return _decode_old_token(token)
    digits = token.translate(_LOWER_CASE)
    if not _TOKEN_PATTERN.fullmatch(digits):
        raise TokenMalformedError("not a token of a known format")
    number = 0
    for digit in digits[:-1]:
        number = number << 5 | _BASE_32_DIGITS.index(digit)
    return divmod(number << 3 | _BASE_8_DIGITS.index(digits[-1]), MAX_SHORT_LINKS)


def find_longer_positions(token: str) -> range:
    """Positions of the tokens that begin with this token: what it may have been if its last digit is missing."""
    if len(token) != _OLD_CODE_CHARS + 1:
        return range(0)
    start = (_OLD_BASE_64_DIGITS.index(token[-1]) + 1) * len(_OLD_LAST_CHARACTERS)
    return range(start, start + len(_OLD_LAST_CHARACTERS))


def _decode_old_token(token: str) -> tuple[int, int]:
    if not _OLD_TOKEN_PATTERN.fullmatch(token):
        raise TokenMalformedError("not a token of a known format")
    code = 0
    for digit in token[:_OLD_CODE_CHARS]:
        code = code << 6 | _OLD_BASE_64_DIGITS.index(digit)
    # The digit that only positions from 20 on have counts from 1.
    high = _OLD_BASE_64_DIGITS.index(token[_OLD_CODE_CHARS]) + 1 if len(token) > _OLD_CODE_CHARS + 1 else 0
    return code, high * len(_OLD_LAST_CHARACTERS) + _OLD_LAST_CHARACTERS.index(token[-1])
