"""Find what is wrong with a link's UTM parameters, and put right what has one right form."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.hosts import is_among
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, fits
from clicktrail.utm.query import Pair, Pieces
from clicktrail.utm.spelling import NAMED, spelled

__all__ = [
    "Code",
    "Finding",
    "check",
    "has_double_encoded_ampersand",
    "has_second_question_mark",
    "has_utm_in_fragment",
    "repair",
    "straighten",
    "unchecked",
]

# FOLDED structure.py: UTM parameters that stand where analytics do not see them, and how to bring them back.

_AMPERSAND = re.compile(r"\A(?:amp;)++", re.IGNORECASE)
# Not in a pair whose value is a URL of its own: its question mark is right where it stands.
_SECOND_MARK = re.compile(r"\A((?:(?!://)[^?])*+)\?(?=utm_)", re.IGNORECASE)
_IN_FRAGMENT = re.compile(r"[#?&]utm_[a-z_]+=", re.IGNORECASE)
_MOVABLE = re.compile(r"utm_[a-z_]+=[^?#]*", re.IGNORECASE)


def has_double_encoded_ampersand(pieces: Pieces) -> bool:
    """Whether a key begins with ``amp;``: what is left of an ampersand that was written as ``&amp;`` twice."""
    return any(_AMPERSAND.match(pair.text) for pair in pieces.pairs)


def has_second_question_mark(pieces: Pieces) -> bool:
    """Whether parameters were put behind a query by another question mark."""
    return any(_SECOND_MARK.search(pair.text) for pair in pieces.pairs)


def has_utm_in_fragment(pieces: Pieces) -> bool:
    """Whether UTM parameters stand behind the ``#``, where servers never see them, and analytics seldom look."""
    return _IN_FRAGMENT.search(pieces.after) is not None


def straighten(pieces: Pieces) -> Pieces:
    """The URL with its UTM parameters in the query, apart from those that stand in the middle of a fragment."""
    pairs = [
        Pair(text)
        for pair in pieces.pairs
        for text in _SECOND_MARK.sub(r"\1&", _AMPERSAND.sub("", pair.text)).split("&")
    ]
    left, moved = _parted(pieces.after)
    if not moved:
        return dataclasses.replace(pieces, pairs=tuple(pairs))
    return Pieces(
        before=pieces.before,
        mark=pieces.mark or "?",
        pairs=(*(pairs if pairs[-1].text else pairs[:-1]), *moved),
        after="" if left == "#" else left,
    )


def _parted(fragment: str) -> tuple[str, list[Pair]]:
    """A fragment without the UTM parameters at its end, and those."""
    left, moved = fragment.split("&"), list[str]()
    while _MOVABLE.fullmatch(left[-1]) and len(left) > 1:
        moved.append(left.pop())
    for mark in "?#":
        head, found, last = left[-1].rpartition(mark)
        if found and _MOVABLE.fullmatch(last) and (mark == "?" or (not head and len(left) == 1)):
            moved.append(last)
            left[-1] = head if mark == "?" else "#"
    return "&".join(left), [Pair(text) for text in reversed(moved)]


_NEEDED = ("utm_source", "utm_medium", "utm_campaign")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")
_PLACEHOLDER = re.compile(
    r"\{[^{}]*\} | \[[^\[\]]*\] | <[^<>]*> | \*\|.*?\|\* | %%?[a-z_]\w*%%? | \$\{ | \b(?:todo|xxx+|yyyy|tbd)\b | lorem",
    re.VERBOSE | re.IGNORECASE,
)
"""Merge tags of mail programs that nobody filled, and words that stand for what was to be written later."""


