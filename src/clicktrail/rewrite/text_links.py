"""Find the links of a plain-text body, as a reader sees them.

A URL ends where whitespace, a quotation mark or an angle bracket stands, before a bracket that it does not balance, and
before the punctuation of the sentence around it. Between angle brackets all of it counts (RFC 3986 appendix C). Quoted
replies, lines that begin with ``>``, belong to somebody else's message and are left alone; so is the signature, all
behind a line of two hyphens and a space (RFC 3676 section 4.3).
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

__all__ = ["Flow", "UnfoldedText", "add_destination_hosts", "find_links", "join_flowed_lines", "parse_flow"]

# FOLDED flowed.py: Join the lines of a flowed plain text (RFC 3676) as far as URLs run over them.
#
# A line that ends with a space flows on into the next one. Where the sender's program wrote ``DelSp=yes``, that
# space was
# put in for the break and does not count, so that a URL may be broken anywhere. Without it a reader sees the
# space, and a
# URL is whole only between angle brackets, where white space does not count (RFC 3986 appendix C). Quoted lines
# and the
# line above a signature do not flow.

# The space in front of the next line is stuffed (RFC 3676 section 4.4) and not a part of it.
_SOFT_BREAK = re.compile(r"^>[^\n]*+ | (?P<soft> (?<!^--) [ ]\r?\n [ ]?+ (?!>|--\x20\r?$))", re.MULTILINE | re.VERBOSE)
_BRACKETED_URL = re.compile(r"<https?://[^\s<>]*+(?:[ ]\r?\n[ ]?+[^\s<>]*+)++>", re.IGNORECASE)


class Flow(StrEnum):
    """How the lines of a plain text hang together."""

    FIXED = "fixed"
    """Each stands for itself."""

    FLOWED = "flowed"
    """A space at the end of a line joins it with the next."""

    DELSP = "delsp"
    """The same, and the space is not part of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfoldedText:
    """A text without soft breaks.

    Attributes:
        text: its characters.
        break_offsets: behind each break: where the joined text goes on, from 0 and increasing.
        removed_totals: how many characters were removed up to there, one number for each.
    """

    text: str
    break_offsets: Sequence[int] = ()
    removed_totals: Sequence[int] = ()

    def map_span_to_original(self, start: int, end: int) -> tuple[int, int]:
        """Where a span that is not empty stands in the text with its breaks; none at its ends are in it."""
        return self._map_to_original(start), self._map_to_original(end - 1) + 1

    def _map_to_original(self, at: int) -> int:
        before = bisect_right(self.break_offsets, at)
        return at + (self.removed_totals[before - 1] if before else 0)


def parse_flow(parameters: Mapping[str, str]) -> Flow:
    """The flow that the parameters of a Content-Type declare; names in lower case."""
    if parameters.get("format", "").lower() != "flowed":
        return Flow.FIXED
    return Flow.DELSP if parameters.get("delsp", "").lower() == "yes" else Flow.FLOWED


def join_flowed_lines(text: str, flow: Flow) -> UnfoldedText:
    """Take the soft breaks out that may stand within a URL."""
    pieces: list[str] = []
    resumptions: list[int] = []
    removed: list[int] = []
    at = size = 0
    for start, end in _soft_breaks(text, flow):
        pieces.append(text[at:start])
        size += start - at
        at = end
        resumptions.append(size)
        removed.append(end - size)
    return UnfoldedText(text="".join([*pieces, text[at:]]), break_offsets=resumptions, removed_totals=removed)


def _soft_breaks(text: str, flow: Flow) -> Iterator[tuple[int, int]]:
    spans = []
    if flow is Flow.DELSP:
        spans = [(0, len(text))]
    elif flow is Flow.FLOWED:
        spans = [bracketed.span() for bracketed in _BRACKETED_URL.finditer(text)]
    for start, end in spans:
        for found in _SOFT_BREAK.finditer(text, start, end):
            if found["soft"]:
                yield found.span("soft")


# No URL goes on behind these.
_URL_TERMINATORS = (
    r"\s\x00-\x1f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # white space, controls, marks of direction
    r"<>\"`\xab\xbb\u2018-\u201f\u2039\u203a\u2014"  # quotation marks, em dash
    r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # punctuation of Chinese and Japanese
)
_BRACKETS = r"()\[\]{}"
_SENTENCE_PUNCTUATION = ".,;:!?'*…"
_EAST_ASIAN = r"\u1100-\u11ff\u3040-\u318f\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f"

