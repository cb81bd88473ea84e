"""Tell documents whose markup nobody can read in two ways: most, and their links are found in half of the time.

In such a document every ``<`` begins markup that the next ``>`` ends: no value of an attribute, no style sheet and no
title holds either of them. So whatever looks like the tag of a link is one, comments apart. The grammar is narrower
than it could be: a document that does not fit is read by `html` character by character, and yields the same links.

RE2 reads the whole of it in one pass, whose time depends on nothing but its length.
"""

import re
from collections.abc import Iterator

import re2  # type: ignore[import-untyped]  # google-re2 ships no types

from clicktrail.rewrite.tokenizer import Tag

__all__ = ["find_tags", "is_plain"]

_LINKED = ("a", "area", "base")
_CONDITION = "<!--[if"

_SPACE = r"[\t\n\f\r ]"
# Names of tags whose content is markup too. No scripts and no foreign content, and of raw text only what is below.
_NAME = (
    r"(?:[abcdefghjklmoqruvwyz][a-z0-9:]*|s(?:pan|trong|mall|ub|up|ection|trike|ource)?|t(?:able|body|d|foot|h|head|r|t"
    r"|ime)|i(?:mg|nput|ns)?|n(?:av|oscript|obr)|p(?:re|icture)?|xml)"
)
_WORD = r"[a-z0-9_:@.*]+(?:-[a-z0-9_:@.*]+)*"
_QUOTED = r"""(?:"[^"<>]*"|'[^'<>]*')"""
_BARE = r"[a-z0-9#%._:]+(?:-[a-z0-9#%._:]+)*"
_ATTRIBUTE = rf"{_WORD}(?:{_SPACE}*={_SPACE}*(?:{_QUOTED}|{_BARE}))?"
_AFTER_QUOTED = rf"{_WORD}{_SPACE}*={_SPACE}*{_QUOTED}"
_ATTRIBUTES = rf"(?:{_SPACE}+(?:{_AFTER_QUOTED})*{_ATTRIBUTE})*{_SPACE}*/?"
_START_TAG = rf"<{_NAME}{_ATTRIBUTES}>"
_END_TAG = rf"</[a-z][a-z0-9:]*{_SPACE}*>"


def _raw(content: str) -> str:
    return "|".join(rf"<{name}{_ATTRIBUTES}>{content}</{name}{_SPACE}*>" for name in ("style", "title"))


# Within a conditional comment nothing may end it but its own end: no "-->", and no ">" in its text.
_CONDITIONAL = (
    rf"<!--\[if[ (!][^\]<>]*\]>"
    rf"(?:(?:[^<>]|{_START_TAG}|{_END_TAG}|{_raw('[^<>]*')})*<!\[endif\]-->|<!--(?:{_SPACE}*--)?>)"
)
_COMMENT = r"<!--[^\[>-](?:[^-]|-[^-])*-->"
_DECLARATION = r"<(?:![^-<>][^<>]*|\?[^<>]*)>"
_LONE_LESS_THAN = r"<[^a-z/!?<]"

_options = re2.Options()
_options.encoding = re2.Options.Encoding.LATIN1  # bytes are characters: of UTF-8 only those of ASCII matter here
_options.never_capture = True
_PLAIN = re2.compile(
    (
        rf"(?is)(?:[^<]|{_START_TAG}|{_END_TAG}|{_raw('(?:[^<]|<!--(?:[^<-]|-[^<-])*-->)*')}"
        rf"|{_CONDITIONAL}|{_COMMENT}|{_DECLARATION}|{_LONE_LESS_THAN})*"
    ).encode(),
    _options,
)


def is_plain(html: str) -> bool:
    """Whether each ``<`` that a letter follows begins a tag, outside of comments, style sheets and titles."""
    return _PLAIN.fullmatch(html.encode("utf-8", "surrogatepass")) is not None


# Cases are spelled out: where they are ignored, each alternative is tried at every "<".
_MARK = re.compile(
    r"<[aAbBvV](?:(?<=[aA])(?:[rR][eE][aA])?|(?<=[bB])[aA][sS][eE]|(?<=[vV]):[a-zA-Z]++)(?=[\s/>])", re.ASCII
)


def find_tags(html: str) -> Iterator[Tag]:
    """What `tokenizer.find_tags` finds, in a plain document."""
    looked_at = comment_end = 0
    conditional = False
    for mark in _MARK.finditer(html):
        start, at = mark.span()
        comment = html.rfind("<!--", looked_at, start)
        looked_at = at
        if comment >= 0:
            comment_end = html.find("-->", comment)
            conditional = html[comment : comment + len(_CONDITION)].lower() == _CONDITION
        name = mark[0][1:].lower()
        if start >= comment_end:
            if name in _LINKED:
                yield Tag(name, at, html.find(">", at), len(html), conditional=False)
        elif conditional and name != "base":
            yield Tag(name, at, html.find(">", at), comment_end, conditional=True)
