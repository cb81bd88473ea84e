"""How a convention spells the value of a UTM parameter."""

import re
from collections.abc import Iterable

from clicktrail.utm.convention import Convention, fits, snake

__all__ = ["NAMED", "closest", "fold", "is_typo", "spelled"]

# FOLDED variants.py: Tell whether two values of a UTM parameter mean the same.

_NOISE = frozenset({"campaign", "campaigns", "channel", "marketing", "traffic"})
"""Words that add nothing to a source or medium: ``email_marketing`` is ``email``."""

_SHORTEST = 5
"""Characters of a word in which one wrong letter is a slip of the finger: shorter ones are other words too easily."""

_DIGITS = re.compile("[0-9]+")


def fold(value: str, *, noise: bool = False) -> str:
    """What is left of a value without case, accents and separators: the same for ``E-Mail`` and ``e_mail``.

    Args:
        value: any text.
        noise: drop words such as ``marketing`` as well, where another word stays.
    """
    words = snake(value).split("_")
    telling = [word for word in words if word not in _NOISE] if noise else words
    return "".join(telling or words)


def is_typo(one: str, other: str) -> bool:
    """Whether two folded values differ by one slip: a character more, less or other, or two neighbours swapped.

    The first letter and all digits must be the same, because ``gmail`` is not ``email`` and part 2 is not part 3; and
    the last letter is not another one, because ``sale_a`` is not ``sale_b``.
    """
    if min(len(one), len(other)) < _SHORTEST or one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if one == other or _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or (len(a) > 1 and a[1:] == b[1:]) or a[1:] == b or a == b[1:]


def closest(value: str, known: Iterable[str]) -> str:
    """The one of the known values that a value means; empty if there is none, or if it may mean several."""
    names = list(known)
    for same in (
        lambda name: name == value,
        lambda name: fold(name) == fold(value),
        lambda name: fold(name) == fold(value, noise=True),
        lambda name: is_typo(fold(name), fold(value)),
    ):
        meant = [name for name in names if same(name)]
        if meant:
            return meant[0] if len(meant) == 1 else ""
    return ""


NAMED = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
"""The parameters whose values have a spelling; others, such as ``utm_id``, hold what machines chose."""

_SEPARATORS = re.compile(r"[\s_-]+")
_DATE = re.compile(r"([0-9]{4})[\s_./-]?([0-9]{2})(?:[\s_./-]+|$)")
_FULL_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")


def spelled(name: str, value: str, convention: Convention, *, medium: str) -> str:
    """The value in lower case, words joined by underscores; and where it means one that the convention has, that one.

    Args:
        name: the parameter, lower case.
        value: not encoded.
        convention: the sender's.
        medium: the value of the link's ``utm_medium``, spelled; the pattern of a campaign depends on it.
    """
    if name == "utm_source":
        return closest(value, [convention.source]) or _plain(value)
    if name == "utm_medium":
        return closest(value, convention.mediums) or _plain(value)
    if name == "utm_campaign":
        return _spelled_campaign(value.strip(), convention.mediums.get(medium, ""))
    return _plain(value) if name in NAMED else value


def _spelled_campaign(value: str, pattern: str) -> str:
    """By its pattern if it can be; a date in front keeps its hyphens."""
    if fits(value, pattern):
        return value
    with_date = _DATE.sub(lambda date: f"{date[1]}-{date[2]}_", value, count=1) if _DATE.match(value) else value
    for candidate in (value, with_date):
        if fits(written := _behind_date(candidate), pattern):
            return written
    return _behind_date(value)


def _behind_date(value: str) -> str:
    date = _FULL_DATE.match(value)
    return value[: date.end()] + _SEPARATORS.sub("_", value[date.end() :].lower()) if date else _plain(value)


def _plain(value: str) -> str:
    return _SEPARATORS.sub("_", value.strip().lower())
