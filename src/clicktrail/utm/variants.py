"""Tell whether two values of a UTM parameter mean the same."""

import re
from collections.abc import Iterable

from clicktrail.utm.words import snake

__all__ = ["closest", "fold", "is_typo"]

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
