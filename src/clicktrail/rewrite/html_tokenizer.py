"""Find the tags of HTML that may hold links, as WHATWG HTML section 13.2.5 ("Tokenization") prescribes.

An ``<a`` inside an attribute, a comment, a style sheet or a title is not a tag. Two things differ from a browser: the
content of a conditional comment, which Outlook shows, is read as markup, VML included; and ``noscript`` is markup,
because mail programs run no scripts.

There are two scanners with the same result, chosen by `find_tags`:

- Most documents are *simple*: every ``<`` that starts markup is closed by the next ``>``, because no attribute, style
  sheet or title holds either character. RE2 checks this in one pass. Then every match of a link tag
  outside comments is a tag, and a plain search finds it in half the time.
- All other documents are read token by token.

Both take time linear in the length of the text, also for hostile input: quantifiers are possessive, and no character
is scanned more than a few times.
"""

import re
from collections.abc import Iterator
from html.entities import html5

import msgspec

_FLAGS = re.ASCII | re.IGNORECASE | re.VERBOSE

_SPACE = r"\t\n\f\r\x20"
_ATTRIBUTE_SEPARATOR = rf"[{_SPACE}/]*+"
_ATTRIBUTE_NAME = rf"[^{_SPACE}/>][^{_SPACE}/>=]*+"
_EQUALS = rf"[{_SPACE}]*+=[{_SPACE}]*+"
# An unclosed quote runs to the end of the text. Its tag has no end and is not a tag.
_ATTRIBUTE_VALUE = rf"""(?: "[^"]*+(?:"|\Z) | '[^']*+(?:'|\Z) | [^{_SPACE}>"'][^{_SPACE}>]*+ | (?=>) | \Z )"""

_TAG_NAME = rf"[a-z][^{_SPACE}/>]*+"
_TAG_NAME_END = rf"(?=[{_SPACE}/>])"
_TAG_END = rf"{_ATTRIBUTE_SEPARATOR}>"
# From the end of a tag's name to its ">". The first alternative is a fast path: directly after a name and "=", a quote
# always opens a value. Anything else is an unquoted value, here without quotes and "=".
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
_LESS_THANS = r"(?:<(?=<))++"  # all but the last of a run, twelve times as fast as one by one
# Fast path: a comment that ends where it starts, or is not conditional.
_COMMENT = r"!--(?: -?> | (?!-?>|\[if) (?: [^-]++ | -(?!-!?>) )*+ --!?> )"
# Fast path: prefixes of the most frequent tag names; no tag with a link or raw text has them.
_SKIPPABLE_NAME_PREFIX = r"(?:t[abdhr]|[c-hj-mru]|s[pmu])"


def _compile_next_token(link_tag: str, skipped: str) -> re.Pattern[str]:
    """Compile a pattern that skips to the next link tag, raw text element or comment, and matches its start."""
    start_tag = rf"(?:{_SKIPPABLE_NAME_PREFIX}|(?!{link_tag}|{_RAW_TEXT_TAG})[a-z])[^{_SPACE}/>]*+{_TAG_REST}"
    return re.compile(
        rf"""(?:
            [^<]++ | {_LESS_THANS} | <(?: {start_tag} | {_END_TAG} | {_BOGUS_COMMENT} | {_LONE_LESS_THAN} | {skipped} )
        )*+
        <(?: (?P<link_tag>{link_tag}) | (?P<raw_text_tag>{_RAW_TEXT_TAG}) | (?P<comment>!--) )""",
        _FLAGS,
    )


_NEXT_TOKEN = _compile_next_token(_LINK_TAG, _COMMENT)
_NEXT_TOKEN_IN_COMMENT = _compile_next_token(_LINK_OR_VML_TAG, _LONE_LESS_THAN)
_NEXT_TAG = re.compile(
    rf"""(?: [^<]++ | {_LESS_THANS} | <(?: {_BOGUS_COMMENT} | {_LONE_LESS_THAN} | {_COMMENT} ) )*+
    <(?: (?P<raw_text_tag>{_RAW_TEXT_TAG}) | (?P<comment>!--) | (?P<end>/)?+(?P<name>{_TAG_NAME}) )""",
    _FLAGS,
)
_TAG_REST_PATTERN = re.compile(_TAG_REST, _FLAGS)
_ABRUPT_COMMENT_END = re.compile(r"-?>")
_COMMENT_END = re.compile(r"--!?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", _FLAGS)
_SCRIPT_DELIMITER = re.compile(rf"<!-- | --> | </?script{_TAG_NAME_END}", _FLAGS)

