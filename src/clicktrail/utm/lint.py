"""Find what is wrong with a link's UTM parameters, and put right what has one right form."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.model.hosts import is_host_listed
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, matches_campaign_pattern
from clicktrail.utm.query import QueryPair, SplitUrl
from clicktrail.utm.spelling import UTM_PARAMETERS, normalize_value

__all__ = [
    "LintCode",
    "LintFinding",
    "explain_unchecked",
    "fix_url",
    "has_double_encoded_ampersand",
    "has_second_question_mark",
    "has_utm_in_fragment",
    "lint_url",
    "move_parameters_to_query",
]

# FOLDED structure.py: UTM parameters that stand where analytics do not see them, and how to bring them back.

_DOUBLE_ENCODED_AMPERSAND = re.compile(r"\A(?:amp;)++", re.IGNORECASE)
# Not in a pair whose value is a URL of its own: its question mark is right where it stands.
_SECOND_QUESTION_MARK = re.compile(r"\A((?:(?!://)[^?])*+)\?(?=utm_)", re.IGNORECASE)
_UTM_IN_FRAGMENT = re.compile(r"[#?&]utm_[a-z_]+=", re.IGNORECASE)
_MOVABLE_PARAMETER = re.compile(r"utm_[a-z_]+=[^?#]*", re.IGNORECASE)


def has_double_encoded_ampersand(pieces: SplitUrl) -> bool:
    """Whether a key begins with ``amp;``: what is left of an ampersand that was written as ``&amp;`` twice."""
    return any(_DOUBLE_ENCODED_AMPERSAND.match(pair.raw) for pair in pieces.pairs)


def has_second_question_mark(pieces: SplitUrl) -> bool:
    """Whether parameters were put behind a query by another question mark."""
    return any(_SECOND_QUESTION_MARK.search(pair.raw) for pair in pieces.pairs)


def has_utm_in_fragment(pieces: SplitUrl) -> bool:
    """Whether UTM parameters stand behind the ``#``, where servers never see them, and analytics seldom look."""
    return _UTM_IN_FRAGMENT.search(pieces.suffix) is not None


def move_parameters_to_query(pieces: SplitUrl) -> SplitUrl:
    """The URL with its UTM parameters in the query, apart from those that stand in the middle of a fragment."""
    pairs = [
        QueryPair(text)
        for pair in pieces.pairs
        for text in _SECOND_QUESTION_MARK.sub(r"\1&", _DOUBLE_ENCODED_AMPERSAND.sub("", pair.raw)).split("&")
    ]
    left, moved = _split_fragment(pieces.suffix)
    if not moved:
        return dataclasses.replace(pieces, pairs=tuple(pairs))
    return SplitUrl(
        prefix=pieces.prefix,
        question_mark=pieces.question_mark or "?",
        pairs=(*(pairs if pairs[-1].raw else pairs[:-1]), *moved),
        suffix="" if left == "#" else left,
    )


def _split_fragment(fragment: str) -> tuple[str, list[QueryPair]]:
    """A fragment without the UTM parameters at its end, and those."""
    left, moved = fragment.split("&"), list[str]()
    while _MOVABLE_PARAMETER.fullmatch(left[-1]) and len(left) > 1:
        moved.append(left.pop())
    for mark in "?#":
        head, found, last = left[-1].rpartition(mark)
        if found and _MOVABLE_PARAMETER.fullmatch(last) and (mark == "?" or (not head and len(left) == 1)):
            moved.append(last)
            left[-1] = head if mark == "?" else "#"
    return "&".join(left), [QueryPair(text) for text in reversed(moved)]


_REQUIRED_PARAMETERS = ("utm_source", "utm_medium", "utm_campaign")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")
_UNFILLED_PLACEHOLDER = re.compile(
    r"\{[^{}]*\} | \[[^\[\]]*\] | <[^<>]*> | \*\|.*?\|\* | %%?[a-z_]\w*%%? | \$\{ | \b(?:todo|xxx+|yyyy|tbd)\b | lorem",
    re.VERBOSE | re.IGNORECASE,
)
"""Merge tags of mail programs that nobody filled, and words that stand for what was to be written later."""


