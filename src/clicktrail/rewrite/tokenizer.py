"""Cut HTML into tags, comments and raw text, as WHATWG HTML section 13.2.5 ("Tokenization") prescribes.

So an ``<a`` in an attribute, a comment, a style sheet or a title is not taken for a tag. Two things differ from a
browser: the content of a conditional comment, which Outlook shows, is read as the markup that it is, VML included, and
``noscript`` is markup because mail programs run no scripts.

Quantifiers over hostile text are possessive and no character is passed over more than a few times, so the time grows
with the length of the text and not with its shape.
"""

import re
from collections.abc import Iterator

import msgspec

__all__ = ["ATTRIBUTE", "HREF", "Tag", "find_tags"]

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
_REST_OF_TAG = re.compile(_TAG_REST, _FLAGS)
_ABRUPT_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", _FLAGS)
_SCRIPT_MARK = re.compile(rf"<!-- | --> | </?script{_TAG_NAME_END}", _FLAGS)

ATTRIBUTE = re.compile(
    rf"""{_GAP}({_NAME})(?:{_EQUALS}(?: "([^"]*+)"?+ | '([^']*+)'?+ | ([^{_SPACE}>"'][^{_SPACE}>]*+) )?+)?+""", _FLAGS
)
"""An attribute of a tag that is known to end: its name, and its value in one of three groups."""

HREF = re.compile(
    rf"""(?:{_GAP}(?!href(?:[{_SPACE}/>=]|\Z)){_NAME}(?:{_EQUALS}{_VALUE})?+)*+
    {_GAP}href(?:{_EQUALS}(?:
        "(?P<double>[^"]*+) | '(?P<single>[^']*+) | (?P<bare>[^{_SPACE}>"'][^{_SPACE}>]*+)
    )?+)?+""",
    _FLAGS,
)
"""The attributes up to the first href, whose value is in one of the groups if it has one."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag that may have a link.

    Attributes:
        name: in lower case.
        start: where its attributes begin.
        end: where its ``>`` stands.
        limit: where the document or the conditional comment ends that it stands in.
        conditional: whether that is a conditional comment.
    """

    name: str
    start: int
    end: int
    limit: int
    conditional: bool


def find_tags(html: str) -> Iterator[Tag]:
    """Every ``a``, ``area`` and ``base`` tag, and VML's in conditional comments."""
    return _scan(html, 0, len(html), conditional=False)


def _scan(html: str, at: int, end: int, *, conditional: bool) -> Iterator[Tag]:
    following = _NEXT_IN_COMMENT if conditional else _NEXT
    while found := following.match(html, at, end):
        after: int | None = found.end()
        if found["linked"]:
            rest = _REST_OF_TAG.match(html, found.end(), end)
            if rest is None:
                return
            after = rest.end()
            yield Tag(found["linked"].lower(), found.end(), after - 1, end, conditional)
        elif found["raw"]:
            after = _skip_raw_text(html, found["raw"].lower(), found.end(), end)
        elif conditional:
            # A comment has no other in it: what begins like one ends with the one that we are in.
            condition = _CONDITION.match(html, found.end(), end)
            after = condition and condition.end()
        else:
            content_end, after = _read_comment(html, found.end(), end)
            if condition := _CONDITION.match(html, found.end(), content_end):
                yield from _scan(html, condition.end(), content_end, conditional=True)
        if after is None:
            return
        at = after


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