ATTRIBUTE = re.compile(
    rf"""{_ATTRIBUTE_SEPARATOR}({_ATTRIBUTE_NAME})(?:{_EQUALS}(?:
        "([^"]*+)"?+ | '([^']*+)'?+ | ([^{_SPACE}>"'][^{_SPACE}>]*+)
    )?+)?+""",
    _FLAGS,
)
"""An attribute: its name, and its value in one of three groups (double-quoted, single-quoted, unquoted)."""

HREF = re.compile(
    rf"""(?:{_ATTRIBUTE_SEPARATOR}(?!href(?:[{_SPACE}/>=]|\Z)){_ATTRIBUTE_NAME}(?:{_EQUALS}{_ATTRIBUTE_VALUE})?+)*+
    {_ATTRIBUTE_SEPARATOR}href(?:{_EQUALS}(?:
        "(?P<double>[^"]*+) | '(?P<single>[^']*+) | (?P<unquoted>[^{_SPACE}>"'][^{_SPACE}>]*+)
    )?+)?+""",
    _FLAGS,
)
"""The attributes up to the first href. Its value is in one of the groups; without a value, no group matches."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag that may hold a link.

    Attributes:
        name: name of the tag in lower case.
        start: offset after the name, where the attributes start.
        end: offset of its ``>``.
        container_end: end of the document, or of the conditional comment around the tag.
    """

    name: str
    start: int
    end: int
    container_end: int
    is_conditional: bool


def find_tags(html: str, *, is_simple: bool) -> Iterator[Tag]:
    """Find every ``a``, ``area`` and ``base`` tag, and VML tags in conditional comments.

    is_simple: whether `SIMPLE_HTML` matches the document; see `html_places.examine_html`.
    """
    return find_tags_in_simple_html(html) if is_simple else find_tags_by_token(html)


def find_tags_by_token(html: str) -> Iterator[Tag]:
    """Find the tags of any document."""
    return _scan_tokens(html, 0, len(html), is_conditional=False)


class AnyTag(msgspec.Struct, frozen=True, gc=False):
    """A start or end tag outside comments.

    Attributes:
        name: name of the tag in lower case.
        start: offset of its ``<``.
        attributes_start: offset after the name.
        end: offset after its ``>``.
    """

    name: str
    is_end: bool
    start: int
    attributes_start: int
    end: int


def find_all_tags(html: str) -> Iterator[AnyTag]:
    """Find every tag outside comments and elements of raw text, such as ``style``."""
    offset: int | None = 0
    while offset is not None and (token := _NEXT_TAG.match(html, offset)):
        if token["raw_text_tag"]:
            offset = _skip_raw_text(html, token["raw_text_tag"].lower(), token.end(), len(html))
        elif token["comment"]:
            _, offset = _find_comment_end(html, token.end(), len(html))
        else:
            rest = _TAG_REST_PATTERN.match(html, token.end())
            if rest is None:
                return
            offset = rest.end()
            is_end = token["end"] is not None
            start = token.start("name") - (2 if is_end else 1)
            yield AnyTag(token["name"].lower(), is_end, start, token.end(), offset)


def _scan_tokens(html: str, offset: int, end: int, *, is_conditional: bool) -> Iterator[Tag]:
    next_token = _NEXT_TOKEN_IN_COMMENT if is_conditional else _NEXT_TOKEN
    while token := next_token.match(html, offset, end):
        next_offset: int | None = token.end()
        if token["link_tag"]:
            rest = _TAG_REST_PATTERN.match(html, token.end(), end)
            if rest is None:
                return
            next_offset = rest.end()
            yield Tag(token["link_tag"].lower(), token.end(), next_offset - 1, end, is_conditional)
        elif token["raw_text_tag"]:
            next_offset = _skip_raw_text(html, token["raw_text_tag"].lower(), token.end(), end)
        elif is_conditional:
            # A comment in here would end where this one ends, so that no markup follows. A second condition is skipped.
            condition = _CONDITION.match(html, token.end(), end)
            next_offset = condition and condition.end()
        else:
            content_end, next_offset = _find_comment_end(html, token.end(), end)
            if condition := _CONDITION.match(html, token.end(), content_end):
                yield from _scan_tokens(html, condition.end(), content_end, is_conditional=True)
        if next_offset is None:
            return
        offset = next_offset


