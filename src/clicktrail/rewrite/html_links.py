"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from clicktrail.model.link import Element, Location
from clicktrail.rewrite import html_tokenizer
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, HREF, Tag, decode_attribute_value

__all__ = [
    "Regions",
    "classify_element_and_label",
    "find_content_end",
    "find_first_alternates",
    "find_links",
    "find_regions",
]

# FOLDED labels.py: Say what a link of an HTML body looks like and what it says: heuristics of
# docs/reference/links.md.

_MAX_CONTENT_CHARS = 2_000
"""Characters behind a tag in which its content is looked for: a button's markup has some hundred."""
_MAX_LABEL_CHARS = 100

_FLAGS = re.ASCII | re.IGNORECASE
_CONTENT_END = re.compile(r"</(?:a|v:[a-z]++)[\s>]|<a[\s>]", _FLAGS)
# What is never closed runs to the end.
_MARKUP = re.compile(r"<!--(?:[^-]++|-(?!->))*+(?:-->)?|<[^>]*+>?")
_IMG_ALT = re.compile(r"""<img\b[^>]*?\salt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", _FLAGS)
_IMG_TAG = re.compile(r"<img\b", _FLAGS)
_BUTTON_CLASS = re.compile(r"btn|button|\bcta\b", _FLAGS)
_INVISIBLE_CHARACTERS = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff"))


def find_content_end(html: str, at: int, limit: int) -> int:
    """Where the content of a link's element ends: at its end tag, at the next link, or where one looks no further.

    Args:
        html: the document.
        at: where the content begins.
        limit: where the document, or the conditional comment around it, ends.
    """
    stop = html.find("<", at, limit)
    if html.startswith(("</a", "</A"), stop):
        return stop
    last = min(limit, at + _MAX_CONTENT_CHARS)
    closing = _CONTENT_END.search(html, at, last)
    return closing.start() if closing else last


def classify_element_and_label(tag: str, attributes: Mapping[str, str], content: str) -> tuple[Element, str]:
    """What a link looks like, and its label.

    Args:
        tag: the link's tag name, lower case.
        attributes: of its tag, values as written.
        content: of its element.
    """
    if tag == "area":
        content = ""
    text = _normalize_text(_MARKUP.sub(" ", content) if "<" in content else content)
    image = "" if text or "<" not in content else content
    if tag == "area" or (image and _IMG_TAG.search(image)):
        element = Element.IMAGE
    else:
        element = Element.BUTTON if _is_button(tag, attributes) else Element.TEXT
    label = attributes.get("data-clicktrail-label") or ""
    return element, _normalize_text(label) or text or _extract_alt_text(attributes if tag == "area" else {}, image)


def _normalize_text(text: str) -> str:
    """Text with its references decoded, by the rules for text, white space collapsed; bounded."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = text.translate(_INVISIBLE_CHARACTERS)
    return " ".join(text.split())[:_MAX_LABEL_CHARS].rstrip()


def _extract_alt_text(attributes: Mapping[str, str], image: str) -> str:
    if "alt" in attributes:
        return _normalize_text(decode_attribute_value(attributes["alt"]))
    found = _IMG_ALT.search(image)
    return _normalize_text(found[1] or found[2] or found[3] or "") if found else ""


def _is_button(tag: str, attributes: Mapping[str, str]) -> bool:
    if tag.startswith("v:") or attributes.get("role") == "button":
        return True
    if "class" in attributes and _BUTTON_CLASS.search(attributes["class"]):
        return True
    style = attributes.get("style", "")
    return "background" in style and ("padding" in style or "inline-block" in style)


# FOLDED regions.py: Tell header, body and footer of an HTML document apart: heuristics of
# docs/reference/links.md.

_FLAGS = re.ASCII | re.IGNORECASE
_BODY_TAG = re.compile(r"<body[\s>]", _FLAGS)
_CONTENT_START = re.compile(r"<(?:h[1-6]|p)[\s>]|</header", _FLAGS)
_VIEW_ONLINE_LABEL = re.compile(r"\b(?:browser|online|webversion|web version)\b", _FLAGS)
# Words without the letter that may be a capital: `str.find` takes a tenth of the time of a pattern.
_HEADER_KEYWORDS = ("eader", "EADER", "avbar", "<nav", "<NAV")
_FOOTER_KEYWORDS = ("ooter", "OOTER")
_UNSUBSCRIBE_KEYWORD = "nsubscribe"
_HEADER_SIZE_DIVISOR = 4
_MAX_HEADER_CHARS = 8_000
# Hostile documents are nothing but marks.
_MAX_KEYWORD_MATCHES = 100
_MAX_TAG_CHARS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Where a document's header and footer are, in characters from its start.

    Attributes:
        header_tag_start: where the first tag stands that calls itself a header; `header_end` if none does.
        header_end: where the content begins; only the beginning of a document can be its header.
        footer_start: where the footer begins; the document's length if none was found.
    """

    header_tag_start: int
    header_end: int
    footer_start: int

    def locate(self, start: int, element: Element, label: str) -> Location:
        """Where a link stands.

        Args:
            start: where its span begins.
            element: what it looks like.
            label: what it says.
        """
        if start >= self.footer_start:
            return Location.FOOTER
        if start < self.header_end and (
            start > self.header_tag_start or element is Element.IMAGE or _VIEW_ONLINE_LABEL.search(label)
        ):
            return Location.HEADER
        return Location.BODY


def find_regions(html: str) -> Regions:
    """Look for the marks of a document's regions once."""
    opened = _BODY_TAG.search(html)
    start = opened.end() if opened else 0
    size = len(html) - start
    limit = start + min(size // _HEADER_SIZE_DIVISOR, _MAX_HEADER_CHARS)
    content = _CONTENT_START.search(html, start, limit)
    header_end = content.start() if content else limit
    half = start + size // 2
    footer = _find_first_tag(html, _FOOTER_KEYWORDS, half, len(html))
    if footer < 0 and (unsubscribe := html.find(_UNSUBSCRIBE_KEYWORD, half)) >= 0:
        footer = html.rfind("<a", half, unsubscribe)
    mark = _find_first_tag(html, _HEADER_KEYWORDS, start, header_end)
    return Regions(
        header_tag_start=mark if mark >= 0 else header_end,
        header_end=header_end,
        footer_start=footer if footer >= 0 else len(html),
    )


def _find_first_tag(html: str, marks: tuple[str, ...], start: int, end: int) -> int:
    """Where the first tag or comment begins that has the first of the marks which any has; -1 if none has."""
    return next((at for mark in marks if (at := _find_tag_with_keyword(html, mark, start, end)) >= 0), -1)


def _find_tag_with_keyword(html: str, mark: str, start: int, end: int) -> int:
    at = start
    for _ in range(_MAX_KEYWORD_MATCHES):
        at = html.find(mark, at, end)
        if at < 0:
            return -1
        # A mark that begins with "<" is itself the tag's beginning.
        opened = html.rfind("<", max(start, at - _MAX_TAG_CHARS), at + 1)
        if opened > html.rfind(">", max(start, at - _MAX_TAG_CHARS), at):
            return opened
        at += len(mark)
    return -1


_HTTP_URL_START = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_CACHE_SIZE = 2_000
"""Links that are remembered as they were read: a mailing's messages have most of theirs in common."""
_MAX_CACHED_CHARS = 4_000
"""Characters of tag and content."""


def find_links(html: str) -> list[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document, and of VML in conditional comments."""
    regions = find_regions(html)
    find_tags = (
        html_tokenizer.find_tags_in_simple_html if html_tokenizer.is_simple_html(html) else html_tokenizer.find_tags
    )
    bases: list[Candidate] = []
    links: list[Candidate] = []
    for tag in find_tags(html):
        attributes = html[tag.start : tag.end]
        content = html[tag.end + 1 : find_content_end(html, tag.end + 1, tag.container_end)]
        read = _parse_tag_cached if len(attributes) + len(content) <= _MAX_CACHED_CHARS else _parse_tag
        if known := read(tag.name, attributes, content):
            (bases if tag.name == "base" else links).append(_build_candidate(tag, known, regions))
    if not bases or not _HTTP_URL_START.match(bases[0].url):
        return links
    base = bases[0].url
    return [msgspec.structs.replace(link, url=resolve_href(link.href, base=base)) for link in links]


class _ParsedTag(msgspec.Struct, frozen=True):
    """What a tag and its content tell, wherever they stand; the href's span from where the attributes begin."""

    start: int
    end: int
    href: str
    url: str
    attributes: Mapping[str, str]
    element: Element
    label: str


def _parse_tag(name: str, text: str, content: str) -> _ParsedTag | None:
    """Read a tag's attributes and what is in its element; None if it has no href."""
    found = HREF.match(text)
    if found is None:
        return None
    # An href without a value has an empty one, behind its name.
    start, end = found.span(found.lastgroup) if found.lastgroup else (found.end(), found.end())
    # The first of a name counts: it is the last to be set.
    attributes = {
        name.lower(): double or single or bare for name, double, single, bare in reversed(ATTRIBUTE.findall(text))
    }
    element, label = classify_element_and_label(name, attributes, content)
    href = decode_attribute_value(text[start:end])
    return _ParsedTag(start, end, href, resolve_href(href), attributes, element, label)


_parse_tag_cached = lru_cache(_CACHE_SIZE)(_parse_tag)


def _build_candidate(tag: Tag, read: _ParsedTag, regions: Regions) -> Candidate:
    start = tag.start + read.start
    return Candidate(
        start=start,
        end=tag.start + read.end,
        href=read.href,
        url=read.url,
        attributes=read.attributes,
        tag_name=tag.name,
        is_conditional=tag.is_conditional,
        location=regions.locate(start, read.element, read.label),
        element=read.element,
        label=read.label,
    )


# FOLDED twins.py: Tell which links of an HTML body a reader sees as one: a button for Outlook, and the same for
# everybody else.

_MAX_ALTERNATE_DISTANCE_CHARS = 2_000
"""Characters between the two: a button in VML has some 600 behind its href."""


def find_first_alternates(candidates: Sequence[Candidate]) -> list[int]:
    """For each link the index of the first of its twins; its own if it has none.

    Twins follow each other with nothing but markup of one button between them, lead to the same place, and are shown to
    different programs: one is VML in a conditional comment, one another link in a conditional comment, one outside.
    """
    firsts: list[int] = []
    for index, candidate in enumerate(candidates):
        if _has_same_url_as_previous(candidates, index):
            shown = {_classify_alternate(twin) for twin in candidates[firsts[-1] : index]}
            if _classify_alternate(candidate) not in shown and not _has_closer_alternate(candidates, index, shown):
                firsts.append(firsts[-1])
                continue
        firsts.append(index)
    return firsts


def _classify_alternate(candidate: Candidate) -> str:
    if not candidate.is_conditional:
        return "outside"
    return "vml" if candidate.tag_name.startswith("v:") else "conditional"


def _has_same_url_as_previous(candidates: Sequence[Candidate], index: int) -> bool:
    """Whether a link follows one that leads to the same place."""
    if not 0 < index < len(candidates):
        return False
    before, here = candidates[index - 1], candidates[index]
    return before.url == here.url and here.start - before.end <= _MAX_ALTERNATE_DISTANCE_CHARS


def _has_closer_alternate(candidates: Sequence[Candidate], index: int, shown: set[str]) -> bool:
    """Whether a button for Outlook, behind a link for others, stands before such a link that is rather its twin."""
    return (
        shown == {"outside"}
        and _has_same_url_as_previous(candidates, index + 1)
        and not candidates[index + 1].is_conditional
    )
