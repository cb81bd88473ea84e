"""Cut HTML into tags, comments and raw text, as WHATWG HTML section 13.2.5 ("Tokenization") prescribes.

So an ``<a`` in an attribute, a comment, a style sheet or a title is not taken for a tag. Two things differ from a
browser: the content of a conditional comment, which Outlook shows, is read as the markup that it is, VML included, and
``noscript`` is markup because mail programs run no scripts.

Quantifiers over hostile text are possessive and no character is passed over more than a few times, so the time grows
with the length of the text and not with its shape.
"""

import re
from collections.abc import Iterator
from html.entities import html5

import msgspec
import re2  # type: ignore[import-untyped]  # google-re2 ships no types

__all__ = ["ATTRIBUTE", "HREF", "Tag", "decode_attribute_value", "find_tags", "is_simple_html"]

_FLAGS = re.ASCII | re.IGNORECASE | re.VERBOSE

_SPACE = r"\t\n\f\r\x20"
_ATTRIBUTE_SEPARATOR = rf"[{_SPACE}/]*+"
_ATTRIBUTE_NAME = rf"[^{_SPACE}/>][^{_SPACE}/>=]*+"
_EQUALS = rf"[{_SPACE}]*+=[{_SPACE}]*+"
# A quote that is never closed runs to the end of the text; its tag then has no end, and is none.
_ATTRIBUTE_VALUE = rf"""(?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^{_SPACE}>"'][^{_SPACE}>]*+ | (?=>) | \Z )"""

_TAG_NAME = rf"[a-z][^{_SPACE}/>]*+"
_TAG_NAME_END = rf"(?=[{_SPACE}/>])"
_TAG_END = rf"{_ATTRIBUTE_SEPARATOR}>"
# From the end of a tag's name to its ">". The first alternative saves time only: right behind a name and "=" a quote
# always opens a value, and anything else one without quotes, which here has neither quotes nor "=".
_FAST_PATH_VALUE = rf"""(?: "[^"]*+" | '[^']*+' | [^{_SPACE}>"'=]++ (?=[{_SPACE}>]) )"""
_TAG_REST = rf"""(?:
    [^>"'=]*+ (?: (?<![{_SPACE}/"'])= {_FAST_PATH_VALUE} [^>"'=]*+ )*+ >
  | (?: {_ATTRIBUTE_SEPARATOR}{_ATTRIBUTE_NAME}(?:{_EQUALS}{_ATTRIBUTE_VALUE})?+ )*+ {_TAG_END}
)"""

_LINK_TAG = rf"(?:a|area|base){_TAG_NAME_END}"
_LINK_OR_VML_TAG = rf"(?:a|area|v:[a-z]++){_TAG_NAME_END}"
_RAW_TEXT_TAG = rf"(?:script|style|title|textarea|xmp|iframe|noembed|noframes|plaintext){_TAG_NAME_END}"
_END_TAG = rf"/{_TAG_NAME}{_TAG_REST}"
_BOGUS_COMMENT = r"(?: !(?!--) | \? | /(?![a-z]) ) [^>]*+ >"
_LONE_LESS_THAN = r"(?![a-z/!?])"
# A comment that is neither conditional nor ends where it begins; this saves time only.
_COMMENT = r"!--(?!-?>|\[if) (?: [^-]++ | -(?!-!?>) )*+ --!?>"
# How names begin that most tags have, and none of those that are looked at; this saves time only.
_SKIPPABLE_NAME_PREFIX = r"(?:t[abdhr]|[c-hj-mru]|s[pmu])"


def _compile_next_token(linked: str, passed: str) -> re.Pattern[str]:
    """Text and tags in which no link can stand, then the beginning of something to look at."""
    start_tag = rf"(?:{_SKIPPABLE_NAME_PREFIX}|(?!{linked}|{_RAW_TEXT_TAG})[a-z])[^{_SPACE}/>]*+{_TAG_REST}"
    return re.compile(
        rf"""(?: [^<]++ | <(?: {start_tag} | {_END_TAG} | {_BOGUS_COMMENT} | {_LONE_LESS_THAN} | {passed} ) )*+
        <(?: (?P<linked>{linked}) | (?P<raw>{_RAW_TEXT_TAG}) | (?P<comment>!--) )""",
        _FLAGS,
    )


