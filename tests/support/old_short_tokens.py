"""Short tokens as they were made before 2026-12-01: base64url, with letters of both cases. They open for ever."""

import string

_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST_CHARACTERS = "opqrstuvwxyz01234567"
MAX_OLD_SHORT_LINKS = 1_300


def encode_old_short_token(code: int, position: int) -> str:
    digits = [_DIGITS[code >> shift & 63] for shift in range(54, -1, -6)]
    high, low = divmod(position, len(_LAST_CHARACTERS))
    return "".join((*digits, _DIGITS[high - 1] if high else "", _LAST_CHARACTERS[low]))
