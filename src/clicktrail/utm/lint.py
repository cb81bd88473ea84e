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
from clicktrail.utm.keys import IntendedKey, find_intended_key
from clicktrail.utm.personal_data import describe_personal_data, is_personal_merge_tag
from clicktrail.utm.query import QueryPair, SplitUrl
from clicktrail.utm.spelling import ISO_DATE, UTM_PARAMETERS, normalize_value
from clicktrail.utm.structure import Structure, StructureFault, hides_utm, is_damaged_value, restore_structure

_REQUIRED_PARAMETERS = ("utm_source", "utm_medium", "utm_campaign")
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
    EMPTY = "empty-value"
    MISSPELLED = "misspelled-key"
    AMPERSAND = "double-encoded-ampersand"
    ENCODED = "encoded-ampersand"
    WRONG_SEPARATOR = "wrong-separator"
    QUESTION_MARK = "second-question-mark"
    PATH = "in-path"
    FRAGMENT = "in-fragment"
    DAMAGED = "damaged-value"
    PLACEHOLDER = "placeholder"
    PERSONAL = "personal-data"
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
    structure = restore_structure(url)
    host = extract_host(structure.restored.append_pairs([]))
    if not host or find_secret(url):
        return ()
    has_utm = _has_utm(structure)
    if convention.own_hosts and not is_host_listed(host, convention.own_hosts):
        message = f"{host} is not one of your own hosts, and the link has UTM parameters"
        return (LintFinding(code=LintCode.FOREIGN, message=message),) if has_utm else ()
    if has_utm:
        findings = (*_report_structure(structure), *_check_parameters(structure.restored, convention))
        # Nothing is missing that may be among the parameters that cannot be restored.
        is_restored = not structure.faults or not restore_structure(structure.restored.append_pairs([])).faults
        return tuple(finding for finding in findings if is_restored or finding.code is not LintCode.MISSING)
    if convention.own_hosts and utm_required:
        message = f"{host} is one of your own hosts, and the link has no UTM"
        return (LintFinding(code=LintCode.UNTAGGED, message=message), *_check_personal_data(structure.restored))
    return ()


def explain_unchecked(url: str, convention: Convention, *, utm_required: bool = True) -> str:
    """Return the reason why `lint_url` does not check a link; empty if it does."""
    if query.is_too_large(url):
        return f"it has more than {query.MAX_PAIRS} parameters or {query.MAX_URL_CHARS:,} characters"
    structure = restore_structure(url)
    host = extract_host(structure.restored.append_pairs([]))
    if not host:
        return "it is not an http or https URL"
    if secret := find_secret(url):
        return f"it carries a secret or a signature ({secret}), and gets no parameters"
    return "" if _has_utm(structure) else _explain_missing_utm(host, convention, utm_required=utm_required)


def _explain_missing_utm(host: str, convention: Convention, *, utm_required: bool) -> str:
    """Return the reason why a link needs no UTM parameters; empty if it needs them."""
    if not convention.own_hosts:
        return "it has no UTM parameters, and the convention has no own_hosts, whose links would need them"
    if not is_host_listed(host, convention.own_hosts):
        return f"{host} is not one of your own hosts"
    return "" if utm_required else "this kind of link needs no UTM parameters"


DAMAGE_CODES = frozenset({*map(LintCode, StructureFault), LintCode.MISSPELLED, LintCode.DAMAGED})
"""Findings about links whose parameters analytics does not read as they are meant."""


def fix_url(url: str, convention: Convention, *, campaign: str = "", utm_required: bool = True) -> str:
    """Fix mistakes that have only one correct form, and keep every other character.

    A link with damaged parameters is returned right, or unchanged: a wrong value, or a right one beside a damaged one,
    would be hard to see later. Arguments are as for `lint_url`, and ``campaign`` is the value for a missing
    ``utm_campaign``; empty if unknown.
    """
    codes = {finding.code for finding in lint_url(url, convention, utm_required=utm_required)}
    if not codes or LintCode.FOREIGN in codes:
        return url
    parameters = convention.build_parameters(campaign=campaign)
    if not campaign and "{campaign}" in convention.campaign:
        parameters.pop("utm_campaign", None)
    pieces = _correct_keys(restore_structure(url).restored)
    if LintCode.UNTAGGED in codes:
        added = [query.encode_pair(*item) for item in parameters.items()]
        return pieces.append_pairs(added) if "utm_campaign" in parameters else url
    fixed = _fix_parameters(pieces, convention, parameters)
    return url if not DAMAGE_CODES.isdisjoint(codes) and lint_url(fixed, convention) else fixed