_NEXT_TOKEN = _compile_next_token(_LINK_TAG, _COMMENT)
_NEXT_TOKEN_IN_COMMENT = _compile_next_token(_LINK_OR_VML_TAG, _LONE_LESS_THAN)
_TAG_REST_PATTERN = re.compile(_TAG_REST, _FLAGS)
_ABRUPT_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", _FLAGS)
_SCRIPT_DELIMITER = re.compile(rf"<!-- | --> | </?script{_TAG_NAME_END}", _FLAGS)

ATTRIBUTE = re.compile(
    rf"""{_ATTRIBUTE_SEPARATOR}({_ATTRIBUTE_NAME})(?:{_EQUALS}(?: "([^"]*+)"?+ | '([^']*+)'?+ | ([^{_SPACE}>"'][^{_SPACE}>]*+) )?+)?+""",
    _FLAGS,
)
"""An attribute of a tag that is known to end: its name, and its value in one of three groups."""

HREF = re.compile(
    rf"""(?:{_ATTRIBUTE_SEPARATOR}(?!href(?:[{_SPACE}/>=]|\Z)){_ATTRIBUTE_NAME}(?:{_EQUALS}{_ATTRIBUTE_VALUE})?+)*+
    {_ATTRIBUTE_SEPARATOR}href(?:{_EQUALS}(?:
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
        container_end: where the document or the conditional comment ends that it stands in.
        is_conditional: whether that is a conditional comment.
    """

    name: str
    start: int
    end: int
    container_end: int
    is_conditional: bool


def find_tags(html: str) -> Iterator[Tag]:
    """Every ``a``, ``area`` and ``base`` tag, and VML's in conditional comments."""
    return _scan_tags(html, 0, len(html), is_conditional=False)


def _scan_tags(html: str, at: int, end: int, *, is_conditional: bool) -> Iterator[Tag]:
    following = _NEXT_TOKEN_IN_COMMENT if is_conditional else _NEXT_TOKEN
    while found := following.match(html, at, end):
        after: int | None = found.end()
        if found["linked"]:
            rest = _TAG_REST_PATTERN.match(html, found.end(), end)
            if rest is None:
                return
            after = rest.end()
            yield Tag(found["linked"].lower(), found.end(), after - 1, end, is_conditional)
        elif found["raw"]:
            after = _skip_raw_text(html, found["raw"].lower(), found.end(), end)
        elif is_conditional:
            # A comment has no other in it: what begins like one ends with the one that we are in.
            condition = _CONDITION.match(html, found.end(), end)
            after = condition and condition.end()
        else:
            content_end, after = _read_comment(html, found.end(), end)
            if condition := _CONDITION.match(html, found.end(), content_end):
                yield from _scan_tags(html, condition.end(), content_end, is_conditional=True)
        if after is None:
            return
        at = after


def _skip_raw_text(html: str, name: str, at: int, end: int) -> int | None:
    """Where the end tag begins that closes an element of raw text; None if there is none."""
    opened = _TAG_REST_PATTERN.match(html, at, end)
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
    while mark := _SCRIPT_DELIMITER.search(html, at, end):
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


# FOLDED plain.py: Tell documents whose markup nobody can read in two ways: most, and their links are found in
# half of the time.
#
# In such a document every ``<`` begins markup that the next ``>`` ends: no value of an attribute, no style
# sheet and no
# title holds either of them. So whatever looks like the tag of a link is one, comments apart. The grammar is
# narrower
# than it could be: a document that does not fit is read by `html` character by character, and yields the same
# links.
#
# RE2 reads the whole of it in one pass, whose time depends on nothing but its length.

_LINK_TAG_NAMES = ("a", "area", "base")
_CONDITIONAL_COMMENT_START = "<!--[if"

_SIMPLE_SPACE = r"[\t\n\f\r ]"
# Names of tags whose content is markup too. No scripts and no foreign content, and of raw text only what is below.
_SIMPLE_TAG_NAME = (
    r"(?:[abcdefghjklmoqruvwyz][a-z0-9:]*|s(?:pan|trong|mall|ub|up|ection|trike|ource)?|t(?:able|body|d|foot|h|head|r|t"
    r"|ime)|i(?:mg|nput|ns)?|n(?:av|oscript|obr)|p(?:re|icture)?|xml)"
)
_SIMPLE_ATTRIBUTE_NAME = r"[a-z0-9_:@.*]+(?:-[a-z0-9_:@.*]+)*"
_SIMPLE_QUOTED_VALUE = r"""(?:"[^"<>]*"|'[^'<>]*')"""
_SIMPLE_UNQUOTED_VALUE = r"[a-z0-9#%._:]+(?:-[a-z0-9#%._:]+)*"
_SIMPLE_ATTRIBUTE = rf"{_SIMPLE_ATTRIBUTE_NAME}(?:{_SIMPLE_SPACE}*={_SIMPLE_SPACE}*(?:{_SIMPLE_QUOTED_VALUE}|{_SIMPLE_UNQUOTED_VALUE}))?"
_SIMPLE_QUOTED_ATTRIBUTE = rf"{_SIMPLE_ATTRIBUTE_NAME}{_SIMPLE_SPACE}*={_SIMPLE_SPACE}*{_SIMPLE_QUOTED_VALUE}"
_SIMPLE_ATTRIBUTES = rf"(?:{_SIMPLE_SPACE}+(?:{_SIMPLE_QUOTED_ATTRIBUTE})*{_SIMPLE_ATTRIBUTE})*{_SIMPLE_SPACE}*/?"
_SIMPLE_START_TAG = rf"<{_SIMPLE_TAG_NAME}{_SIMPLE_ATTRIBUTES}>"
_SIMPLE_END_TAG = rf"</[a-z][a-z0-9:]*{_SIMPLE_SPACE}*>"


def _build_raw_text_elements(content: str) -> str:
    return "|".join(rf"<{name}{_SIMPLE_ATTRIBUTES}>{content}</{name}{_SIMPLE_SPACE}*>" for name in ("style", "title"))


# Within a conditional comment nothing may end it but its own end: no "-->", and no ">" in its text.
_SIMPLE_CONDITIONAL_COMMENT = (
    rf"<!--\[if[ (!][^\]<>]*\]>"
    rf"(?:(?:[^<>]|{_SIMPLE_START_TAG}|{_SIMPLE_END_TAG}|{_build_raw_text_elements('[^<>]*')})*<!\[endif\]-->|<!--(?:{_SIMPLE_SPACE}*--)?>)"
)
_SIMPLE_COMMENT = r"<!--[^\[>-](?:[^-]|-[^-])*-->"
_SIMPLE_DECLARATION = r"<(?:![^-<>][^<>]*|\?[^<>]*)>"
_SIMPLE_LONE_LESS_THAN = r"<[^a-z/!?<]"

_RE2_OPTIONS = re2.Options()
_RE2_OPTIONS.encoding = re2.Options.Encoding.LATIN1  # bytes are characters: of UTF-8 only those of ASCII matter here
_RE2_OPTIONS.never_capture = True
_SIMPLE_HTML = re2.compile(
    (
        rf"(?is)(?:[^<]|{_SIMPLE_START_TAG}|{_SIMPLE_END_TAG}|{_build_raw_text_elements('(?:[^<]|<!--(?:[^<-]|-[^<-])*-->)*')}"
        rf"|{_SIMPLE_CONDITIONAL_COMMENT}|{_SIMPLE_COMMENT}|{_SIMPLE_DECLARATION}|{_SIMPLE_LONE_LESS_THAN})*"
    ).encode(),
    _RE2_OPTIONS,
)


def is_simple_html(html: str) -> bool:
    """Whether each ``<`` that a letter follows begins a tag, outside of comments, style sheets and titles."""
    return _SIMPLE_HTML.fullmatch(html.encode("utf-8", "surrogatepass")) is not None


# Cases are spelled out: where they are ignored, each alternative is tried at every "<".
_LINK_TAG_START = re.compile(
    r"<[aAbBvV](?:(?<=[aA])(?:[rR][eE][aA])?|(?<=[bB])[aA][sS][eE]|(?<=[vV]):[a-zA-Z]++)(?=[\s/>])", re.ASCII
)


def find_tags_in_simple_html(html: str) -> Iterator[Tag]:
    """What `tokenizer.find_tags` finds, in a plain document."""
    looked_at = comment_end = 0
    conditional = False
    for mark in _LINK_TAG_START.finditer(html):
        start, at = mark.span()
        comment = html.rfind("<!--", looked_at, start)
        looked_at = at
        if comment >= 0:
            comment_end = html.find("-->", comment)
            conditional = (
                html[comment : comment + len(_CONDITIONAL_COMMENT_START)].lower() == _CONDITIONAL_COMMENT_START
            )
        name = mark[0][1:].lower()
        if start >= comment_end:
            if name in _LINK_TAG_NAMES:
                yield Tag(name, at, html.find(">", at), len(html), is_conditional=False)
        elif conditional and name != "base":
            yield Tag(name, at, html.find(">", at), comment_end, is_conditional=True)


# FOLDED charrefs.py: Decode the character references of an attribute's value.
#
# By the rules of WHATWG HTML section 13.2.5.72, "Character reference state", for references in attributes: a
# named
# reference without its semicolon stays as it is when a letter, a digit or ``=`` follows. So ``?a=1&copy=2``
# keeps its
# ``&copy``, where the rules for text, and ``html.unescape``, would read a copyright sign.

_CHARACTER_REFERENCE = re.compile(r"&(?:#[xX]0*+([0-9a-fA-F]*+)|#0*+([0-9]*+)|([A-Za-z0-9]++));?")
_MAX_DIGITS = 7
_REPLACEMENT_CHARACTER = "\ufffd"
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)

