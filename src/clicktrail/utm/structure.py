"""Find UTM parameters that are no parameters, because what separates them is damaged, and restore them.

A UTM parameter begins with its key and an equals sign. Both may be percent-encoded, once or several times.
In a right query it follows the one question mark or an ampersand. Wherever else one begins, what precedes it names the
fault: ``%26``, ``;``, ``&amp;``, a second ``?``, the path, the fragment. This needs no list of damaged forms.

The parameters in a URL that is the value of another parameter belong to that URL.
"""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from clicktrail.percent_encoding import unquote, unquote_plus
from clicktrail.utm.query import QueryPair, SplitUrl, split_url

_UTM_START = r"utm(?:_|-|%(?:25)*5f)[a-z_-]{1,40}(?:=|%(?:25)*3d)"
_AMP = r"(?:amp|\#0*38|\#x0*26)(?:;|%(?:25)*3b)"
_SEPARATOR = rf"(?:&?{_AMP}|%(?:25)*26{_AMP}|%(?:25)*(?:2[026cf]|3[bf]|7c|0[ad])|[?&;,|/+\s])"
_MISPLACED = re.compile(rf"(?P<separator>{_SEPARATOR}{{1,8}}+)(?={_UTM_START})", re.IGNORECASE)
_UTM_WORD = re.compile(rf"(?<![a-z0-9]){_UTM_START}", re.IGNORECASE)
_STARTS_WITH_AMP = re.compile(rf"\A(?:{_AMP})+|\Aamp(?={_UTM_START})", re.IGNORECASE)
_NUMERIC_AMPERSAND = re.compile(r"&\#(?:0*38|x0*26);", re.IGNORECASE)
_ENCODED = re.compile(r"%((?:25)*)[0-9a-f]{2}", re.IGNORECASE)
_ENCODED_EQUALS = re.compile(r"%(?:25)*3d", re.IGNORECASE)
_UTM_IN_FRAGMENT = re.compile(rf"(?:{_SEPARATOR}|\#){_UTM_START}", re.IGNORECASE)
_MOVABLE_PARAMETER = re.compile(r"utm_[a-z_]+=[^?#]*", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"\A[a-z][a-z0-9+.-]*:[/\\]*[^/\\?#]*", re.IGNORECASE)
_SAFE_CHARACTERS = "%=!$'()*,-./:;@_~"
"""Not encoded again in a text that was encoded as a whole; a plus sign in it was not a space."""

_DAMAGED_VALUE = re.compile(rf"[&?=;#]|/\Z|%[0-9a-f]{{2}}|{_UTM_START}|\butm_[a-z]", re.IGNORECASE)


class StructureFault(StrEnum):
    """What separates UTM parameters that should be separated by an ampersand, or where they are instead of a query."""

    AMPERSAND = "double-encoded-ampersand"
    ENCODED = "encoded-ampersand"
    SEPARATOR = "wrong-separator"
    QUESTION_MARK = "second-question-mark"
    PATH = "in-path"
    FRAGMENT = "in-fragment"


@dataclass(frozen=True, slots=True)
class Structure:
    """The faults of a URL in the order of `StructureFault`, and the URL without those that can be put right."""

    faults: tuple[StructureFault, ...]
    restored: SplitUrl


def restore_structure(url: str) -> Structure:
    """Find misplaced UTM parameters of a URL, and put them into its query."""
    faults = set[StructureFault]()
    if _NUMERIC_AMPERSAND.search(url):  # its number sign would begin a fragment
        url = _NUMERIC_AMPERSAND.sub("&amp;", url)
    pieces = _move_from_path(split_url(url), faults)
    pairs = tuple(pair for raw in pieces.pairs for pair in _split_pair(raw, faults))
    pieces = _move_from_fragment(dataclasses.replace(pieces, pairs=pairs), faults)
    return Structure(tuple(fault for fault in StructureFault if fault in faults), pieces)


def hides_utm(pair: QueryPair) -> bool:
    """Whether a pair that is no UTM parameter holds one that cannot be restored."""
    return not pair.is_utm and _UTM_WORD.search(pair.value) is not None and not _holds_url(pair.raw)


def is_damaged_value(value: str) -> bool:
    """Whether a decoded value holds what belongs to a URL's structure, such as another parameter or an escape."""
    return _DAMAGED_VALUE.search(value) is not None