class LintCode(StrEnum):
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
class LintFinding:
    """One thing that is wrong with one link.

    Attributes:
        code: what kind of thing.
        parameter: the parameter, as the link writes it, or the convention where the link has none; empty if it is the
            link as a whole.
        message: a sentence for people.
    """

    code: LintCode
    parameter: str = ""
    message: str


def lint_url(url: str, convention: Convention, *, utm_required: bool = True) -> tuple[LintFinding, ...]:
    """What is wrong with a link's UTM parameters.

    Nothing is where the URL is no http or https URL, or is signed.

    Args:
        url: as a browser would read it: character references decoded.
        convention: what is right. Where it lists no own hosts, each host may have parameters and none must.
        utm_required: whether the link, if it leads to an own host, has to have parameters.
    """
    host, pieces = query.extract_host(url), query.split_url(url)
    if not host or query.is_signed(pieces):
        return ()
    has_utm = _has_utm(pieces)
    if convention.own_hosts and not is_host_listed(host, convention.own_hosts):
        message = f"{host} is not one of your own hosts, and the link has UTM parameters"
        return (LintFinding(code=LintCode.FOREIGN, message=message),) if has_utm else ()
    if has_utm:
        return (*_check_structure(pieces), *_check_parameters(move_parameters_to_query(pieces), convention))
    if convention.own_hosts and utm_required:
        return (
            LintFinding(code=LintCode.UNTAGGED, message=f"{host} is one of your own hosts, and the link has no UTM"),
        )
    return ()


def explain_unchecked(url: str, convention: Convention, *, utm_required: bool = True) -> str:
    """Why `lint_url`, with the same arguments, has nothing to say of a link, in words; empty if it looked at it."""
    host, pieces = query.extract_host(url), query.split_url(url)
    if not host:
        return "it is no web URL"
    if query.is_signed(pieces):
        return "it is signed, and any change would break it"
    if _has_utm(pieces):
        return ""
    if not convention.own_hosts:
        return "it has no UTM parameters, and the convention names no own hosts, which would need them"
    if not is_host_listed(host, convention.own_hosts):
        return f"{host} is not one of your own hosts"
    return "" if utm_required else "it is of a kind that needs no UTM parameters"


def fix_url(url: str, convention: Convention, *, campaign: str = "", utm_required: bool = True) -> str:
    """The link with everything put right that has one right form; every other character stays as it is.

    Args:
        url: as for `lint_url`.
        convention: as for `lint_url`.
        campaign: fills ``utm_campaign`` where it is missing; empty if not known.
        utm_required: as for `lint_url`.
    """
    codes = {finding.code for finding in lint_url(url, convention, utm_required=utm_required)}
    if not codes or LintCode.FOREIGN in codes:
        return url
    pieces = move_parameters_to_query(query.split_url(url))
    medium = _resolve_medium(pieces, convention)
    parameters = convention.build_parameters(campaign=campaign)
    if not campaign and "{campaign}" in convention.campaign:
        parameters.pop("utm_campaign", None)
    if LintCode.UNTAGGED in codes:
        return (
            pieces.append_pairs([query.encode_pair(*item) for item in parameters.items()])
            if "utm_campaign" in parameters
            else url
        )
    pairs = [_fix_pair(pair, convention, medium, parameters) for pair in pieces.pairs]
    pairs = [pair for at, pair in enumerate(pairs) if not (pair.is_utm and pair in pairs[:at])]
    there = {pair.key for pair in pairs}
    missing = [
        query.encode_pair(name, parameters[name])
        for name in _REQUIRED_PARAMETERS
        if name in parameters and name not in there
    ]
    return dataclasses.replace(pieces, pairs=tuple(pairs)).append_pairs(missing)


def _has_utm(pieces: SplitUrl) -> bool:
    """Whether there is anything to check, or to bring back to where analytics look."""
    return any(_check_structure(pieces)) or any(pair.is_utm for pair in move_parameters_to_query(pieces).pairs)


def _check_structure(pieces: SplitUrl) -> Iterator[LintFinding]:
    if has_double_encoded_ampersand(pieces):
        yield LintFinding(
            code=LintCode.AMPERSAND, message="a key begins with 'amp;': the ampersand before it was encoded twice"
        )
    if has_second_question_mark(pieces):
        yield LintFinding(
            code=LintCode.QUESTION_MARK, message="UTM parameters follow a second question mark, in another's value"
        )
    if has_utm_in_fragment(pieces):
        yield LintFinding(
            code=LintCode.FRAGMENT, message="UTM parameters stand behind the '#', where they are not read"
        )


