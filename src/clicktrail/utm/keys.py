"""Recognise misspelled names of UTM parameters by their distance to the right ones."""

import re
from dataclasses import dataclass
from functools import lru_cache

KNOWN_KEYS = (
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
    *("utm_id", "utm_source_platform", "utm_creative_format", "utm_marketing_tactic"),
)
"""Keys that Google Analytics 4 reads (support.google.com/analytics/answer/10917952, 2026-12-01)."""

_PREFIX = "utm"
_MAX_KEY_CHARS = 48
_NOT_IN_WORDS = re.compile(r"[\W_]+")
_LONG_NAME_CHARS = 6
"""In names of so many characters, two typos still leave no doubt."""
_MIN_NAME_CHARS = 4
"""Shorter names, such as ``id``, are the beginning or the end of too many words."""


@dataclass(frozen=True, slots=True)
class IntendedKey:
    """The UTM key meant by a misspelled one.

    Attributes:
        is_certain: whether it can be nothing else; ``utm_campaignid`` may be meant as ``utm_campaign`` or ``utm_id``.
    """

    name: str
    is_certain: bool


def find_intended_key(key: str) -> IntendedKey | None:
    """Return the UTM key meant by a misspelled one; None if the key is right in any case, or another word.

    Separators do not count: ``utm-source``, ``utmsource`` and ``utm_source[]`` are ``utm_source``. A name may have one
    typo, a long one two; it may be cut off, or continue.
    """
    return _find_intended_key(key.lower()) if len(key) <= _MAX_KEY_CHARS else None


@lru_cache(2_000)
def _find_intended_key(key: str) -> IntendedKey | None:
    folded = _NOT_IN_WORDS.sub("", key)
    if key in KNOWN_KEYS or not folded.startswith(_PREFIX[0]):
        return None
    candidates = sorted((_rate(folded, known), known) for known in KNOWN_KEYS)
    (best, name), (second, _) = candidates[:2]
    if best < _EXTENDED:
        return IntendedKey(name, is_certain=best < second)
    return IntendedKey(name, is_certain=False) if best == _EXTENDED else None


_EXTENDED = 3
_UNRELATED = 4


def _rate(key: str, known: str) -> int:
    """Number of typos, 0 to 2; `_EXTENDED` if the key goes on after the known one; else `_UNRELATED`."""
    folded = _NOT_IN_WORDS.sub("", known)
    if not key.startswith(_PREFIX):
        return 1 if _count_typos(key, folded) == 1 and len(folded) > len("utmid") else _UNRELATED
    name, known_name = key.removeprefix(_PREFIX), folded.removeprefix(_PREFIX)
    addition = name.removeprefix(known_name) if len(known_name) >= _MIN_NAME_CHARS else name
    if addition != name and (len(addition) > 1 or addition.isdigit()):
        return _EXTENDED
    typos = _count_typos(name, known_name)
    allowed = 2 if len(known_name) >= _LONG_NAME_CHARS else 1 if len(known_name) >= _MIN_NAME_CHARS else 0
    if typos <= allowed:
        return typos
    is_cut_off = len(name) >= _MIN_NAME_CHARS and known_name.startswith(name) and known.count("_") == 1
    return allowed if is_cut_off else _UNRELATED


def _count_typos(first: str, second: str) -> int:
    """Characters added, removed or replaced, and neighbours swapped (optimal string alignment)."""
    before, row = list[int](), list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        new = [i]
        for j, b in enumerate(second, start=1):
            cost = min(row[j] + 1, new[-1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        before, row = row, new
    return row[-1]
