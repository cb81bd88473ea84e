"""Find the links of an HTML body: the values of ``<a href>`` and ``<area href>``, and of VML's ``<v:... href>``."""

import re

import msgspec

from clicktrail.rewrite import plain, tokenizer
from clicktrail.rewrite.candidate import Candidate, read_url
from clicktrail.rewrite.charrefs import decode
from clicktrail.rewrite.labels import describe
from clicktrail.rewrite.regions import Regions, find_regions
from clicktrail.rewrite.tokenizer import ATTRIBUTE, HREF, Tag

__all__ = ["find_links"]

_ABSOLUTE = re.compile(r"https?://", re.ASCII | re.IGNORECASE)


def find_links(html: str) -> list[Candidate]:
    """Every href of an ``a`` or ``area`` tag, in the order of the document, and of VML in conditional comments."""
    regions = find_regions(html)
    find_tags = plain.find_tags if plain.is_plain(html) else tokenizer.find_tags
    bases: list[Candidate] = []
    links: list[Candidate] = []
    for tag in find_tags(html):
        if href := HREF.match(html, tag.start, tag.end):
            found = bases if tag.name == "base" else links
            found.append(_candidate(html, tag, href, regions))
    if not bases or not _ABSOLUTE.match(bases[0].url):
        return links
    base = bases[0].url
    return [msgspec.structs.replace(link, url=read_url(link.href, base=base)) for link in links]


def _candidate(html: str, tag: Tag, href: re.Match[str], regions: Regions) -> Candidate:
    # An href without a value has an empty one, behind its name.
    first, last = href.span(href.lastgroup or 0) if href.lastgroup else (href.end(), href.end())
    found = ATTRIBUTE.findall(html, tag.start, tag.end)
    # The first of a name counts: it is the last to be set.
    attributes = {name.lower(): double or single or bare for name, double, single, bare in reversed(found)}
    text = decode(html[first:last])
    element, label = describe(html, tag.name, attributes, tag.end + 1, tag.limit)
    return Candidate(
        start=first,
        end=last,
        href=text,
        url=read_url(text),
        attributes=attributes,
        tag=tag.name,
        conditional=tag.conditional,
        location=regions.locate(first, element, label),
        element=element,
        label=label,
    )