def _fix_parameters(pieces: SplitUrl, convention: Convention, parameters: dict[str, str]) -> str:
    medium = _resolve_medium(pieces, convention)
    pairs = [_fix_pair(pair, convention, medium, parameters) for pair in pieces.pairs]
    values: dict[str, set[str]] = {}
    for pair in pairs:
        values.setdefault(pair.key, set()).add(pair.value)
    # A key in capitals beside another value of the right key stays, as harmless as it is.
    pairs = [
        new if old.key == new.key or len(values[new.key]) == 1 else old
        for old, new in zip(pieces.pairs, pairs, strict=True)
    ]
    pairs = [
        pair
        for index, pair in enumerate(pairs)
        if not (pair.is_utm and (pair in pairs[:index] or _is_empty_option(pair)))
    ]
    present = {pair.key for pair in pairs}
    missing = [
        query.encode_pair(name, parameters[name])
        for name in _REQUIRED_PARAMETERS
        if name in parameters and name not in present
    ]
    return dataclasses.replace(pieces, pairs=tuple(pairs) or (QueryPair(""),)).append_pairs(missing)


def has_utm(url: str) -> bool:
    """Whether a link has UTM parameters, damaged and misspelled ones included."""
    return _has_utm(restore_structure(url))


def _has_utm(structure: Structure) -> bool:
    return bool(structure.faults) or any(_is_nearly_utm(pair) or hides_utm(pair) for pair in structure.restored.pairs)


def _is_nearly_utm(pair: QueryPair) -> bool:
    return pair.is_utm or find_intended_key(pair.key) is not None


def _get_name(pair: QueryPair) -> str:
    """The key in lower case, or the one that it is a misspelling of."""
    intended = find_intended_key(pair.key)
    return intended.name if intended else pair.key.lower()


def _correct_keys(pieces: SplitUrl) -> SplitUrl:
    """Correct misspelled keys where there is no doubt, and no other value of the right key."""
    values: dict[str, set[str]] = {}
    for pair in pieces.pairs:
        values.setdefault(_get_name(pair), set()).add(pair.value)
    pairs = []
    for pair in pieces.pairs:
        intended = find_intended_key(pair.key)
        if intended and intended.is_certain and len(values[intended.name]) == 1:
            pairs.append(QueryPair(f"{intended.name}={pair.raw.partition('=')[2]}"))
        else:
            pairs.append(pair)
    return dataclasses.replace(pieces, pairs=tuple(pairs))


_STRUCTURE_MESSAGES = {
    StructureFault.AMPERSAND: "an ampersand is encoded twice, so that the next key begins with 'amp;'",
    StructureFault.ENCODED: "UTM parameters are inside another value: the & or = between them is percent-encoded",
    StructureFault.SEPARATOR: "UTM parameters are inside another value: not an & separates them",
    StructureFault.QUESTION_MARK: "UTM parameters follow a second question mark, inside another value",
    StructureFault.PATH: "UTM parameters are in the path: there is no ? before them",
    StructureFault.FRAGMENT: "UTM parameters are after the '#', where analytics does not read them",
}


def _report_structure(structure: Structure) -> Iterator[LintFinding]:
    for fault in structure.faults:
        yield LintFinding(code=LintCode(fault.value), message=_STRUCTURE_MESSAGES[fault])


def _check_parameters(pieces: SplitUrl, convention: Convention) -> Iterator[LintFinding]:
    medium = _resolve_medium(pieces, convention)
    keys = Counter(pair.key.lower() for pair in pieces.pairs if pair.is_utm)
    for pair in pieces.pairs:
        intended = find_intended_key(pair.key)
        if pair.is_utm or intended:
            yield from _check_key(pair, intended)
        if pair.is_utm if intended is None else intended.is_certain:
            yield from _check_value(pair, convention, medium)
        elif hides_utm(pair):
            message = f"{pair.key} is '{pair.value}', with another parameter inside"
            yield LintFinding(code=LintCode.DAMAGED, parameter=pair.key, message=message)
    yield from _check_personal_data(pieces)
    for key, count in keys.items():
        if count > 1:
            yield LintFinding(code=LintCode.DUPLICATE, parameter=key, message=f"{key} occurs {count} times")
    values = {_get_name(pair): pair.value.strip() for pair in pieces.pairs}
    misspelled = {_get_name(pair) for pair in pieces.pairs if pair.key.lower() != _get_name(pair)}
    for name in _REQUIRED_PARAMETERS:
        if not values.get(name) and name not in misspelled:
            message = f"{name} is {'empty' if name in values else 'missing'}"
            yield LintFinding(code=LintCode.MISSING, parameter=name, message=message)