def _check_parameters(pieces: SplitUrl, convention: Convention) -> Iterator[LintFinding]:
    medium = _resolve_medium(pieces, convention)
    keys = Counter(pair.key.lower() for pair in pieces.pairs if pair.is_utm)
    for pair in pieces.pairs:
        if pair.is_utm:
            if pair.key != pair.key.lower():
                yield LintFinding(
                    code=LintCode.CASE, parameter=pair.key, message=f"the key {pair.key} is not in lower case"
                )
            yield from _check_value(pair, convention, medium)
    for key, count in keys.items():
        if count > 1:
            yield LintFinding(code=LintCode.DUPLICATE, parameter=key, message=f"{key} stands there {count} times")
    values = {pair.key.lower(): pair.value for pair in pieces.pairs}
    for name in _REQUIRED_PARAMETERS:
        if not values.get(name, "").strip():
            yield LintFinding(code=LintCode.MISSING, parameter=name, message=f"{name} is missing or empty")


def _check_value(pair: QueryPair, convention: Convention, medium: str) -> Iterator[LintFinding]:
    name, value = pair.key.lower(), pair.value
    if name not in UTM_PARAMETERS or not value.strip():
        return
    if placeholder := _UNFILLED_PLACEHOLDER.search(value):
        message = f"{pair.key} still holds '{placeholder[0]}'"
        yield LintFinding(code=LintCode.PLACEHOLDER, parameter=pair.key, message=message)
        return
    right = normalize_value(name, value, convention, medium=medium)
    codes = _find_format_faults(name, value) if right != value else []
    for code, what in codes:
        yield LintFinding(code=code, parameter=pair.key, message=f"{pair.key} is '{value}', with {what}")
    if name == "utm_source" and (right != convention.source or (right != value and not codes)):
        message = f"{pair.key} is '{value}', and the convention's is '{convention.source}'"
        yield LintFinding(code=LintCode.SOURCE, parameter=pair.key, message=message)
    if name == "utm_medium" and (right not in convention.mediums or (right != value and not codes)):
        message = f"{pair.key} is '{value}', and the convention's are {', '.join(convention.mediums)}"
        yield LintFinding(code=LintCode.MEDIUM, parameter=pair.key, message=message)
    pattern = convention.mediums.get(medium, "")
    if (
        name == "utm_campaign"
        and pattern
        and (not matches_campaign_pattern(right, pattern) or (right != value and not codes))
    ):
        message = f"{pair.key} is '{value}', and campaigns of {medium} are named {pattern}"
        yield LintFinding(code=LintCode.CAMPAIGN, parameter=pair.key, message=message)


def _find_format_faults(name: str, value: str) -> list[tuple[LintCode, str]]:
    date = _ISO_DATE.match(value) if name == "utm_campaign" else None
    return [
        (code, what)
        for code, what, bad in (
            (LintCode.CASE, "capital letters", value != value.lower()),
            (LintCode.SPACE, "spaces", re.search(r"\s", value) is not None),
            (LintCode.SEPARATOR, "hyphens instead of underscores", "-" in value[date.end() if date else 0 :]),
        )
        if bad
    ]


def _resolve_medium(pieces: SplitUrl, convention: Convention) -> str:
    written = next((pair.value for pair in pieces.pairs if pair.key.lower() == "utm_medium"), "").strip()
    return normalize_value("utm_medium", written or convention.medium, convention, medium="")


def _fix_pair(pair: QueryPair, convention: Convention, medium: str, parameters: dict[str, str]) -> QueryPair:
    if not pair.is_utm:
        return pair
    name, value = pair.key.lower(), pair.value
    if not value.strip() and name in _REQUIRED_PARAMETERS:
        right = parameters.get(name, value)
    elif _UNFILLED_PLACEHOLDER.search(value):
        right = value
    else:
        right = normalize_value(name, value, convention, medium=medium)
    if right != value:
        return query.encode_pair(name, right)
    return pair if name == pair.key else QueryPair(query.encode_pair(name, "").raw + pair.raw.partition("=")[2])