def _skip_raw_text(html: str, name: str, offset: int, end: int) -> int | None:
    """Return the offset of the end tag that closes an element of raw text; None if there is none."""
    start_tag = _TAG_REST_PATTERN.match(html, offset, end)
    if start_tag is None or name == "plaintext":
        return None
    if name == "script":
        return _skip_script(html, start_tag.end(), end)
    end_tag = re.compile(rf"</{name}{_TAG_NAME_END}", _FLAGS).search(html, start_tag.end(), end)
    return end_tag and end_tag.start()


def _skip_script(html: str, offset: int, end: int) -> int | None:
    """Return the offset of the end tag of a script. A script within ``<!--`` has an end tag of its own.

    The "script data escaped" and "double escaped" states, WHATWG HTML sections 13.2.5.20 to 13.2.5.31.
    """
    is_escaped = is_double_escaped = False
    while delimiter := _SCRIPT_DELIMITER.search(html, offset, end):
        offset = delimiter.end()
        match delimiter[0].lower():
            case "<!--":
                is_escaped = True
                offset -= 2  # its dashes may be those of "-->"
            case "-->":
                is_escaped = is_double_escaped = False
            case "<script":
                is_double_escaped = is_escaped
            case _ if is_double_escaped:
                is_double_escaped = False
            case _:
                return delimiter.start()
    return None


def _find_comment_end(html: str, offset: int, end: int) -> tuple[int, int]:
    """Return where the content of a comment ends, and where the comment itself ends."""
    comment_end = _ABRUPT_COMMENT_END.match(html, offset, end) or _COMMENT_END.search(html, offset, end)
    return comment_end.span() if comment_end else (end, end)


_LINK_TAG_NAMES = ("a", "area", "base")
_CONDITIONAL_COMMENT_START = "<!--[if"

# The grammar of simple HTML. It is narrower than it could be; what does not fit is read token by token.
_SIMPLE_SPACE = r"[\t\n\f\r ]"
# Tags whose content is markup: no script, no SVG or MathML. Raw text is matched separately.
_SIMPLE_TAG_NAME = (
    r"(?:[abcdefghjklmoqruvwyz][a-z0-9:]*|s(?:pan|trong|mall|ub|up|ection|trike|ource)?|t(?:able|body|d|foot|h|head|r|t"
    r"|ime)|i(?:mg|nput|ns)?|n(?:av|oscript|obr)|p(?:re|icture)?|xml)"
)
_SIMPLE_ATTRIBUTE_NAME = r"[a-z0-9_:@.*]+(?:-[a-z0-9_:@.*]+)*"
_SIMPLE_QUOTED_VALUE = r"""(?:"[^"<>]*"|'[^'<>]*')"""
_SIMPLE_UNQUOTED_VALUE = r"[a-z0-9#%._:]+(?:-[a-z0-9#%._:]+)*"
_SIMPLE_EQUALS = rf"{_SIMPLE_SPACE}*={_SIMPLE_SPACE}*"
_SIMPLE_VALUE = rf"(?:{_SIMPLE_QUOTED_VALUE}|{_SIMPLE_UNQUOTED_VALUE})"
_SIMPLE_ATTRIBUTE = rf"{_SIMPLE_ATTRIBUTE_NAME}(?:{_SIMPLE_EQUALS}{_SIMPLE_VALUE})?"
_SIMPLE_QUOTED_ATTRIBUTE = rf"{_SIMPLE_ATTRIBUTE_NAME}{_SIMPLE_EQUALS}{_SIMPLE_QUOTED_VALUE}"
_SIMPLE_ATTRIBUTES = rf"(?:{_SIMPLE_SPACE}+(?:{_SIMPLE_QUOTED_ATTRIBUTE})*{_SIMPLE_ATTRIBUTE})*{_SIMPLE_SPACE}*/?"
_SIMPLE_START_TAG = rf"<{_SIMPLE_TAG_NAME}{_SIMPLE_ATTRIBUTES}>"
_SIMPLE_END_TAG = rf"</[a-z][a-z0-9:]*{_SIMPLE_SPACE}*>"


def _build_raw_text_elements(content: str) -> str:
    return "|".join(rf"<{name}{_SIMPLE_ATTRIBUTES}>{content}</{name}{_SIMPLE_SPACE}*>" for name in ("style", "title"))


