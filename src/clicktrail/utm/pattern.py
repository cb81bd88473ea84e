"""What the campaign names of a medium look like."""

import re

__all__ = ["fits"]

_SNAKE = "[a-z0-9]+(?:_[a-z0-9]+)*"
_PARTS = {
    "YYYY": "[0-9]{4}",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "description": _SNAKE,
}
_PART = re.compile("|".join(_PARTS))


def fits(campaign: str, pattern: str) -> bool:
    """Whether a campaign is named by a pattern.

    In a pattern ``YYYY``, ``MM`` and ``DD`` stand for digits of a date, and ``description`` for words in snake case,
    ASCII; every other character stands for itself. ``YYYY-MM_description`` is fitted by ``2026-11_black_friday``,
    ``description`` by ``welcome_series_2``.
    """
    pieces, at = [], 0
    for part in _PART.finditer(pattern):
        pieces += [re.escape(pattern[at : part.start()]), _PARTS[part[0]]]
        at = part.end()
    return re.fullmatch("".join([*pieces, re.escape(pattern[at:])]), campaign) is not None
