"""Compare and normalise values of UTM parameters."""

import re
from collections.abc import Iterable
from functools import lru_cache

from clicktrail.utm.convention import Convention, matches_campaign_pattern, to_snake_case

_NOISE_WORDS = frozenset({"campaign", "campaigns", "channel", "marketing", "traffic"})
"""Words without meaning in a source or medium: ``email_marketing`` means ``email``."""

_EMAIL_WORDS = frozenset({"mail", "mails", "mailing", "mailings", "emailing", "emailings"})
"""Other words for ``email`` as a source or medium, in English, German and French."""

_MIN_TYPO_CHARS = 5
"""In shorter words, one different letter usually makes another word, not a typo."""

MAX_FOLDED_CHARS = 100
"""Characters of a value that are compared."""

_DIGITS = re.compile("[0-9]+")


def fold_value(value: str, *, drop_noise_words: bool = False) -> str:
    """Fold a value for comparison: without case, accents and separators, so ``E-Mail`` and ``e_mail`` are equal.

    ``drop_noise_words`` also drops words such as ``marketing``, unless nothing else is left, and folds ``mail`` to
    ``email``.
    """
    words = to_snake_case(value, max_chars=MAX_FOLDED_CHARS).split("_")
    significant = [word for word in words if word not in _NOISE_WORDS] if drop_noise_words else words
    folded = "".join(significant or words)
    return "email" if drop_noise_words and folded in _EMAIL_WORDS else folded


def is_typo(first: str, second: str) -> bool:
    """Whether two folded values differ by one typo: one character added, removed, replaced, or two swapped.

    First letter and digits must be equal: ``gmail`` is not ``email``, and part 2 is not part 3. The last letter must
    not be replaced: ``sale_a`` is not ``sale_b``.
    """
    min_chars = min(len(first), len(second))
    if min_chars < _MIN_TYPO_CHARS or first[0] != second[0] or abs(len(first) - len(second)) > 1:
        return False
    if first == second or _DIGITS.findall(first) != _DIGITS.findall(second):
        return False
    start = next((index for index in range(min_chars) if first[index] != second[index]), min_chars)
    a, b = first[start:], second[start:]  # from the first difference on
    is_swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    is_replaced = len(a) > 1 and a[1:] == b[1:]
    return is_swapped or is_replaced or a[1:] == b or a == b[1:]


def match_known_value(value: str, known: Iterable[str]) -> str:
    """Return the known value that a value is a spelling of; empty if none or several match."""
    names = list(known)
    if value in names:
        return value
    folded_names = {name: _fold_known_value(name) for name in names}
    folded = fold_value(value)
    for is_match in (
        lambda name: name == folded,
        lambda name: name == fold_value(value, drop_noise_words=True),
        lambda name: is_typo(name, folded),
    ):
        matches = [name for name, folded_name in folded_names.items() if is_match(folded_name)]
        if matches:
            return matches[0] if len(matches) == 1 else ""
    return ""


_fold_known_value = lru_cache(1_000)(fold_value)


UTM_PARAMETERS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
"""Parameters with values written by people. Others, such as ``utm_id``, are generated."""

_WORD_SEPARATORS = re.compile(r"[\s_-]+")
_LOOSE_DATE = re.compile(r"([0-9]{4})[\s_./-]?([0-9]{2})(?:[\s_./-]+|$)")
ISO_DATE = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")
_DATE_OR_SEPARATORS = re.compile(rf"({ISO_DATE.pattern})|{_WORD_SEPARATORS.pattern}")


def normalize_value(parameter: str, value: str, convention: Convention, *, medium: str) -> str:
    """Normalise a value: to the convention's spelling if it has one, else to lower case with underscores.

    The value is not percent-encoded. The campaign pattern is that of ``medium``, the link's normalised ``utm_medium``.
    """
    if parameter == "utm_source":
        return match_known_value(value, [convention.source]) or _normalize_text(value)
    if parameter == "utm_medium":
        return match_known_value(value, convention.mediums) or _normalize_text(value)
    if parameter == "utm_campaign":
        return _normalize_campaign(value.strip(), convention.mediums.get(medium, ""))
    return _normalize_text(value) if parameter in UTM_PARAMETERS else value


def _normalize_campaign(value: str, pattern: str) -> str:
    if matches_campaign_pattern(value, pattern):
        return value
    normalized = _normalize_text(value)
    with_date = _normalize_text(_LOOSE_DATE.sub(lambda date: f"{date[1]}-{date[2]}_", value, count=1))
    is_date_meant = _LOOSE_DATE.match(value) is not None and not matches_campaign_pattern(normalized, pattern)
    return with_date if is_date_meant and matches_campaign_pattern(with_date, pattern) else normalized


def _normalize_text(value: str) -> str:
    """Lower case with underscores; hyphens stay in dates."""
    return _DATE_OR_SEPARATORS.sub(lambda found: found[1] or "_", value.strip().lower())
