"""Tell header, body and footer of an HTML document apart: heuristics of docs/reference/links.md."""

import re
from dataclasses import dataclass

from clicktrail.model.link import Element, Location

__all__ = ["Regions", "find_regions"]

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
