"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from clicktrail.model.link import Element, Location
from clicktrail.rewrite import html_tokenizer
from clicktrail.rewrite.candidate import Candidate, read_url
from clicktrail.rewrite.html_tokenizer import ATTRIBUTE, HREF, Tag, decode

__all__ = ["Regions", "content_end", "describe", "find_links", "find_regions", "first_of_twins"]

# FOLDED labels.py: Say what a link of an HTML body looks like and what it says: heuristics of
# docs/reference/links.md.

_LOOKED_AT = 2_000
"""Characters behind a tag in which its content is looked for: a button's markup has some hundred."""
_LONGEST = 100

_FLAGS_labels = re.ASCII | re.IGNORECASE
_END = re.compile(r"</(?:a|v:[a-z]++)[\s>]|<a[\s>]", _FLAGS_labels)
# What is never closed runs to the end.
_MARKUP = re.compile(r"<!--(?:[^-]++|-(?!->))*+(?:-->)?|<[^>]*+>?")
_ALTERNATIVE = re.compile(r"""<img\b[^>]*?\salt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", _FLAGS_labels)
_IMAGE = re.compile(r"<img\b", _FLAGS_labels)
_BUTTON_CLASS = re.compile(r"btn|button|\bcta\b", _FLAGS_labels)
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff"))


def content_end(html: str, at: int, limit: int) -> int:
    """Where the content of a link's element ends: at its end tag, at the next link, or where one looks no further.

    Args:
        html: the document.
        at: where the content begins.
        limit: where the document, or the conditional comment around it, ends.
    """
    stop = html.find("<", at, limit)
    if html.startswith(("</a", "</A"), stop):
        return stop
    last = min(limit, at + _LOOKED_AT)
    closing = _END.search(html, at, last)
    return closing.start() if closing else last


def describe(tag: str, attributes: Mapping[str, str], content: str) -> tuple[Element, str]:
    """What a link looks like, and its label.

    Args:
        tag: the link's tag name, lower case.
        attributes: of its tag, values as written.
        content: of its element.
    """
    if tag == "area":
        content = ""
    text = _plain(_MARKUP.sub(" ", content) if "<" in content else content)
    image = "" if text or "<" not in content else content
    if tag == "area" or (image and _IMAGE.search(image)):
        element = Element.IMAGE
    else:
        element = Element.BUTTON if _is_button(tag, attributes) else Element.TEXT
    label = attributes.get("data-clicktrail-label") or ""
    return element, _plain(label) or text or _alternative(attributes if tag == "area" else {}, image)


def _plain(text: str) -> str:
    """Text with its references decoded, by the rules for text, white space collapsed; bounded."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    return " ".join(text.split())[:_LONGEST].rstrip()


def _alternative(attributes: Mapping[str, str], image: str) -> str:
    if "alt" in attributes:
        return _plain(decode(attributes["alt"]))
    found = _ALTERNATIVE.search(image)
    return _plain(found[1] or found[2] or found[3] or "") if found else ""


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
_BODY = re.compile(r"<body[\s>]", _FLAGS)
_CONTENT = re.compile(r"<(?:h[1-6]|p)[\s>]|</header", _FLAGS)
_ONLINE = re.compile(r"\b(?:browser|online|webversion|web version)\b", _FLAGS)
# Words without the letter that may be a capital: `str.find` takes a tenth of the time of a pattern.
_HEADER_MARKS = ("eader", "EADER", "avbar", "<nav", "<NAV")
_FOOTER_MARKS = ("ooter", "OOTER")
_UNSUBSCRIBE_MARK = "nsubscribe"
_HEADER_SHARE = 4
_LONGEST_HEADER = 8_000
# Hostile documents are nothing but marks.
_MOST_MARKS = 100
_LONGEST_TAG = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Where a document's header and footer are, in characters from its start.

    Attributes:
        mark: where the first tag stands that calls itself a header; `header_end` if none does.
        header_end: where the content begins; only the beginning of a document can be its header.
        footer_start: where the footer begins; the document's length if none was found.
    """

    mark: int
    header_end: int
    footer_start: int

    def locate(self, at: int, element: Element, label: str) -> Location:
        """Where a link stands.

        Args:
            at: where its span begins.
            element: what it looks like.
            label: what it says.
        """
        if at >= self.footer_start:
            return Location.FOOTER
        if at < self.header_end and (at > self.mark or element is Element.IMAGE or _ONLINE.search(label)):
            return Location.HEADER
        return Location.BODY


def find_regions(html: str) -> Regions:
    """Look for the marks of a document's regions once."""
    opened = _BODY.search(html)
    start = opened.end() if opened else 0
    size = len(html) - start
    limit = start + min(size // _HEADER_SHARE, _LONGEST_HEADER)
    content = _CONTENT.search(html, start, limit)
    header_end = content.start() if content else limit
    half = start + size // 2
    footer = _first_tag(html, _FOOTER_MARKS, half, len(html))
    if footer < 0 and (unsubscribe := html.find(_UNSUBSCRIBE_MARK, half)) >= 0:
        footer = html.rfind("<a", half, unsubscribe)
    mark = _first_tag(html, _HEADER_MARKS, start, header_end)
    return Regions(
        mark=mark if mark >= 0 else header_end,
        header_end=header_end,
        footer_start=footer if footer >= 0 else len(html),
    )


def _first_tag(html: str, marks: tuple[str, ...], start: int, end: int) -> int:
    """Where the first tag or comment begins that has the first of the marks which any has; -1 if none has."""
    return next((at for mark in marks if (at := _tag_with(html, mark, start, end)) >= 0), -1)


def _tag_with(html: str, mark: str, start: int, end: int) -> int:
    at = start
    for _ in range(_MOST_MARKS):
        at = html.find(mark, at, end)
        if at < 0:
            return -1
        # A mark that begins with "<" is itself the tag's beginning.
        opened = html.rfind("<", max(start, at - _LONGEST_TAG), at + 1)
        if opened > html.rfind(">", max(start, at - _LONGEST_TAG), at):
            return opened
        at += len(mark)
    return -1


_ABSOLUTE = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_KEPT = 2_000
"""Links that are remembered as they were read: a mailing's messages have most of theirs in common."""
_LONGEST_KEPT = 4_000
"""Characters of tag and content."""


def find_links(html: str) -> list[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document, and of VML in conditional comments."""
    regions = find_regions(html)
    find_tags = html_tokenizer.find_tags_fast if html_tokenizer.is_plain(html) else html_tokenizer.find_tags
    bases: list[Candidate] = []
    links: list[Candidate] = []
    for tag in find_tags(html):
        attributes = html[tag.start : tag.end]
        content = html[tag.end + 1 : content_end(html, tag.end + 1, tag.limit)]
        read = _read_again if len(attributes) + len(content) <= _LONGEST_KEPT else _read
        if known := read(tag.name, attributes, content):
            (bases if tag.name == "base" else links).append(_candidate(tag, known, regions))
    if not bases or not _ABSOLUTE.match(bases[0].url):
        return links
    base = bases[0].url
    return [msgspec.structs.replace(link, url=read_url(link.href, base=base)) for link in links]


class _Read(msgspec.Struct, frozen=True):
    """What a tag and its content tell, wherever they stand; the href's span from where the attributes begin."""

    start: int
    end: int
    href: str
    url: str
    attributes: Mapping[str, str]
    element: Element
    label: str


def _read(name: str, text: str, content: str) -> _Read | None:
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
    element, label = describe(name, attributes, content)
    href = decode(text[start:end])
    return _Read(start, end, href, read_url(href), attributes, element, label)


_read_again = lru_cache(_KEPT)(_read)


def _candidate(tag: Tag, read: _Read, regions: Regions) -> Candidate:
    start = tag.start + read.start
    return Candidate(
        start=start,
        end=tag.start + read.end,
        href=read.href,
        url=read.url,
        attributes=read.attributes,
        tag=tag.name,
        conditional=tag.conditional,
        location=regions.locate(start, read.element, read.label),
        element=read.element,
        label=read.label,
    )


# FOLDED twins.py: Tell which links of an HTML body a reader sees as one: a button for Outlook, and the same for
# everybody else.

_FARTHEST = 2_000
"""Characters between the two: a button in VML has some 600 behind its href."""


def first_of_twins(candidates: Sequence[Candidate]) -> list[int]:
    """For each link the index of the first of its twins; its own if it has none.

    Twins follow each other with nothing but markup of one button between them, lead to the same place, and are shown to
    different programs: one is VML in a conditional comment, one another link in a conditional comment, one outside.
    """
    firsts: list[int] = []
    for index, candidate in enumerate(candidates):
        if _is_next(candidates, index):
            shown = {_kind(twin) for twin in candidates[firsts[-1] : index]}
            if _kind(candidate) not in shown and not _has_own_twin(candidates, index, shown):
                firsts.append(firsts[-1])
                continue
        firsts.append(index)
    return firsts


def _kind(candidate: Candidate) -> str:
    if not candidate.conditional:
        return "outside"
    return "vml" if candidate.tag.startswith("v:") else "conditional"


def _is_next(candidates: Sequence[Candidate], index: int) -> bool:
    """Whether a link follows one that leads to the same place."""
    if not 0 < index < len(candidates):
        return False
    before, here = candidates[index - 1], candidates[index]
    return before.url == here.url and here.start - before.end <= _FARTHEST


def _has_own_twin(candidates: Sequence[Candidate], index: int, shown: set[str]) -> bool:
    """Whether a button for Outlook, behind a link for others, stands before such a link that is rather its twin."""
    return shown == {"outside"} and _is_next(candidates, index + 1) and not candidates[index + 1].conditional