# Taken whole, spaces and all: a tracking URL in front of what a later program puts there would be broken.
_MERGE_TAG = r"\{\{\{?+[^{}\n]*+\}\}\}?+ | \{%[^%\n]*+%\} | <%[^<>%\n]*+%> | \[\[[^\[\]\n]*+\]\]"

# A URL in angle brackets that is broken over lines can be told whole by nobody; one within it is a part of it.
# A word in quotation marks may be part of a path, unless the URL itself is quoted. What is beyond ASCII and has another
# URL behind it is the text between the two, in a script without spaces.
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

# No top-level domain has letters of both kinds, so that the text begins between them.
_HOST_RUNNING_INTO_TEXT = re.compile(rf"(.*\.[a-z]++)[{_EAST_ASIAN}][^.]*+", re.IGNORECASE)


def find_links(text: str, flow: Flow = Flow.FIXED) -> Iterator[Candidate]:
    """Every http and https URL, in the order of the text; one that is broken over flowed lines is whole in its href."""
    joined = join_flowed_lines(text, flow)
    for found in _URL_OR_SKIPPED_TEXT.finditer(joined.text):
        if found["url"] is None:
            continue
        start, end = found.span("url")
        before = joined.text[max(start - 1, 0) : start]
        if before == "<":
            if not joined.text.startswith(">", end):
                continue
            url = found["url"]
        else:
            runs_on = bool(_NON_ASCII_CHARACTER.match(joined.text, end))
            url = _strip_sentence_punctuation(_strip_following_text(found["url"], runs_on=runs_on), before=before)
        if not _SCHEME_ONLY.fullmatch(url):
            first, last = joined.map_span_to_original(start, start + len(url))
            yield Candidate(start=first, end=last, href=url, url=url)


def _strip_following_text(url: str, *, runs_on: bool) -> str:
    """A URL without the text of a script that has no spaces, where that is told from it for sure."""
    host = _SCHEME_AND_HOST.match(url)
    if host is None:
        return url
    if in_text := _HOST_RUNNING_INTO_TEXT.fullmatch(host[0]):
        return in_text[1]
    text = _NON_ASCII_CHARACTER.search(url, host.end()) if runs_on else None
    return url[: text.start()] if text else url


def _strip_sentence_punctuation(url: str, *, before: str) -> str:
    """A URL without the punctuation around it, and without the s of an English genitive."""
    bare = url.rstrip(_SENTENCE_PUNCTUATION)
    if before != "'" and url.startswith("'", len(bare)) and bare.count("'") % 2:
        return bare + "'"
    return bare.removesuffix("'s")


# FOLDED naming.py: Say beside the tracking URLs of a plain text where they lead: ``https://links.example/abc
# (shop.example)``.
#
# In HTML a link's text says that. In plain text a reader sees the tracking URL alone, which tells nothing of
# the page.

# Between these a URL stands by itself, so that the host comes behind the second.
_DELIMITER_PAIRS = {"<": ">", "(": ")", '"': '"'}
_LABEL_SEPARATOR = re.compile(r"[<>()\[\]]{1,2}| <")  # of a URL that is the label of the link behind it


def add_destination_hosts(text: str, links: Sequence[Link]) -> tuple[Link, ...]:
    """The links of a plain text, those tracked with the host of their destination and the place for it.

    It stands behind the URL, or behind the angle brackets, parentheses or quotation marks around it, where it cannot
    break Markdown. A URL whose label is the same URL is named once. One in brackets that hold more is not named.
    """
    named = []
    for link, after in zip_longest(links, links[1:]):
        at = _find_host_offset(text, link)
        if not link.is_tracked or at is None or _is_label(text, link, after):
            named.append(link)
        else:
            host = parse_url(link.destination).hostname
            named.append(msgspec.structs.replace(link, visible_host=host, visible_host_offset=at))
    return tuple(named)


def _find_host_offset(text: str, link: Link) -> int | None:
    before = text[max(link.start - 2, 0) : link.start]
    closing = _DELIMITER_PAIRS.get(before[-1:])
    if closing and text.startswith(closing, link.end):
        return link.end + 1
    return None if before.endswith(("<", "](")) else link.end


def _is_label(text: str, link: Link, after: Link | None) -> bool:
    return (
        after is not None
        and after.destination == link.destination
        and bool(_LABEL_SEPARATOR.fullmatch(text, link.end, after.start))
    )
