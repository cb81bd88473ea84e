"""Find the links of a plain-text body, as a reader sees them.

A URL ends at white space, quotation marks and angle brackets, before an unbalanced bracket, and before the punctuation
of the sentence around it. Between angle brackets, all characters belong to the URL (RFC 3986 appendix C).

Not searched are quoted replies (lines that start with ``>``), which others wrote, and the signature: everything after a
line of two hyphens and a space (RFC 3676 section 4.3).

In a flowed text (RFC 3676), a line that ends with a space continues in the next line. With ``DelSp=yes`` that space is
not part of the text, so that a URL may be broken anywhere. Without it, only a URL between angle brackets can be broken,
because white space does not count there. Quoted lines and the line before a signature do not flow.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

import msgspec

from clicktrail.model.link import Link
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.url import parse_url

# The first space of the next line is space-stuffing (RFC 3676 section 4.4), not text.
_SOFT_BREAK = re.compile(r"^>[^\n]*+ | (?P<soft> (?<!^--) [ ]\r?\n [ ]?+ (?!>|--\x20\r?$))", re.MULTILINE | re.VERBOSE)
_BRACKETED_URL = re.compile(r"<https?://[^\s<>]*+(?:[ ]\r?\n[ ]?+[^\s<>]*+)++>", re.IGNORECASE)

# Characters that end a URL.
_URL_TERMINATORS = (
    r"\s\x00-\x1f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # white space, controls, direction marks
    r"<>\"`\xab\xbb\u2018-\u201f\u2039\u203a\u2014"  # quotation marks, em dash
    r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # Chinese and Japanese punctuation
)
_BRACKETS = r"()\[\]{}"
_SENTENCE_PUNCTUATION = ".,;:!?'*…"
_EAST_ASIAN = r"\u1100-\u11ff\u3040-\u318f\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f"

# A merge tag is part of the URL, with its spaces. A tracking URL before it would be broken when the tag is filled.
_MERGE_TAG = r"\{\{\{?+[^{}\n]*+\}\}\}?+ | \{%[^%\n]*+%\} | <%[^<>%\n]*+%> | \[\[[^\[\]\n]*+\]\]"

# Alternatives: a quoted reply; the signature; a bracketed URL with hard line breaks, whose end is unknown, skipped;
# a URL. A quoted word may be part of a path, unless the URL itself is quoted. Characters beyond
# ASCII before another URL are text between the two, in a script without spaces.
_URL_OR_SKIPPED_TEXT = re.compile(
    rf"""
    ^[ \t]*+>[^\n]*+
  | ^--\x20\r?\n(?s:.*)
  | <(?ai:https?)://[^\s<>]*+ (?: [ \t]*+\r?\n[ \t]*+[^\s<>]++ )++ >
  | (?<![A-Za-z0-9+.-]) (?P<quoted> (?<=") )?+ (?P<url> (?ai:https?)://
        (?: [^{_URL_TERMINATORS}{_BRACKETS}\x80-\U0010ffff]++
          | [^{_URL_TERMINATORS}\x00-\x7f]++ (?! [{_SENTENCE_PUNCTUATION}(\[{{]*+ (?ai:https?):// )
          | {_MERGE_TAG}
          | \( (?: [^{_URL_TERMINATORS}{_BRACKETS}]++ | \([^{_URL_TERMINATORS}{_BRACKETS}]*+\) )*+ \)
          | \[[^{_URL_TERMINATORS}{_BRACKETS}]*+\]
          | {{[^{_URL_TERMINATORS}{_BRACKETS}]*+}}
          | "(?(quoted) (?!) | [\w-]++ )"
        )++ )
    """,
    re.MULTILINE | re.VERBOSE,
)
_NON_ASCII_CHARACTER = re.compile(rf"[^{_URL_TERMINATORS}\x00-\x7f]")
_SCHEME_AND_HOST = re.compile(r"https?://[^/?#]*+", re.IGNORECASE)
_SCHEME_ONLY = re.compile(r"https?:/*+", re.IGNORECASE)

# No top-level domain mixes Latin and East Asian letters, so the text starts at the first East Asian one.
_HOST_RUNNING_INTO_TEXT = re.compile(rf"(.*\.[a-z]++)[{_EAST_ASIAN}][^.]*+", re.IGNORECASE)

_DELIMITER_PAIRS = {"<": ">", "(": ")", '"': '"'}
_LABEL_SEPARATOR = re.compile(r"[<>()\[\]]{1,2}| <")  # between a URL and the label before it, which is a URL too


class Flow(StrEnum):
    """Line wrapping of a plain text."""

    FIXED = "fixed"
    """Every line break is part of the text."""

    FLOWED = "flowed"
    """A line that ends with a space continues in the next line."""

    DELSP = "delsp"
    """Flowed, and the space at the end of the line is not part of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfoldedText:
    """A text without soft line breaks.

    Attributes:
        break_offsets: offsets in the joined text where a soft line break was removed, ascending.
        removed_totals: number of characters removed up to each of these offsets.
    """

    text: str
    break_offsets: Sequence[int] = ()
    removed_totals: Sequence[int] = ()

    def map_span_to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a span to the original text, without soft line breaks at its ends. The span must not be empty."""
        return self._map_to_original(start), self._map_to_original(end - 1) + 1

    def _map_to_original(self, offset: int) -> int:
        break_count = bisect_right(self.break_offsets, offset)
        return offset + (self.removed_totals[break_count - 1] if break_count else 0)


def find_links(text: str, flow: Flow = Flow.FIXED) -> Iterator[Candidate]:
    """Find every http and https URL, in order. The href of a URL that is broken over flowed lines is the whole URL."""
    joined = join_flowed_lines(text, flow)
    for match in _URL_OR_SKIPPED_TEXT.finditer(joined.text):
        if match["url"] is None:
            continue
        start, end = match.span("url")
        previous_character = joined.text[max(start - 1, 0) : start]
        if previous_character == "<":
            if not joined.text.startswith(">", end):
                continue
            url = match["url"]
        else:
            is_followed_by_text = bool(_NON_ASCII_CHARACTER.match(joined.text, end))
            url = _strip_east_asian_text(match["url"], is_followed_by_text=is_followed_by_text)
            url = _strip_sentence_punctuation(url, previous_character=previous_character)
        if not _SCHEME_ONLY.fullmatch(url):
            original_start, original_end = joined.map_span_to_original(start, start + len(url))
            yield Candidate(start=original_start, end=original_end, href=url, url=url)


def add_destination_hosts(text: str, links: Sequence[Link]) -> tuple[Link, ...]:
    """Set the visible host of tracked links: ``https://links.example/abc (shop.example)``.

    In HTML, a link's text says where it leads. In plain text the reader sees only the tracking URL. The host follows
    the URL, or the angle brackets, parentheses or quotation marks that hold only the URL, so that Markdown stays valid.
    A link whose label is the same URL gets the host once; a URL in brackets with more text gets none.
    """
    updated_links = []
    for link, next_link in zip_longest(links, links[1:]):
        offset = _find_visible_host_offset(text, link)
        if not link.is_tracked or offset is None or _is_label_of_next(text, link, next_link):
            updated_links.append(link)
        else:
            host = parse_url(link.destination).hostname
            updated_links.append(msgspec.structs.replace(link, visible_host=host, visible_host_offset=offset))
    return tuple(updated_links)


def parse_flow(parameters: Mapping[str, str]) -> Flow:
    """Return the line wrapping that Content-Type parameters declare; names in lower case."""
    if parameters.get("format", "").lower() != "flowed":
        return Flow.FIXED
    return Flow.DELSP if parameters.get("delsp", "").lower() == "yes" else Flow.FLOWED


def join_flowed_lines(text: str, flow: Flow) -> UnfoldedText:
    """Remove the soft line breaks that can be inside a URL."""
    pieces: list[str] = []
    break_offsets: list[int] = []
    removed_totals: list[int] = []
    offset = joined_length = 0
    for start, end in _find_soft_breaks(text, flow):
        pieces.append(text[offset:start])
        joined_length += start - offset
        offset = end
        break_offsets.append(joined_length)
        removed_totals.append(end - joined_length)
    joined = "".join([*pieces, text[offset:]])
    return UnfoldedText(text=joined, break_offsets=break_offsets, removed_totals=removed_totals)


def _find_soft_breaks(text: str, flow: Flow) -> Iterator[tuple[int, int]]:
    spans = []
    if flow is Flow.DELSP:
        spans = [(0, len(text))]
    elif flow is Flow.FLOWED:
        spans = [url.span() for url in _BRACKETED_URL.finditer(text)]
    for start, end in spans:
        for match in _SOFT_BREAK.finditer(text, start, end):
            if match["soft"]:
                yield match.span("soft")


def _strip_east_asian_text(url: str, *, is_followed_by_text: bool) -> str:
    """Remove the sentence that continues right after a URL, as in Chinese and Japanese, if it is clearly not a path.

    ``is_followed_by_text``: non-ASCII text follows, so the non-ASCII characters at the end of the URL belong to it.
    """
    scheme_and_host = _SCHEME_AND_HOST.match(url)
    if scheme_and_host is None:
        return url
    if host_and_text := _HOST_RUNNING_INTO_TEXT.fullmatch(scheme_and_host[0]):
        return host_and_text[1]
    text = _NON_ASCII_CHARACTER.search(url, scheme_and_host.end()) if is_followed_by_text else None
    return url[: text.start()] if text else url


def _strip_sentence_punctuation(url: str, *, previous_character: str) -> str:
    """Remove punctuation and an English possessive ('s) from the end of a URL."""
    stripped = url.rstrip(_SENTENCE_PUNCTUATION)
    if previous_character != "'" and url.startswith("'", len(stripped)) and stripped.count("'") % 2:
        return stripped + "'"  # closes an apostrophe within the URL
    return stripped.removesuffix("'s")


def _find_visible_host_offset(text: str, link: Link) -> int | None:
    """Offset after the URL and its delimiters; None if the delimiters hold more than the URL."""
    before = text[max(link.start - 2, 0) : link.start]
    closing = _DELIMITER_PAIRS.get(before[-1:])
    if closing and text.startswith(closing, link.end):
        return link.end + 1
    return None if before.endswith(("<", "](")) else link.end


def _is_label_of_next(text: str, link: Link, next_link: Link | None) -> bool:
    # As in Markdown, [https://shop.example](https://shop.example), or in https://shop.example <https://shop.example>.
    return (
        next_link is not None
        and next_link.destination == link.destination
        and bool(_LABEL_SEPARATOR.fullmatch(text, link.end, next_link.start))
    )
