"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``.

Each link also gets its location (header, body, footer), its element (button, image, text) and its label. These are
heuristics; docs/reference/links.md describes them.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import msgspec

from clicktrail.errors import TooManyLinksError
from clicktrail.model.link import Element, Location
from clicktrail.rewrite.candidate import MAX_LINKS, MAX_URL_BYTES, TOO_MANY_LINKS, Candidate, resolve_href
from clicktrail.rewrite.html_places import Place, examine_html, find_places
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, HREF, Tag, decode_attribute_value, find_tags

_MAX_CONTENT_CHARS = 2_000
"""Characters after a tag that are searched for its content. The markup of a button has a few hundred."""
_MAX_LABEL_CHARS = 100

_FLAGS = re.ASCII | re.IGNORECASE
_CONTENT_END = re.compile(r"</(?:a|v:[a-z]++)[\s>]|<a[\s>]", _FLAGS)
# An unclosed comment or tag runs to the end.
_MARKUP = re.compile(r"<!--(?:[^-]++|-(?!->))*+(?:-->)?|<[^>]*+>?")
_IMG_TAG = re.compile(r"<img\b[^>]*+", _FLAGS)
_ALT = re.compile(r"\salt\s*+=\s*+", _FLAGS)
_ALT_VALUE = re.compile(r""""([^"]*+)"|'([^']*+)'|([^\s>"']++)""")
# `html.unescape` raises if a reference has thousands of digits.
_LEADING_ZEROS = re.compile(r"&#0++(?=[0-9])")
_LONG_REFERENCE = re.compile(r"&#[0-9]{8,}+;?")  # of no character
_BUTTON_CLASS = re.compile(r"btn|button|\bcta\b", _FLAGS)
_LABEL_TRANSLATION: Mapping[int, int | None] = {
    **dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff")),  # invisible
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),  # lone surrogates, which no URL can hold
}

_BODY_TAG = re.compile(r"<body[\s>]", _FLAGS)
_CONTENT_START = re.compile(r"<(?:h[1-6]|p)[\s>]|</header", _FLAGS)
_VIEW_ONLINE_LABEL = re.compile(r"\b(?:browser|online|webversion|web version)\b", _FLAGS)
# Without the first letter, which may be a capital: `str.find` takes a tenth of the time of a regular expression.
_HEADER_KEYWORDS = ("eader", "EADER", "avbar", "<nav", "<NAV")
_FOOTER_KEYWORDS = ("ooter", "OOTER")
_UNSUBSCRIBE_KEYWORD = "nsubscribe"
_HEADER_SIZE_DIVISOR = 4
_MAX_HEADER_CHARS = 8_000
# Bounds the search in hostile documents.
_MAX_KEYWORD_MATCHES = 100
_MAX_TAG_CHARS = 1_000

_HTTP_URL_START = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_MAX_ATTRIBUTES = 1_000
"""A tag with more is not read as a link."""
_CACHE_SIZE = 2_000
"""Entries of each cache. The links of a message, and the messages of one mailing, share most attributes and markup."""
_MAX_CACHED_CHARS = 4_000
"""Characters of a cached text."""

