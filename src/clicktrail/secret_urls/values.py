"""Distinguish random values, such as tokens and digests, from words, slugs, dates and short ids."""

import re

_BASE64 = re.compile(r"[A-Za-z0-9_+/.~=:|,-]*+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_SEPARATORS = re.compile(r"[-_.~+/:=|,]++")
_PLAIN_PIECE = re.compile(
    r"""
    [A-Z]?+[a-z]++[0-9]{0,4} | (?:[A-Z][a-z]++)++[0-9]{0,4} | [a-z]++(?:[A-Z][a-z]++)*+[0-9]{0,4}  # words, camel case
  | [A-Z]++[0-9]{0,6} | [0-9]++ | [0-9]{1,4}[A-Za-z]{1,4}  # SKU10022, 20261201, 500ml
    """,
    re.VERBOSE | re.ASCII,
)
_DIGIT_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])", re.ASCII)
_CASE_CHANGE = re.compile(r"(?<=[a-z])[A-Z](?![a-z]{2})|(?<=[A-Z])[A-Z][a-z](?![a-z])", re.ASCII)
_HEXADECIMAL = re.compile(r"[0-9a-f]++|[0-9A-F]++", re.ASCII)

LONG_VALUE_CHARS = 16
"""64 bits in hexadecimal."""
_MAX_CHARS = 128
"""The rest of a longer value is like its start."""
_MIN_DIGIT_CHANGES = 3
"""Changes between letters and digits; ``iphone15pro`` has two."""
_MIN_CASE_CHANGES = 2
"""Changes of case other than those of camel case."""


def is_random(value: str, *, min_chars: int = LONG_VALUE_CHARS) -> bool:
    """Whether a decoded value looks as if drawn at random or computed: a token, a digest, a UUID, encrypted text.

    Words, slugs, numbers, dates and names in camel case do not, even with numbers in them.
    """
    value = value[:_MAX_CHARS]
    if len(value) < min_chars or not _BASE64.fullmatch(value):
        return False
    if _UUID.search(value):
        return True
    pieces = _SEPARATORS.split(value)
    odd = "".join(piece for piece in pieces if not _PLAIN_PIECE.fullmatch(piece))
    if len(odd) * 2 <= sum(map(len, pieces)):
        return False
    digit_changes, case_changes = len(_DIGIT_CHANGE.findall(odd)), len(_CASE_CHANGE.findall(odd))
    if digit_changes >= _MIN_DIGIT_CHANGES or case_changes > _MIN_CASE_CHANGES:
        return True
    has_both = digit_changes > 0 < case_changes and digit_changes + case_changes > _MIN_CASE_CHANGES
    is_long = len(odd) >= LONG_VALUE_CHARS
    is_hexadecimal = digit_changes > 0 and _HEXADECIMAL.fullmatch(odd) is not None
    return has_both or (is_long and (is_hexadecimal or case_changes >= _MIN_CASE_CHANGES))
