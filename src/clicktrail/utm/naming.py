"""How a convention spells the value of a UTM parameter."""

import re

from clicktrail.utm.convention import Convention
from clicktrail.utm.pattern import fits
from clicktrail.utm.variants import closest

__all__ = ["NAMED", "spelled"]

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