def _move_from_path(pieces: SplitUrl, faults: set[StructureFault]) -> SplitUrl:
    """Move UTM parameters from the path, or the host, to the query."""
    authority = _AUTHORITY_END.match(pieces.prefix)
    host_start = pieces.prefix.find("://") + len("://") if authority else 0
    word, found = (pattern.search(pieces.prefix, host_start) for pattern in (_UTM_WORD, _MISPLACED))
    start = min((match.end() if match is found else match.start() for match in (word, found) if match), default=None)
    if start is None or "://" in pieces.prefix[authority.end() if authority else 0 : start]:
        return pieces
    faults.add(StructureFault.PATH)
    if found is None or found.end() != start:
        return pieces
    path = pieces.prefix[: found.start()] + "/" * found["separator"].startswith("/")
    existing = pieces.pairs if pieces.question_mark else ()
    moved = _split_parameters(pieces.prefix[found.end() :], _count_encodings(found["separator"]), faults)
    return SplitUrl(prefix=path, question_mark="?", pairs=(*moved, *existing), suffix=pieces.suffix)


def _split_pair(pair: QueryPair, faults: set[StructureFault]) -> Iterator[QueryPair]:
    """Split a pair before every UTM key in it."""
    raw = pair.raw
    if start := _STARTS_WITH_AMP.match(raw):
        faults.add(StructureFault.AMPERSAND)
        raw = raw[start.end() :]
    if _holds_url(raw):
        yield QueryPair(raw)
        return
    found = _MISPLACED.search(raw)
    before = raw[: found.start()] if found else raw
    restored = _decode_equals(before)
    if restored != before:
        faults.add(StructureFault.ENCODED)
    if restored or not found:
        yield QueryPair(restored)
    if found:
        faults.add(_classify_separator(found["separator"]))
        encodings = max(_count_encodings(match["separator"]) for match in _MISPLACED.finditer(raw))
        yield from _split_parameters(raw[found.end() :], encodings, faults)


def _split_parameters(text: str, encodings: int, faults: set[StructureFault]) -> Iterator[QueryPair]:
    """Split a text that begins with a UTM key, and is percent-encoded as a whole so many times."""
    separators = (match["separator"] for match in _MISPLACED.finditer(text))
    faults.update(_classify_separator(separator) for separator in separators if separator != "&")
    for parameter in _MISPLACED.sub("&", _decode(text, encodings)).split("&"):
        pair = _decode_equals(parameter)
        yield QueryPair(quote(pair, safe=_SAFE_CHARACTERS) if encodings else pair)


def _move_from_fragment(pieces: SplitUrl, faults: set[StructureFault]) -> SplitUrl:
    """Move UTM parameters from the fragment, except from its middle: servers never receive them there."""
    if not _UTM_IN_FRAGMENT.search(pieces.suffix):
        return pieces
    faults.add(StructureFault.FRAGMENT)
    fragment, moved = _split_fragment(pieces.suffix)
    if not moved:
        return pieces
    return SplitUrl(
        prefix=pieces.prefix,
        question_mark=pieces.question_mark or "?",
        pairs=(*(pieces.pairs if pieces.pairs[-1].raw else pieces.pairs[:-1]), *moved),
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


def _holds_url(raw: str) -> bool:
    """Whether the value of a pair is a URL, or a path and a query that are encoded as a whole."""
    value = raw.partition("=")[2]
    head, question_mark, _ = unquote(unquote(value)).partition("?")
    return "://" in head or ("/" in head and bool(question_mark) and "?" not in value)


def _classify_separator(separator: str) -> StructureFault:
    decoded = _decode(separator, _count_encodings(separator))
    if "amp" in decoded.lower() or "#" in decoded:
        return StructureFault.AMPERSAND
    if "?" in decoded:
        return StructureFault.QUESTION_MARK
    return StructureFault.ENCODED if "&" in decoded else StructureFault.SEPARATOR


def _count_encodings(separator: str) -> int:
    """How many times a separator is percent-encoded."""
    return max((len(match[1]) // 2 + 1 for match in _ENCODED.finditer(separator)), default=0)


def _decode(text: str, times: int) -> str:
    for _ in range(times):
        text = unquote_plus(text)
    return text


def _decode_equals(raw: str) -> str:
    """Restore the encoded equals sign behind a UTM key."""
    key = re.match(_UTM_START, raw, re.IGNORECASE)
    if key is None or key[0].endswith("="):
        return raw
    equals = _ENCODED_EQUALS.search(key[0])
    name = unquote(key[0][: equals.start()]) if equals else ""
    return f"{quote(name, safe='')}={raw[key.end() :]}"
