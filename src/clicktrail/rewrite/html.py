"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``.

The text is cut into tags, comments and raw text as WHATWG HTML section 13.2.5 ("Tokenization") prescribes, so that an
``<a`` in an attribute, a comment, a style sheet or a title is not taken for a link. Two things differ from a browser:
the content of a conditional comment, which Outlook shows, is read as the markup that it is, and ``noscript`` is markup
because mail programs run no scripts.

Quantifiers over hostile text are possessive and no character is passed over more than a few times, so the time grows
with the length of the text and not with its shape.
"""

import re
from collections.abc import Iterator

from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.charrefs import decode

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
# From the end of a tag's name to its ">". The first two alternatives save time only: where no quote stands before the
# first ">", that ends the tag; and a quote right behind a name and "=" always opens a value.
_TAG_REST = rf"""(?:
    [^>"']*+ >
  | (?: [^>"'=]*+ (?<![{_SPACE}/"'])= (?:"[^"]*+"|'[^']*+') )++ [^>"']*+ >
  | (?: {_GAP}{_NAME}(?:{_EQUALS}{_VALUE})?+ )*+ {_TAG_END}
)"""

_LINKED = rf"(?:a|area){_TAG_NAME_END}"
_RAW = rf"(?:script|style|title|textarea|xmp|iframe|noembed|noframes|plaintext){_TAG_NAME_END}"
_START_TAG = rf"(?!{_LINKED}|{_RAW}){_TAG_NAME}{_TAG_REST}"
_END_TAG = rf"/{_TAG_NAME}{_TAG_REST}"
_BOGUS_COMMENT = r"(?: !(?!--) | \? | /(?![a-z]) ) [^>]*+ >"
_LONE_LESS_THAN = r"(?![a-z/!?])"

# Text and tags in which no link can stand, then the beginning of something to look at.
_NEXT = re.compile(
    rf"""(?: [^<]++ | <(?: {_START_TAG} | {_END_TAG} | {_BOGUS_COMMENT} | {_LONE_LESS_THAN} ) )*+
    <(?: (?P<linked>{_LINKED}) | (?P<raw>{_RAW}) | (?P<comment>!--) )""",
    _FLAGS,
)
_ATTRIBUTE = re.compile(rf"{_GAP}({_NAME})(?:{_EQUALS}({_VALUE}))?+", _FLAGS)
_ATTRIBUTES_END = re.compile(_TAG_END, _FLAGS)
_REST_OF_TAG = re.compile(_TAG_REST, _FLAGS)
_ABRUPT_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", _FLAGS)
_SCRIPT_MARK = re.compile(rf"<!-- | --> | </?script{_TAG_NAME_END}", _FLAGS)


def find_links(html: str) -> Iterator[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document."""
    return _scan(html, 0, len(html), in_comment=False)


def _scan(html: str, at: int, end: int, *, in_comment: bool) -> Iterator[Candidate]:
    while found := _NEXT.match(html, at, end):
        after: int | None = found.end()
        if found["linked"]:
            spans, after = _read_attributes(html, found.end(), end)
            if after is not None and "href" in spans:
                yield _candidate(html, spans)
        elif found["raw"]:
            after = _skip_raw_text(html, found["raw"].lower(), found.end(), end)
        elif in_comment:
            # A comment has no other in it: what begins like one ends with the one that we are in.
            condition = _CONDITION.match(html, found.end(), end)
            after = condition and condition.end()
        else:
            content_end, after = _read_comment(html, found.end(), end)
            if condition := _CONDITION.match(html, found.end(), content_end):
                yield from _scan(html, condition.end(), content_end, in_comment=True)
        if after is None:
            return
        at = after


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


def _candidate(html: str, spans: dict[str, tuple[int, int]]) -> Candidate:
    start, end = spans["href"]
    attributes = {name: html[first:last] for name, (first, last) in spans.items()}
    return Candidate(start=start, end=end, href=decode(html[start:end]), attributes=attributes)


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
