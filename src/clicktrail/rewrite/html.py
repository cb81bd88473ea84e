"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``."""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from clicktrail.model.link import Element
from clicktrail.rewrite import plain, tokenizer
from clicktrail.rewrite.candidate import Candidate, read_url
from clicktrail.rewrite.charrefs import decode
from clicktrail.rewrite.labels import content_end, describe
from clicktrail.rewrite.regions import Regions, find_regions
from clicktrail.rewrite.tokenizer import ATTRIBUTE, HREF, Tag

__all__ = ["find_links"]

_ABSOLUTE = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_KEPT = 2_000
"""Links that are remembered as they were read: a mailing's messages have most of theirs in common."""
_LONGEST_KEPT = 4_000
"""Characters of tag and content."""


def find_links(html: str) -> list[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document, and of VML in conditional comments."""
    regions = find_regions(html)
    find_tags = plain.find_tags if plain.is_plain(html) else tokenizer.find_tags
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
