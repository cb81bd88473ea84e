"""Find the links of a plain-text body, as mail programs link them.

A URL ends at white space, quotation marks and angle brackets, before an unbalanced bracket, and before the punctuation
of the sentence around it. Between angle brackets, all characters belong to the URL (RFC 3986 appendix C). A host ends
where no host name goes on, so that ``https://a.example,https://b.example`` is two links.

Every URL is found, also where it must not be tracked: in a quoted reply, a signature, a command or another URL
(`text_places`). So is one whose end programs see in different places, which would break the tracking URL.

In a flowed text (RFC 3676), a line that ends with a space continues in the next line. With ``DelSp=yes`` that space is
not part of the text, so that a URL may be broken anywhere. Without it, only a URL between angle brackets can be broken,
because white space does not count there. Quoted lines and the line before a signature do not flow.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import zip_longest

import msgspec

from clicktrail.merge_tags.finder import build_text_pattern
from clicktrail.model.link import Link
from clicktrail.rewrite.candidate import UNCLEAR_END, Candidate
from clicktrail.rewrite.text_places import TextPlaces, build_place_pattern
from clicktrail.rewrite.url import parse_url

# The first space of the next line is space-stuffing (RFC 3676 section 4.4), not text.
_SOFT_BREAK = re.compile(r"^>[^\n]*+ | (?P<soft> (?<!^--) [ ]\r?\n [ ]?+ (?!>|--\x20\r?$))", re.MULTILINE | re.VERBOSE)
_BRACKETED_URL = re.compile(r"<https?://[^\s<>]*+(?:[ ]\r?\n[ ]?+[^\s<>]*+)++>", re.IGNORECASE)

_CLOSING_QUOTES = r"\xbb\u2019\u201d\u203a"
_EAST_ASIAN_PUNCTUATION = r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
# Characters that end a URL. A path may have a dash (en dash), as titles of Wikipedia do, but no bullet.
_URL_TERMINATORS = (
    r"\s\x00-\x1f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # white space, controls, direction marks
    rf"<>\"`\xab\u2018-\u201f\u2039{_CLOSING_QUOTES}"  # angle brackets and quotation marks
    rf"\\\u2014\u2022\u2023\u25a0-\u25ff{_EAST_ASIAN_PUNCTUATION}"  # backslash, em dash, bullets
)
_BRACKETS = r"()\[\]{}"
_SENTENCE_PUNCTUATION = ".,;:!?'*…"
# Latin letters and invisible joiners. No top-level domain mixes Latin letters with those of another script.
_LATIN = r"\xaa\xb5\xba\xc0-\xd6\xd8-\xf6\xf8-\u02af\u0300-\u036f\u1e00-\u1eff\u200c\u200d\xad"
# Letters, marks and digits of other scripts, and emoji: the rest is punctuation and symbols, which no host has.
_NO_HOST_CHARACTER = (
    r"\x80-\xa9\xab-\xac\xae-\xb4\xb6\xb8\xb9\xbb-\xbf\xd7\xf7\u2000-\u200b\u2010-\u25ff\u2900-\u2bff\ufff0-\uffff"
)
_OTHER_SCRIPT = rf"[^{_URL_TERMINATORS}{_LATIN}{_NO_HOST_CHARACTER}\x00-\x7f]"


_NEXT_URL = r"(?ai:https?)://"
_IN_HOST = rf"[^{_URL_TERMINATORS}{_BRACKETS}./?\#:@]"
# A top-level domain that text follows, as in "https://x.com日本". Another dot would make it the middle of a host.
_DOMAIN_BEFORE_TEXT = rf"\.[A-Za-z]++(?={_OTHER_SCRIPT}{_IN_HOST}*+(?!\.{_IN_HOST}))"


# Alternatives: what `TextPlaces` reads; a bracketed URL with hard line breaks, whose end is unknown; a URL. A quoted
# word may be part of a path, unless the URL itself is quoted. Characters beyond ASCII before another URL are text
# between the two, in a script without spaces. So is a comma, semicolon or bar, unless a parameter lists URLs. A merge
# tag is part of the URL, with its spaces: a tracking URL before it would be broken when the tag is filled.
@cache
def _compile_token() -> re.Pattern[str]:
    merge_tag = build_text_pattern()
    in_brackets = rf"(?![0-9]++[\]}}])[^{_URL_TERMINATORS}{_BRACKETS}]*+"  # a number is a footnote
    bracketed_tag = rf"\[{in_brackets}\] | (?:\$!?+)?+ {{{in_brackets}}}"
    host = rf"""(?:
        [A-Za-z0-9_-]++
      | (?!{_DOMAIN_BEFORE_TEXT}) \.
      | [^{_URL_TERMINATORS}{_NO_HOST_CHARACTER}\x00-\x7f]++ (?! [{_SENTENCE_PUNCTUATION}(\[{{]*+ {_NEXT_URL} )
      | %[0-9A-Fa-f]{{2}}
      | {merge_tag} | {bracketed_tag}
    )*+"""
    return re.compile(
        rf"""
        [\n<hH] (?:  # the first character of each alternative, which a search finds fast
            (?<=\n) (?: {build_place_pattern()} )
          | (?<=<) (?P<wrapped> {_NEXT_URL}[^\s<>]*+ (?: [ \t]*+\r?\n[ \t]*+[^\s<>]++ )++ ) >
          | (?<=[hH]) (?: (?<![A-Za-z0-9+].) | (?<=%[0-9A-Fa-f]{{2}}.) ) (?P<quoted> (?<=".) )?+ (?ai:ttps?)://
            (?: [A-Za-z0-9._~!$&'*+;=:%-]*+@ )?+
            (?P<host> {host} )
            (?: {_DOMAIN_BEFORE_TEXT} (?P<text>)
              | (?: : (?: [0-9]++ | {merge_tag} | {bracketed_tag} )*+ )?+ (?: (?=[/?\#]) (?P<path>) (?:
                    [^{_URL_TERMINATORS}{_BRACKETS}\x80-\U0010ffff,;|='%]++
                  | {merge_tag}
                  | %
                  | = (?P<inner> (?ai:https?) (?: :// | %3a ) )?+
                  | [,;|]++ (?(inner) | (?! '?+ {_NEXT_URL} ) )
                  | ' (?! [,;|]++ '?+ {_NEXT_URL} )
                  | [^{_URL_TERMINATORS}\x00-\x7f]++ (?! [{_SENTENCE_PUNCTUATION}(\[{{]*+ {_NEXT_URL} )
                  | \( (?: [^{_URL_TERMINATORS}{_BRACKETS}]++ | \([^{_URL_TERMINATORS}{_BRACKETS}]*+\) )*+ \)
                  | \[[^{_URL_TERMINATORS}{_BRACKETS}]*+\]
                  | {{[^{_URL_TERMINATORS}{_BRACKETS}]*+}}
                  | "(?(quoted) (?!) | [\w-]++ )"
                )++ )?+
            )
        )
        """,
        re.MULTILINE | re.VERBOSE,
    )


_NON_ASCII_CHARACTER = re.compile(rf"[^{_URL_TERMINATORS}\x00-\x7f]")
_SCHEME_ONLY = re.compile(r"https?:/*+", re.IGNORECASE)
_POSSIBLE_HOST = re.compile(r"(?:[^.]++\.)*+[^.]*[^._]\.?")

# What may follow a URL without a path, which its tracking URL has: there, programs take more for a part of the path.
_URL_END = re.compile(
    rf"""
    [{_SENTENCE_PUNCTUATION}\u2013\u2014]*+
    (?: [\s\x00-\x1f<>"`)\]}}{_CLOSING_QUOTES}{_EAST_ASIAN_PUNCTUATION}] | \Z )
  | (?![{_NO_HOST_CHARACTER}]) [^\x00-\x7f]
    """,
    re.VERBOSE,
)
_SEPARATOR = re.compile(rf"[,;|]++(?={_NEXT_URL})")

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
    places = TextPlaces(joined.text)
    separator_end = -1
    for match in _compile_token().finditer(joined.text):
        if match["host"] is not None:
            start, url = match.start(), _cut_url(joined.text, match)
            is_clear = _is_clear(joined.text, match, start + len(url))
        elif match["wrapped"] is not None:
            start, url, is_clear = match.start("wrapped"), match["wrapped"], False
        else:
            places.enter(match)
            continue
        if _SCHEME_ONLY.fullmatch(url):
            continue
        end = start + len(url)
        # Programs disagree whether "https://a.example/x,https://b.example/y" is one URL.
        separator = _SEPARATOR.match(joined.text, end)
        is_separated = separator is not None or start == separator_end
        separator_end = separator.end() if separator and _has_path(match, end) else -1
        exclusion = places.exclude(start, end)
        if exclusion is None and (is_separated or not is_clear):
            exclusion = UNCLEAR_END
        original_start, original_end = joined.map_span_to_original(start, end)
        yield Candidate(start=original_start, end=original_end, href=url, url=url, exclusion=exclusion)


def _cut_url(text: str, match: re.Match[str]) -> str:
    """Return a URL without the characters at its end that belong to the text around it."""
    start, end = match.span()
    url = match[0]
    previous_character = text[max(start - 1, 0) : start]
    if previous_character == "<" and text.startswith(">", end):
        return url
    if match["path"] is not None:
        is_followed_by_text = bool(_NON_ASCII_CHARACTER.match(text, end))
        url = _strip_east_asian_text(url, match.end("host") - start, is_followed_by_text=is_followed_by_text)
    return _strip_sentence_punctuation(url, previous_character=previous_character)


def _is_clear(text: str, match: re.Match[str], end: int) -> bool:
    """Whether the host is possible, and all programs see the same end of the URL, also when it is a tracking URL."""
    has_path = _has_path(match, end)
    host = match["host"] if has_path else text[match.start("host") : min(match.end("host"), end)]
    if match["text"] is None and not _POSSIBLE_HOST.fullmatch(host):
        return False
    if text[max(match.start() - 1, 0)] == "<":
        return text.startswith(">", end)
    return has_path or _URL_END.match(text, end) is not None


def _has_path(match: re.Match[str], end: int) -> bool:
    return match["path"] is not None and end > match.start("path")


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


def _strip_east_asian_text(url: str, host_end: int, *, is_followed_by_text: bool) -> str:
    """Remove the sentence that continues right after a URL, as in Chinese and Japanese, if it is clearly not a path.

    ``is_followed_by_text``: non-ASCII text follows, so the non-ASCII characters at the end of the URL belong to it.
    """
    text = _NON_ASCII_CHARACTER.search(url, host_end) if is_followed_by_text else None
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
