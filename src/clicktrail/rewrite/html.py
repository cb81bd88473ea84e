"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``.

The text is cut into tags, comments and raw text as WHATWG HTML section 13.2.5 ("Tokenization") prescribes, so that an
``<a`` in an attribute, a comment, a style sheet or a title is not taken for a link. Two things differ from a browser:
the content of a conditional comment, which Outlook shows, is read as the markup that it is, VML included, and
``noscript`` is markup because mail programs run no scripts.

Quantifiers over hostile text are possessive and no character is passed over more than a few times, so the time grows
with the length of the text and not with its shape.
"""

import dataclasses
import re
from collections.abc import Iterator
from typing import NamedTuple

from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.charrefs import decode
from clicktrail.rewrite.labels import describe
from clicktrail.rewrite.regions import Regions, find_regions

__all__ = ["find_links"]

_FLAGS = re.ASCII | re.IGNORECASE | re.VERBOSE

_SPACE = r"\t\n\f\r\x20"
_GAP = rf"[{_SPACE}/]*+"
_NAME = rf"[^{_SPACE}/>][^{_SPACE}/>=]*+"
_EQUALS = rf"[{_SPACE}]*+=[{_SPACE}]*+"
# A quote that is never closed runs to the end of the text; its tag then has no end, and is none.
_VALUE = rf"""(?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^{_SPACE}>"'][^{_SPACE}>]*+ | (?=>) | \Z )"""

_TAG_NAME = rf"[a-z][^{_SPACE}/>]*+"
_TAG_NAME_END = rf"(?=[{_SPACE}/>])"
_TAG_END = rf"{_GAP}>"
# From the end of a tag's name to its ">". The first alternative saves time only: right behind a name and "=" a quote
# always opens a value, and anything else one without quotes, which here has neither quotes nor "=".
_SIMPLE_VALUE = rf"""(?: "[^"]*+" | '[^']*+' | [^{_SPACE}>"'=]++ (?=[{_SPACE}>]) )"""
_TAG_REST = rf"""(?:
    [^>"'=]*+ (?: (?<![{_SPACE}/"'])= {_SIMPLE_VALUE} [^>"'=]*+ )*+ >
  | (?: {_GAP}{_NAME}(?:{_EQUALS}{_VALUE})?+ )*+ {_TAG_END}
)"""

_LINKED = rf"(?:a|area|base){_TAG_NAME_END}"
_LINKED_OR_VML = rf"(?:a|area|v:[a-z]++){_TAG_NAME_END}"
_RAW = rf"(?:script|style|title|textarea|xmp|iframe|noembed|noframes|plaintext){_TAG_NAME_END}"
_END_TAG = rf"/{_TAG_NAME}{_TAG_REST}"
_BOGUS_COMMENT = r"(?: !(?!--) | \? | /(?![a-z]) ) [^>]*+ >"
_LONE_LESS_THAN = r"(?![a-z/!?])"
# A comment that is neither conditional nor ends where it begins; this saves time only.
_COMMENT = r"!--(?!-?>|\[if) (?: [^-]++ | -(?!-!?>) )*+ --!?>"
# How names begin that most tags have, and none of those that are looked at; this saves time only.
_PASSED_NAME = r"(?:t[abdhr]|[c-hj-mru]|s[pmu])"


def _next(linked: str, passed: str) -> re.Pattern[str]:
    """Text and tags in which no link can stand, then the beginning of something to look at."""
    start_tag = rf"(?:{_PASSED_NAME}|(?!{linked}|{_RAW})[a-z])[^{_SPACE}/>]*+{_TAG_REST}"
    return re.compile(
        rf"""(?: [^<]++ | <(?: {start_tag} | {_END_TAG} | {_BOGUS_COMMENT} | {_LONE_LESS_THAN} | {passed} ) )*+
        <(?: (?P<linked>{linked}) | (?P<raw>{_RAW}) | (?P<comment>!--) )""",
        _FLAGS,
    )


_NEXT = _next(_LINKED, _COMMENT)
_NEXT_IN_COMMENT = _next(_LINKED_OR_VML, _LONE_LESS_THAN)
_ABSOLUTE = re.compile(r"https?://", _FLAGS)
_ATTRIBUTE = re.compile(rf"{_GAP}({_NAME})(?:{_EQUALS}({_VALUE}))?+", _FLAGS)
_ATTRIBUTES_END = re.compile(_TAG_END, _FLAGS)
_REST_OF_TAG = re.compile(_TAG_REST, _FLAGS)
_ABRUPT_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", _FLAGS)
_SCRIPT_MARK = re.compile(rf"<!-- | --> | </?script{_TAG_NAME_END}", _FLAGS)


def find_links(html: str) -> list[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document, and of VML in conditional comments."""
    found = list(_scan(html, 0, len(html), regions=find_regions(html), in_comment=False))
    links = [candidate for candidate in found if candidate.tag != "base"]
    if len(links) == len(found):
        return links
    base = next(candidate.url for candidate in found if candidate.tag == "base")
    return [dataclasses.replace(link, base=base) for link in links] if _ABSOLUTE.match(base) else links


def _scan(html: str, at: int, end: int, *, regions: Regions, in_comment: bool) -> Iterator[Candidate]:
    following = _NEXT_IN_COMMENT if in_comment else _NEXT
    while found := following.match(html, at, end):
        after: int | None = found.end()
        if found["linked"]:
            spans, after = _read_attributes(html, found.end(), end)
            if after is not None and "href" in spans:
                link = _Tag(name=found["linked"].lower(), spans=spans, end=after, conditional=in_comment)
                yield _candidate(html, link, end, regions)
        elif found["raw"]:
            after = _skip_raw_text(html, found["raw"].lower(), found.end(), end)
        elif in_comment:
            # A comment has no other in it: what begins like one ends with the one that we are in.
            condition = _CONDITION.match(html, found.end(), end)
            after = condition and condition.end()
        else:
            content_end, after = _read_comment(html, found.end(), end)
            if condition := _CONDITION.match(html, found.end(), content_end):
                yield from _scan(html, condition.end(), content_end, regions=regions, in_comment=True)
        if after is None:
            return
        at = after


class _Tag(NamedTuple):
    name: str
    spans: dict[str, tuple[int, int]]
    end: int
    conditional: bool


def _read_attributes(html: str, at: int, end: int) -> tuple[dict[str, tuple[int, int]], int | None]:
    """The spans of a tag's values by name, the first of a name only, and where the tag ends; None if it never does."""
    spans: dict[str, tuple[int, int]] = {}
    while attribute := _ATTRIBUTE.match(html, at, end):
        at = attribute.end()
        spans.setdefault(attribute[1].lower(), _value_span(attribute))
    closing = _ATTRIBUTES_END.match(html, at, end)
    return spans, closing and closing.end()


def _value_span(attribute: re.Match[str]) -> tuple[int, int]:
    """The value without its quotes; an empty span behind the name where there is none."""
    if attribute[2] is None:
        return attribute.end(1), attribute.end(1)
    start, end = attribute.span(2)
    return (start + 1, end - 1) if attribute[2].startswith(('"', "'")) else (start, end)


def _candidate(html: str, link: _Tag, end: int, regions: Regions) -> Candidate:
    """The link of a tag; its content ends before ``end``."""
    first, last = link.spans["href"]
    attributes = {name: html[start:stop] for name, (start, stop) in link.spans.items()}
    element, label = describe(html, link.name, attributes, link.end, end)
    return Candidate(
        start=first,
        end=last,
        href=decode(html[first:last]),
        attributes=attributes,
        tag=link.name,
        conditional=link.conditional,
        location=regions.locate(first, element, label),
        element=element,
        label=label,
    )


def _skip_raw_text(html: str, name: str, at: int, end: int) -> int | None:
    """Where the end tag begins that closes an element of raw text; None if there is none."""
    opened = _REST_OF_TAG.match(html, at, end)
    if opened is None or name == "plaintext":
        return None
    if name == "script":
        return _skip_script(html, opened.end(), end)
    closing = re.compile(rf"</{name}{_TAG_NAME_END}", _FLAGS).search(html, opened.end(), end)
    return closing and closing.start()


def _skip_script(html: str, at: int, end: int) -> int | None:
    """The same for a script, where a script in what looks like a comment has an end tag of its own.

    The "script data escaped" and "double escaped" states, WHATWG HTML sections 13.2.5.20 to 13.2.5.31.
    """
    escaped = nested = False
    while mark := _SCRIPT_MARK.search(html, at, end):
        at = mark.end()
        match mark[0].lower():
            case "<!--":
                escaped = True
                at -= 2  # its dashes may be those of "-->"
            case "-->":
                escaped = nested = False
            case "<script":
                nested = escaped
            case _ if nested:
                nested = False
            case _:
                return mark.start()
    return None


def _read_comment(html: str, at: int, end: int) -> tuple[int, int]:
    """Where a comment's content ends, and where the comment does."""
    closing = _ABRUPT_COMMENT_END.match(html, at, end) or _COMMENT_END.search(html, at, end)
    return closing.span() if closing else (end, end)
