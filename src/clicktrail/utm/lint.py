"""Find and fix mistakes in the UTM parameters of links."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.merge_tags import find_merge_tag
from clicktrail.model.hosts import extract_host, is_host_listed
from clicktrail.secret_urls import find_secret
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, matches_campaign_pattern
from clicktrail.utm.query import QueryPair, SplitUrl
from clicktrail.utm.spelling import UTM_PARAMETERS, normalize_value

_DOUBLE_ENCODED_AMPERSAND = re.compile(r"\A(?:amp;)++", re.IGNORECASE)
# A value that is a URL itself may have a question mark.
_SECOND_QUESTION_MARK = re.compile(r"\A((?:(?!://)[^?])*+)\?(?=utm_)", re.IGNORECASE)
_UTM_IN_FRAGMENT = re.compile(r"[#?&]utm_[a-z_]+=", re.IGNORECASE)
_MOVABLE_PARAMETER = re.compile(r"utm_[a-z_]+=[^?#]*", re.IGNORECASE)


def has_double_encoded_ampersand(pieces: SplitUrl) -> bool:
    """Whether a key begins with ``amp;``, which is left of an ampersand encoded twice."""
    return any(_DOUBLE_ENCODED_AMPERSAND.match(pair.raw) for pair in pieces.pairs)


def has_second_question_mark(pieces: SplitUrl) -> bool:
    """Whether UTM parameters were appended to a query with a second question mark."""
    return any(_SECOND_QUESTION_MARK.search(pair.raw) for pair in pieces.pairs)


def has_utm_in_fragment(pieces: SplitUrl) -> bool:
    """Whether UTM parameters are in the fragment, which servers never receive and analytics rarely read."""
    return _UTM_IN_FRAGMENT.search(pieces.suffix) is not None


def move_parameters_to_query(pieces: SplitUrl) -> SplitUrl:
    """Move misplaced UTM parameters to the query, except those in the middle of a fragment."""
    pairs = [
        QueryPair(text)
        for pair in pieces.pairs
        for text in _SECOND_QUESTION_MARK.sub(r"\1&", _DOUBLE_ENCODED_AMPERSAND.sub("", pair.raw)).split("&")
    ]
    fragment, moved = _split_fragment(pieces.suffix)
    if not moved:
        return dataclasses.replace(pieces, pairs=tuple(pairs))
    return SplitUrl(
        prefix=pieces.prefix,
        question_mark=pieces.question_mark or "?",
        pairs=(*(pairs if pairs[-1].raw else pairs[:-1]), *moved),
        suffix="" if fragment == "#" else fragment,
    )


def _split_fragment(fragment: str) -> tuple[str, list[QueryPair]]:
    """Split UTM parameters off the end of a fragment."""
    rest, moved = fragment.split("&"), list[str]()
    while _MOVABLE_PARAMETER.fullmatch(rest[-1]) and len(rest) > 1:
        moved.append(rest.pop())
    for mark in "?#":
        head, separator, last = rest[-1].rpartition(mark)
        if separator and _MOVABLE_PARAMETER.fullmatch(last) and (mark == "?" or (not head and len(rest) == 1)):
            moved.append(last)
            rest[-1] = head if mark == "?" else "#"
    return "&".join(rest), [QueryPair(text) for text in reversed(moved)]


_REQUIRED_PARAMETERS = ("utm_source", "utm_medium", "utm_campaign")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?![0-9])")
_DRAFT_WORD = re.compile(r"\b(?:todo|xxx+|yyyy|tbd)\b|lorem", re.IGNORECASE)
"""Words that mark text to be written later."""


def _find_unfilled(value: str) -> str:
    """Return the first merge tag or draft word of a value; empty if none."""
    if merge_tag := find_merge_tag(value):
        return merge_tag
    word = _DRAFT_WORD.search(value)
    return word[0] if word else ""


class LintCode(StrEnum):
    """Kind of mistake. docs/reference/utm.md explains each."""

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
    """One mistake in a link.

    Attributes:
        parameter: name of the parameter as in the link, or as in the convention if it is missing; empty if the mistake
            concerns the whole link.
    """

    code: LintCode
    parameter: str = ""
    message: str


def lint_url(url: str, convention: Convention, *, utm_required: bool = True) -> tuple[LintFinding, ...]:
    """Find mistakes in the UTM parameters of a link.

    URLs that carry a secret or a signature, are not http or https, or are too large have none.

    Character references in ``url`` are already decoded. ``utm_required`` says whether a link to an own host needs
    parameters. Without own hosts in the convention, links to all hosts may have parameters and no link needs them.
    """
    if query.is_too_large(url):
        return ()
    host, pieces = extract_host(url), query.split_url(url)
    if not host or find_secret(url):
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
    """Return the reason why `lint_url` does not check a link; empty if it does."""
    if query.is_too_large(url):
        return f"it has more than {query.MAX_PAIRS} parameters or {query.MAX_URL_CHARS:,} characters"
    host, pieces = extract_host(url), query.split_url(url)
    if not host:
        return "it is not an http or https URL"
    if secret := find_secret(url):
        return f"it carries a secret or a signature ({secret}), and gets no parameters"
    return "" if _has_utm(pieces) else _explain_missing_utm(host, convention, utm_required=utm_required)


def _explain_missing_utm(host: str, convention: Convention, *, utm_required: bool) -> str:
    """Return the reason why a link needs no UTM parameters; empty if it needs them."""
    if not convention.own_hosts:
        return "it has no UTM parameters, and the convention has no own_hosts, whose links would need them"
    if not is_host_listed(host, convention.own_hosts):
        return f"{host} is not one of your own hosts"
    return "" if utm_required else "this kind of link needs no UTM parameters"


def fix_url(url: str, convention: Convention, *, campaign: str = "", utm_required: bool = True) -> str:
    """Fix mistakes that have only one correct form, and keep every other character.

    Arguments are as for `lint_url`, and ``campaign`` is the value for a missing ``utm_campaign``; empty if unknown.
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
    pairs = [pair for index, pair in enumerate(pairs) if not (pair.is_utm and pair in pairs[:index])]
    present = {pair.key for pair in pairs}
    missing = [
        query.encode_pair(name, parameters[name])
        for name in _REQUIRED_PARAMETERS
        if name in parameters and name not in present
    ]
    return dataclasses.replace(pieces, pairs=tuple(pairs)).append_pairs(missing)


