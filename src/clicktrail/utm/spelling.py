"""How a convention spells the value of a UTM parameter."""

import re
from collections.abc import Iterable

from clicktrail.utm.convention import Convention, matches_campaign_pattern, to_snake_case

__all__ = ["UTM_PARAMETERS", "fold_value", "is_typo", "match_known_value", "normalize_value"]

# FOLDED variants.py: Tell whether two values of a UTM parameter mean the same.

_NOISE_WORDS = frozenset({"campaign", "campaigns", "channel", "marketing", "traffic"})
"""Words that add nothing to a source or medium: ``email_marketing`` is ``email``."""

_MIN_TYPO_CHARS = 5
"""Characters of a word in which one wrong letter is a slip of the finger: shorter ones are other words too easily."""

_DIGITS = re.compile("[0-9]+")


def fold_value(value: str, *, drop_noise_words: bool = False) -> str:
    """What is left of a value without case, accents and separators: the same for ``E-Mail`` and ``e_mail``.

    Args:
        value: any text.
        drop_noise_words: drop words such as ``marketing`` as well, where another word stays.
    """
    words = to_snake_case(value).split("_")
    telling = [word for word in words if word not in _NOISE_WORDS] if drop_noise_words else words
    return "".join(telling or words)


def is_typo(one: str, other: str) -> bool:
    """Whether two folded values differ by one slip: a character more, less or other, or two neighbours swapped.

    The first letter and all digits must be the same, because ``gmail`` is not ``email`` and part 2 is not part 3; and
    the last letter is not another one, because ``sale_a`` is not ``sale_b``.
    """
    if min(len(one), len(other)) < _MIN_TYPO_CHARS or one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if one == other or _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or (len(a) > 1 and a[1:] == b[1:]) or a[1:] == b or a == b[1:]


def match_known_value(value: str, known: Iterable[str]) -> str:
    """The one of the known values that a value means; empty if there is none, or if it may mean several."""
    names = list(known)
    for same in (
        lambda name: name == value,
        lambda name: fold_value(name) == fold_value(value),
        lambda name: fold_value(name) == fold_value(value, drop_noise_words=True),
        lambda name: is_typo(fold_value(name), fold_value(value)),
    ):
        meant = [name for name in names if same(name)]
        if meant:
            return meant[0] if len(meant) == 1 else ""
    return ""


UTM_PARAMETERS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
"""The parameters whose values have a spelling; others, such as ``utm_id``, hold what machines chose."""

_WORD_SEPARATORS = re.compile(r"[\s_-]+")
_LOOSE_DATE = re.compile(r"([0-9]{4})[\s_./-]?([0-9]{2})(?:[\s_./-]+|$)")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")


def normalize_value(parameter: str, value: str, convention: Convention, *, medium: str) -> str:
    """The value in lower case, words joined by underscores; and where it means one that the convention has, that one.

    Args:
        parameter: the parameter, lower case.
        value: not encoded.
        convention: the sender's.
        medium: the value of the link's ``utm_medium``, spelled; the pattern of a campaign depends on it.
    """
    if parameter == "utm_source":
        return match_known_value(value, [convention.source]) or _normalize_text(value)
    if parameter == "utm_medium":
        return match_known_value(value, convention.mediums) or _normalize_text(value)
    if parameter == "utm_campaign":
        return _normalize_campaign(value.strip(), convention.mediums.get(medium, ""))
    return _normalize_text(value) if parameter in UTM_PARAMETERS else value


def _normalize_campaign(value: str, pattern: str) -> str:
    """By its pattern if it can be; a date in front keeps its hyphens."""
    if matches_campaign_pattern(value, pattern):
        return value
    with_date = (
        _LOOSE_DATE.sub(lambda date: f"{date[1]}-{date[2]}_", value, count=1) if _LOOSE_DATE.match(value) else value
    )
    for candidate in (value, with_date):
        if matches_campaign_pattern(written := _normalize_after_date(candidate), pattern):
            return written
    return _normalize_after_date(value)


def _normalize_after_date(value: str) -> str:
    date = _ISO_DATE.match(value)
    return (
        value[: date.end()] + _WORD_SEPARATORS.sub("_", value[date.end() :].lower()) if date else _normalize_text(value)
    )


def _normalize_text(value: str) -> str:
    return _WORD_SEPARATORS.sub("_", value.strip().lower())