_MAX_ALTERNATE_DISTANCE_CHARS = 2_000
"""Characters between two alternates. A VML button has about 600 after its href."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Regions:
    """Offsets of the header and footer of a document.

    Attributes:
        header_tag_start: first tag whose name or attributes say "header" or "nav"; `header_end` if there is none.
        header_end: start of the content.
        footer_start: start of the footer; length of the document if there is none.
    """

    header_tag_start: int
    header_end: int
    footer_start: int

    def locate(self, start: int, element: Element, label: str) -> Location:
        if self.header_end <= start < self.footer_start:
            return Location.BODY
        if start >= self.footer_start:
            return Location.FOOTER
        is_in_header = start > self.header_tag_start or element is Element.IMAGE or _VIEW_ONLINE_LABEL.search(label)
        return Location.HEADER if is_in_header else Location.BODY


def find_links(html: str, *, limit: int = MAX_LINKS) -> list[Candidate]:
    """Find every href of an ``a`` or ``area`` tag, and of VML tags in conditional comments, in order.

    Raises:
        TooManyLinksError: there are more such tags than ``limit``.
    """
    shape = examine_html(html)
    regions = _find_regions(html)
    bases: list[Candidate] = []
    links: list[Candidate] = []
    for tag_count, tag in enumerate(find_tags(html, is_simple=shape.is_simple), start=1):
        if tag_count > limit:
            raise TooManyLinksError(TOO_MANY_LINKS)
        if candidate := _read_candidate(html, tag, regions):
            (bases if tag.name == "base" else links).append(candidate)
    if links and shape.may_have_places:
        links = list(_exclude_by_place(links, find_places(html)))
    base = bases[0].url if bases else ""
    # Every relative link would become as long as the base URL.
    if not _HTTP_URL_START.match(base) or len(base) > MAX_URL_BYTES:
        return links
    return [msgspec.structs.replace(link, url=resolve_href(link.href, base=base)) for link in links]


def _exclude_by_place(links: Iterable[Candidate], places: Iterator[Place]) -> Iterator[Candidate]:
    """Set the exclusion of links in places; both are in order."""
    place = next(places, None)
    for link in links:
        while place and place.end <= link.start:
            place = next(places, None)
        is_inside = place and place.start <= link.start
        yield msgspec.structs.replace(link, exclusion=place.exclusion) if place and is_inside else link


def find_first_alternates(candidates: Sequence[Candidate]) -> list[int]:
    """Return for each link the index of its first alternate, or its own index.

    Alternates are one button for different mail programs: VML in a conditional comment, another link in a conditional
    comment, or a link outside. They have the same URL and follow each other with only a button's markup between them.
    """
    first_alternates: list[int] = []
    for index, candidate in enumerate(candidates):
        if _has_same_url_as_previous(candidates, index):
            kinds = {_classify_alternate(alternate) for alternate in candidates[first_alternates[-1] : index]}
            if _classify_alternate(candidate) not in kinds and not _has_closer_alternate(candidates, index, kinds):
                first_alternates.append(first_alternates[-1])
                continue
        first_alternates.append(index)
    return first_alternates


def _classify_alternate(candidate: Candidate) -> str:
    if not candidate.is_conditional:
        return "outside"
    return "vml" if candidate.tag_name.startswith("v:") else "conditional"


def _has_same_url_as_previous(candidates: Sequence[Candidate], index: int) -> bool:
    if not 0 < index < len(candidates):
        return False
    previous, candidate = candidates[index - 1], candidates[index]
    is_same_link = (previous.url, previous.is_trap) == (candidate.url, candidate.is_trap)
    return is_same_link and candidate.start - previous.end <= _MAX_ALTERNATE_DISTANCE_CHARS


def _has_closer_alternate(candidates: Sequence[Candidate], index: int, previous_kinds: set[str]) -> bool:
    """Whether an Outlook button between two links for other programs belongs to the second of them."""
    return (
        previous_kinds == {"outside"}
        and _has_same_url_as_previous(candidates, index + 1)
        and not candidates[index + 1].is_conditional
    )


def _read_candidate(html: str, tag: Tag, regions: _Regions) -> Candidate | None:
    href_match = HREF.match(html, tag.start, tag.end)
    if href_match is None:
        return None
    if href_match.lastgroup:
        start, end = href_match.span(href_match.lastgroup)
        text = f"{html[tag.start : start]}{_ANY_HREF}{html[end : tag.end]}"
    else:  # an href without value is an empty href, at the end of its name
        start = end = href_match.end()
        text = html[tag.start : tag.end]
    parse = _parse_attributes_cached if len(text) <= _MAX_CACHED_CHARS else _parse_attributes
    attributes = parse(tag.name, text)
    if attributes is None:
        return None
    element, label = _classify_element_and_label(html, tag, attributes)
    href = decode_attribute_value(html[start:end])
    return Candidate(
        start=start,
        end=end,
        href=href,
        url=resolve_href(href),
        attributes=attributes.values,
        tag_name=tag.name,
        is_conditional=tag.is_conditional,
        location=regions.locate(start, element, label),
        element=element,
        label=label,
        is_trap=attributes.is_trap,
    )


class _Attributes(msgspec.Struct, frozen=True, gc=False):
    """The attributes of a tag without its href.

    Attributes:
        values: values as written, by name in lower case.
        element: element of the tag, unless its content is an image.
        label: ``data-clicktrail-label``.
    """

    values: Mapping[str, str]
    element: Element
    label: str
    is_trap: bool


_ANY_HREF = "x"
"""Placeholder of the href in the text of the attributes. Tags that differ only in their href are parsed once."""


def _parse_attributes(tag_name: str, text: str) -> _Attributes | None:
    if _has_too_many_attributes(text):
        return None
    # Of several attributes with one name the first counts. In reverse, it is the last to be set.
    values = {
        name.lower(): double or single or unquoted
        for name, double, single, unquoted in reversed(ATTRIBUTE.findall(text))
    }
    values.pop("href", None)
    return _Attributes(
        values=values,
        element=_classify_element(tag_name, values),
        label=_normalize_text(values.get("data-clicktrail-label") or ""),
        is_trap=values.get("data-clicktrail", "").strip().lower() == "trap",
    )


def _has_too_many_attributes(text: str) -> bool:
    if len(text) <= _MAX_ATTRIBUTES:  # each has at least one character
        return False
    return any(True for _ in islice(ATTRIBUTE.finditer(text), _MAX_ATTRIBUTES, None))


_parse_attributes_cached = lru_cache(_CACHE_SIZE)(_parse_attributes)


def _classify_element_and_label(html: str, tag: Tag, attributes: _Attributes) -> tuple[Element, str]:
    if tag.name == "area":
        alt = attributes.values.get("alt", "")
        return Element.IMAGE, attributes.label or _normalize_text(decode_attribute_value(alt))
    start = tag.end + 1
    next_tag = html.find("<", start, tag.container_end)
    if html.startswith(("</a", "</A"), next_tag):
        return attributes.element, attributes.label or _normalize_text(html[start:next_tag])
    content = html[start : _find_content_end(html, start, tag.container_end)]
    read = _read_markup_cached if len(content) <= _MAX_CACHED_CHARS else _read_markup
    is_image, label = read(content)
    return Element.IMAGE if is_image else attributes.element, attributes.label or label


def _find_content_end(html: str, start: int, limit: int) -> int:
    """Return where the content of a link ends: at its end tag, at the next link, or at the limit."""
    search_end = min(limit, start + _MAX_CONTENT_CHARS)
    content_end = _CONTENT_END.search(html, start, search_end)
    return content_end.start() if content_end else search_end


def _read_markup(content: str) -> tuple[bool, str]:
    """Return whether the content of a link is an image, and its text; of an image, the alternative text."""
    text = _normalize_text(_MARKUP.sub(" ", content) if "<" in content else content)
    if text:
        return False, text
    return _IMG_TAG.search(content) is not None, _extract_alt_text(content)


_read_markup_cached = lru_cache(_CACHE_SIZE)(_read_markup)


def _normalize_text(text: str) -> str:
    """Decode character references by the rules for text, collapse white space, and cut to the maximum length."""
    if "&" in text:
        text = html.unescape(_LONG_REFERENCE.sub("\ufffd", _LEADING_ZEROS.sub("&#", text)))
    if not text.isascii():
        text = text.translate(_LABEL_TRANSLATION)
    collapsed = " ".join(text.split())
    return collapsed if len(collapsed) <= _MAX_LABEL_CHARS else collapsed[:_MAX_LABEL_CHARS].rstrip()


def _extract_alt_text(markup: str) -> str:
    for tag in _IMG_TAG.finditer(markup):
        alt = _ALT.search(markup, *tag.span())
        if alt and (value := _ALT_VALUE.match(markup, alt.end())):
            return _normalize_text(value[1] or value[2] or value[3] or "")
    return ""


def _classify_element(tag_name: str, attributes: Mapping[str, str]) -> Element:
    if tag_name.startswith("v:") or attributes.get("role") == "button":
        return Element.BUTTON
    if "class" in attributes and _BUTTON_CLASS.search(attributes["class"]):
        return Element.BUTTON
    style = attributes.get("style", "")
    is_button_style = "background" in style and ("padding" in style or "inline-block" in style)
    return Element.BUTTON if is_button_style else Element.TEXT


def _find_regions(html: str) -> _Regions:
    body_tag = _BODY_TAG.search(html)
    start = body_tag.end() if body_tag else 0
    size = len(html) - start
    limit = start + min(size // _HEADER_SIZE_DIVISOR, _MAX_HEADER_CHARS)
    content_start = _CONTENT_START.search(html, start, limit)
    header_end = content_start.start() if content_start else limit
    middle = start + size // 2
    footer_start = _find_tag_with_any_keyword(html, _FOOTER_KEYWORDS, middle, len(html))
    if footer_start < 0 and html.rfind(_UNSUBSCRIBE_KEYWORD, middle) >= 0:
        footer_start = html.rfind("<a", middle, html.find(_UNSUBSCRIBE_KEYWORD, middle))
    header_tag_start = _find_tag_with_any_keyword(html, _HEADER_KEYWORDS, start, header_end)
    return _Regions(
        header_tag_start=header_tag_start if header_tag_start >= 0 else header_end,
        header_end=header_end,
        footer_start=footer_start if footer_start >= 0 else len(html),
    )


def _find_tag_with_any_keyword(html: str, keywords: tuple[str, ...], start: int, end: int) -> int:
    """Return the offset of the first tag or comment with a keyword, trying one keyword after the other; else -1."""
    for keyword in keywords:
        tag_start = _find_tag_with_keyword(html, keyword, start, end)
        if tag_start >= 0:
            return tag_start
    return -1


def _find_tag_with_keyword(html: str, keyword: str, start: int, end: int) -> int:
    if html.rfind(keyword, start, end) < 0:  # in CPython three times as fast as `str.find`
        return -1
    offset = start
    for _ in range(_MAX_KEYWORD_MATCHES):
        offset = html.find(keyword, offset, end)
        if offset < 0:
            return -1
        search_start = max(start, offset - _MAX_TAG_CHARS)
        tag_start = html.rfind("<", search_start, offset + 1)  # + 1: the keyword itself may start with "<"
        if tag_start > html.rfind(">", search_start, offset):
            return tag_start
        offset += len(keyword)
    return -1