# A conditional comment must not end early: no "-->" and no ">" in its text.
_SIMPLE_CONDITIONAL_COMMENT = (
    rf"<!--\[if[ (!][^\]<>]*\]>"
    rf"(?:(?:[^<>]|{_SIMPLE_START_TAG}|{_SIMPLE_END_TAG}|{_build_raw_text_elements('[^<>]*')})*<!\[endif\]-->|<!--(?:{_SIMPLE_SPACE}*--)?>)"
)
_SIMPLE_COMMENT = r"<!--[^\[>-](?:[^-]|-[^-])*-->"
_SIMPLE_DECLARATION = r"<(?:![^-<>][^<>]*|\?[^<>]*)>"
_SIMPLE_LONE_LESS_THAN = r"<[^a-z/!?<]"

SIMPLE_HTML = (
    rf"(?is)(?:[^<]|{_SIMPLE_START_TAG}|{_SIMPLE_END_TAG}|{_build_raw_text_elements('(?:[^<]|<!--(?:[^<-]|-[^<-])*-->)*')}"
    rf"|{_SIMPLE_CONDITIONAL_COMMENT}|{_SIMPLE_COMMENT}|{_SIMPLE_DECLARATION}|{_SIMPLE_LONE_LESS_THAN})*"
)
"""RE2 pattern of a simple document, in UTF-8. It only names ASCII characters."""

# Both cases are written out: with IGNORECASE, every alternative would be tried at every "<".
_LINK_TAG_START = re.compile(
    r"<[aAbBvV](?:(?<=[aA])(?:[rR][eE][aA])?|(?<=[bB])[aA][sS][eE]|(?<=[vV]):[a-zA-Z]++)(?=[\s/>])", re.ASCII
)


def find_tags_in_simple_html(html: str) -> Iterator[Tag]:
    """Find the tags of a document that `SIMPLE_HTML` matches."""
    scanned_end = comment_end = 0
    is_conditional = False
    for tag_start in _LINK_TAG_START.finditer(html):
        start, name_end = tag_start.span()
        comment = html.rfind("<!--", scanned_end, start)
        scanned_end = name_end
        if comment >= 0:
            comment_end = html.find("-->", comment)
            prefix = html[comment : comment + len(_CONDITIONAL_COMMENT_START)]
            is_conditional = prefix.lower() == _CONDITIONAL_COMMENT_START
        name = html[start + 1 : name_end].lower()
        if start >= comment_end:
            if name in _LINK_TAG_NAMES:
                yield Tag(name, name_end, html.find(">", name_end), len(html), is_conditional=False)
        elif is_conditional and name != "base":
            yield Tag(name, name_end, html.find(">", name_end), comment_end, is_conditional=True)


_CHARACTER_REFERENCE = re.compile(r"&(?:#[xX]0*+([0-9a-fA-F]*+)|#0*+([0-9]*+)|([A-Za-z0-9]++));?")
_MAX_DIGITS = 7
_REPLACEMENT_CHARACTER = "\ufffd"
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)

_WINDOWS_1252 = {
    code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", errors="ignore"))
}
"""Code points 128 to 159 are read as windows-1252 where it has a character (WHATWG HTML section 13.2.5.80)."""


def decode_attribute_value(value: str) -> str:
    """Decode the character references of an attribute value once, and replace NUL by U+FFFD.

    The rules for attributes (WHATWG HTML section 13.2.5.73): a named reference without semicolon is not decoded if a
    letter, a digit or ``=`` follows. So ``?a=1&copy=2`` keeps its ``&copy``, which `html.unescape` would decode.
    """
    if count := value.count("&"):
        has_only_ampersands = count == value.count("&amp;")  # most URLs: a plain replacement is much faster
        if has_only_ampersands:
            value = value.replace("&amp;", "&")
        else:
            value = _CHARACTER_REFERENCE.sub(_decode_reference, value)
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
    is_parameter = reference.string.startswith("=", reference.end())
    return reference[0] if is_parameter else html5.get(name, reference[0])


def _decode_numeric_reference(digits: str, base: int) -> str:
    if len(digits) > _MAX_DIGITS:
        return _REPLACEMENT_CHARACTER
    code = int(digits, base)
    if code > _MAX_CODE_POINT or code in _SURROGATES:
        return _REPLACEMENT_CHARACTER
    return _WINDOWS_1252.get(code) or chr(code)