def _check_key(pair: QueryPair, intended: IntendedKey | None) -> Iterator[LintFinding]:
    if intended:
        alternative = " or utm_id" if not intended.is_certain and intended.name == "utm_campaign" else ""
        message = f"analytics does not read {pair.key}: {intended.name}{alternative} may be meant"
        yield LintFinding(code=LintCode.MISSPELLED, parameter=pair.key, message=message)
    elif pair.key != pair.key.lower():
        yield LintFinding(code=LintCode.CASE, parameter=pair.key, message=f"the key {pair.key} is not in lower case")


def _check_personal_data(pieces: SplitUrl) -> Iterator[LintFinding]:
    for pair in pieces.pairs:
        found = describe_personal_data(pair)
        if pair.is_utm and not found and find_merge_tag(pair.value) and is_personal_merge_tag(pair.value):
            found = f"'{pair.value}', which differs by person"
        if found:
            message = f"{pair.key} has {found}: analytics would store personal data"
            yield LintFinding(code=LintCode.PERSONAL, parameter=pair.key, message=message)


def _check_value(pair: QueryPair, convention: Convention, medium: str) -> Iterator[LintFinding]:
    name, value = _get_name(pair), pair.value
    if not value.strip():
        if _is_empty_option(pair):
            yield LintFinding(code=LintCode.EMPTY, parameter=pair.key, message=f"{pair.key} is empty")
        return
    if unfilled := _find_unfilled(value):
        message = f"{pair.key} still contains '{unfilled}'"
        yield LintFinding(code=LintCode.PLACEHOLDER, parameter=pair.key, message=message)
        return
    if describe_personal_data(pair):
        return
    if is_damaged_value(value):
        message = f"{pair.key} is '{value}', with remains of another parameter or of an encoding"
        yield LintFinding(code=LintCode.DAMAGED, parameter=pair.key, message=message)
    elif name in UTM_PARAMETERS:
        yield from _check_spelling(pair, convention, medium)


def _check_spelling(pair: QueryPair, convention: Convention, medium: str) -> Iterator[LintFinding]:
    name, value = _get_name(pair), pair.value
    normalized = normalize_value(name, value, convention, medium=medium)
    faults = _find_format_faults(value) if normalized != value else []
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


def _is_empty_option(pair: QueryPair) -> bool:
    """Whether an optional UTM parameter is empty, which means the same as none."""
    return not pair.value.strip() and _get_name(pair) not in _REQUIRED_PARAMETERS


def _find_format_faults(value: str) -> list[tuple[LintCode, str]]:
    return [
        (code, description)
        for code, description, is_fault in (
            (LintCode.CASE, "capital letters", value != value.lower()),
            (LintCode.SPACE, "spaces", re.search(r"\s", value) is not None),
            (LintCode.SEPARATOR, "hyphens instead of underscores", "-" in ISO_DATE.sub("", value)),
        )
        if is_fault
    ]


def _resolve_medium(pieces: SplitUrl, convention: Convention) -> str:
    value = next((pair.value for pair in pieces.pairs if _get_name(pair) == "utm_medium"), "").strip()
    return normalize_value("utm_medium", value or convention.medium, convention, medium="")


def _fix_pair(pair: QueryPair, convention: Convention, medium: str, parameters: dict[str, str]) -> QueryPair:
    if not pair.is_utm:
        return pair
    name, value = pair.key.lower(), pair.value
    if not value.strip() and name in _REQUIRED_PARAMETERS:
        fixed = parameters.get(name, value)
    elif _find_unfilled(value) or describe_personal_data(pair):
        fixed = value
    else:
        fixed = normalize_value(name, value, convention, medium=medium)
    if fixed != value:
        return query.encode_pair(name, fixed)
    return pair if name == pair.key else QueryPair(query.encode_pair(name, "").raw + pair.raw.partition("=")[2])