def _has_utm(pieces: SplitUrl) -> bool:
    return any(_check_structure(pieces)) or any(pair.is_utm for pair in move_parameters_to_query(pieces).pairs)


def _check_structure(pieces: SplitUrl) -> Iterator[LintFinding]:
    if has_double_encoded_ampersand(pieces):
        yield LintFinding(
            code=LintCode.AMPERSAND, message="a key begins with 'amp;': the ampersand before it was encoded twice"
        )
    if has_second_question_mark(pieces):
        yield LintFinding(
            code=LintCode.QUESTION_MARK, message="UTM parameters follow a second question mark, inside another value"
        )
    if has_utm_in_fragment(pieces):
        yield LintFinding(
            code=LintCode.FRAGMENT, message="UTM parameters are after the '#', where analytics does not read them"
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
            yield LintFinding(code=LintCode.DUPLICATE, parameter=key, message=f"{key} occurs {count} times")
    values = {pair.key.lower(): pair.value for pair in pieces.pairs}
    for name in _REQUIRED_PARAMETERS:
        if not values.get(name, "").strip():
            yield LintFinding(code=LintCode.MISSING, parameter=name, message=f"{name} is missing or empty")


def _check_value(pair: QueryPair, convention: Convention, medium: str) -> Iterator[LintFinding]:
    name, value = pair.key.lower(), pair.value
    if name not in UTM_PARAMETERS or not value.strip():
        return
    if unfilled := _find_unfilled(value):
        message = f"{pair.key} still contains '{unfilled}'"
        yield LintFinding(code=LintCode.PLACEHOLDER, parameter=pair.key, message=message)
        return
    normalized = normalize_value(name, value, convention, medium=medium)
    faults = _find_format_faults(name, value) if normalized != value else []
    for code, description in faults:
        yield LintFinding(code=code, parameter=pair.key, message=f"{pair.key} is '{value}', with {description}")
    unexplained = normalized != value and not faults
    if name == "utm_source" and (normalized != convention.source or unexplained):
        message = f"{pair.key} is '{value}', the convention requires '{convention.source}'"
        yield LintFinding(code=LintCode.SOURCE, parameter=pair.key, message=message)
    if name == "utm_medium" and (normalized not in convention.mediums or unexplained):
        message = f"{pair.key} is '{value}', the convention allows {', '.join(convention.mediums)}"
        yield LintFinding(code=LintCode.MEDIUM, parameter=pair.key, message=message)
    pattern = convention.mediums.get(medium, "")
    if name == "utm_campaign" and pattern and (not matches_campaign_pattern(normalized, pattern) or unexplained):
        message = f"{pair.key} is '{value}', campaigns of {medium} are named {pattern}"
        yield LintFinding(code=LintCode.CAMPAIGN, parameter=pair.key, message=message)


def _find_format_faults(name: str, value: str) -> list[tuple[LintCode, str]]:
    date = _ISO_DATE.match(value) if name == "utm_campaign" else None
    return [
        (code, description)
        for code, description, is_fault in (
            (LintCode.CASE, "capital letters", value != value.lower()),
            (LintCode.SPACE, "spaces", re.search(r"\s", value) is not None),
            (LintCode.SEPARATOR, "hyphens instead of underscores", "-" in value[date.end() if date else 0 :]),
        )
        if is_fault
    ]


def _resolve_medium(pieces: SplitUrl, convention: Convention) -> str:
    value = next((pair.value for pair in pieces.pairs if pair.key.lower() == "utm_medium"), "").strip()
    return normalize_value("utm_medium", value or convention.medium, convention, medium="")


def _fix_pair(pair: QueryPair, convention: Convention, medium: str, parameters: dict[str, str]) -> QueryPair:
    if not pair.is_utm:
        return pair
    name, value = pair.key.lower(), pair.value
    if not value.strip() and name in _REQUIRED_PARAMETERS:
        fixed = parameters.get(name, value)
    elif _find_unfilled(value):
        fixed = value
    else:
        fixed = normalize_value(name, value, convention, medium=medium)
    if fixed != value:
        return query.encode_pair(name, fixed)
    return pair if name == pair.key else QueryPair(query.encode_pair(name, "").raw + pair.raw.partition("=")[2])