class Code(StrEnum):
    """What can be wrong. docs/reference/utm.md explains each."""

    CASE = "case"
    SPACE = "space"
    SEPARATOR = "separator"
    SOURCE = "unknown-source"
    MEDIUM = "unknown-medium"
    CAMPAIGN = "campaign-pattern"
    MISSING = "missing-key"
    DUPLICATE = "duplicate-key"
    FRAGMENT = "in-fragment"
    AMPERSAND = "double-encoded-ampersand"
    QUESTION_MARK = "second-question-mark"
    PLACEHOLDER = "placeholder"
    UNTAGGED = "untagged"
    FOREIGN = "foreign-host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with one link.

    Attributes:
        code: what kind of thing.
        parameter: the parameter, as the link writes it, or the convention where the link has none; empty if it is the
            link as a whole.
        message: a sentence for people.
    """

    code: Code
    parameter: str = ""
    message: str


def check(url: str, convention: Convention, *, wanted: bool = True) -> tuple[Finding, ...]:
    """What is wrong with a link's UTM parameters.

    Nothing is where the URL is no http or https URL, or is signed.

    Args:
        url: as a browser would read it: character references decoded.
        convention: what is right. Where it lists no own hosts, each host may have parameters and none must.
        wanted: whether the link, if it leads to an own host, has to have parameters.
    """
    host, pieces = query.host_of(url), query.take_apart(url)
    if not host or query.is_signed(pieces):
        return ()
    has_utm = _has_utm(pieces)
    if convention.own_hosts and not is_among(host, convention.own_hosts):
        message = f"{host} is not one of your own hosts, and the link has UTM parameters"
        return (Finding(code=Code.FOREIGN, message=message),) if has_utm else ()
    if has_utm:
        return (*_hidden(pieces), *_misnamed(straighten(pieces), convention))
    if convention.own_hosts and wanted:
        return (Finding(code=Code.UNTAGGED, message=f"{host} is one of your own hosts, and the link has no UTM"),)
    return ()


def unchecked(url: str, convention: Convention, *, wanted: bool = True) -> str:
    """Why `check`, with the same arguments, has nothing to say of a link, in words; empty if it looked at it."""
    host, pieces = query.host_of(url), query.take_apart(url)
    if not host:
        return "it is no web URL"
    if query.is_signed(pieces):
        return "it is signed, and any change would break it"
    if _has_utm(pieces):
        return ""
    if not convention.own_hosts:
        return "it has no UTM parameters, and the convention names no own hosts, which would need them"
    if not is_among(host, convention.own_hosts):
        return f"{host} is not one of your own hosts"
    return "" if wanted else "it is of a kind that needs no UTM parameters"


def repair(url: str, convention: Convention, *, campaign: str = "", wanted: bool = True) -> str:
    """The link with everything put right that has one right form; every other character stays as it is.

    Args:
        url: as for `check`.
        convention: as for `check`.
        campaign: fills ``utm_campaign`` where it is missing; empty if not known.
        wanted: as for `check`.
    """
    codes = {finding.code for finding in check(url, convention, wanted=wanted)}
    if not codes or Code.FOREIGN in codes:
        return url
    pieces = straighten(query.take_apart(url))
    medium = _medium(pieces, convention)
    parameters = convention.parameters(campaign=campaign)
    if not campaign and "{campaign}" in convention.campaign:
        parameters.pop("utm_campaign", None)
    if Code.UNTAGGED in codes:
        return (
            pieces.adding([query.pair(*item) for item in parameters.items()]) if "utm_campaign" in parameters else url
        )
    pairs = [_respelled(pair, convention, medium, parameters) for pair in pieces.pairs]
    pairs = [pair for at, pair in enumerate(pairs) if not (pair.is_utm and pair in pairs[:at])]
    there = {pair.key for pair in pairs}
    missing = [query.pair(name, parameters[name]) for name in _NEEDED if name in parameters and name not in there]
    return dataclasses.replace(pieces, pairs=tuple(pairs)).adding(missing)


def _has_utm(pieces: Pieces) -> bool:
    """Whether there is anything to check, or to bring back to where analytics look."""
    return any(_hidden(pieces)) or any(pair.is_utm for pair in straighten(pieces).pairs)


def _hidden(pieces: Pieces) -> Iterator[Finding]:
    if has_double_encoded_ampersand(pieces):
        yield Finding(
            code=Code.AMPERSAND, message="a key begins with 'amp;': the ampersand before it was encoded twice"
        )
    if has_second_question_mark(pieces):
        yield Finding(
            code=Code.QUESTION_MARK, message="UTM parameters follow a second question mark, in another's value"
        )
    if has_utm_in_fragment(pieces):
        yield Finding(code=Code.FRAGMENT, message="UTM parameters stand behind the '#', where they are not read")


def _misnamed(pieces: Pieces, convention: Convention) -> Iterator[Finding]:
    medium = _medium(pieces, convention)
    keys = Counter(pair.key.lower() for pair in pieces.pairs if pair.is_utm)
    for pair in pieces.pairs:
        if pair.is_utm:
            if pair.key != pair.key.lower():
                yield Finding(code=Code.CASE, parameter=pair.key, message=f"the key {pair.key} is not in lower case")
            yield from _misspelled(pair, convention, medium)
    for key, count in keys.items():
        if count > 1:
            yield Finding(code=Code.DUPLICATE, parameter=key, message=f"{key} stands there {count} times")
    values = {pair.key.lower(): pair.value for pair in pieces.pairs}
    for name in _NEEDED:
        if not values.get(name, "").strip():
            yield Finding(code=Code.MISSING, parameter=name, message=f"{name} is missing or empty")


def _misspelled(pair: Pair, convention: Convention, medium: str) -> Iterator[Finding]:
    name, value = pair.key.lower(), pair.value
    if name not in NAMED or not value.strip():
        return
    if placeholder := _PLACEHOLDER.search(value):
        message = f"{pair.key} still holds '{placeholder[0]}'"
        yield Finding(code=Code.PLACEHOLDER, parameter=pair.key, message=message)
        return
    right = spelled(name, value, convention, medium=medium)
    codes = _written_badly(name, value) if right != value else []
    for code, what in codes:
        yield Finding(code=code, parameter=pair.key, message=f"{pair.key} is '{value}', with {what}")
    if name == "utm_source" and (right != convention.source or (right != value and not codes)):
        message = f"{pair.key} is '{value}', and the convention's is '{convention.source}'"
        yield Finding(code=Code.SOURCE, parameter=pair.key, message=message)
    if name == "utm_medium" and (right not in convention.mediums or (right != value and not codes)):
        message = f"{pair.key} is '{value}', and the convention's are {', '.join(convention.mediums)}"
        yield Finding(code=Code.MEDIUM, parameter=pair.key, message=message)
    pattern = convention.mediums.get(medium, "")
    if name == "utm_campaign" and pattern and (not fits(right, pattern) or (right != value and not codes)):
        message = f"{pair.key} is '{value}', and campaigns of {medium} are named {pattern}"
        yield Finding(code=Code.CAMPAIGN, parameter=pair.key, message=message)


def _written_badly(name: str, value: str) -> list[tuple[Code, str]]:
    date = _DATE.match(value) if name == "utm_campaign" else None
    return [
        (code, what)
        for code, what, bad in (
            (Code.CASE, "capital letters", value != value.lower()),
            (Code.SPACE, "spaces", re.search(r"\s", value) is not None),
            (Code.SEPARATOR, "hyphens instead of underscores", "-" in value[date.end() if date else 0 :]),
        )
        if bad
    ]


def _medium(pieces: Pieces, convention: Convention) -> str:
    written = next((pair.value for pair in pieces.pairs if pair.key.lower() == "utm_medium"), "").strip()
    return spelled("utm_medium", written or convention.medium, convention, medium="")


def _respelled(pair: Pair, convention: Convention, medium: str, parameters: dict[str, str]) -> Pair:
    if not pair.is_utm:
        return pair
    name, value = pair.key.lower(), pair.value
    if not value.strip() and name in _NEEDED:
        right = parameters.get(name, value)
    elif _PLACEHOLDER.search(value):
        right = value
    else:
        right = spelled(name, value, convention, medium=medium)
    if right != value:
        return query.pair(name, right)
    return pair if name == pair.key else Pair(query.pair(name, "").text + pair.text.partition("=")[2])