_WINDOWS_1252 = {
    code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", errors="ignore"))
}
"""Numbers from 128 to 159 mean the characters of windows-1252, where it has one ("Numeric character reference end")."""


def decode_attribute_value(value: str) -> str:
    """The value that the attribute has: references decoded once, NUL replaced by U+FFFD."""
    if count := value.count("&"):
        plain = count == value.count("&amp;")  # as in most URLs; half of a link's reading is saved
        value = value.replace("&amp;", "&") if plain else _CHARACTER_REFERENCE.sub(_decode_reference, value)
    return value.replace("\0", _REPLACEMENT_CHARACTER)


def _decode_reference(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return _decode_named_reference(reference, name)
    digits, base = (decimal, 10) if hexadecimal is None else (hexadecimal, 16)
    if digits:
        return _decode_numeric_reference(digits, base)
    return _REPLACEMENT_CHARACTER if "0" in reference[0] else reference[0]


def _decode_named_reference(reference: re.Match[str], name: str) -> str:
    if reference[0].endswith(";"):
        return html5.get(f"{name};", reference[0])
    followed_by_equals = reference.string.startswith("=", reference.end())
    return reference[0] if followed_by_equals else html5.get(name, reference[0])


def _decode_numeric_reference(digits: str, base: int) -> str:
    if len(digits) > _MAX_DIGITS:
        return _REPLACEMENT_CHARACTER
    code = int(digits, base)
    if code > _MAX_CODE_POINT or code in _SURROGATES:
        return _REPLACEMENT_CHARACTER
    return _WINDOWS_1252.get(code) or chr(code)
