"""Find the links of a plain-text body, as a reader sees them.

A URL ends where whitespace, a quotation mark or an angle bracket stands, before a bracket that it does not balance, and
before the punctuation of the sentence around it. Between angle brackets all of it counts (RFC 3986 appendix C). Quoted
replies, lines that begin with ``>``, belong to somebody else's message and are left alone; so is the signature, all
behind a line of two hyphens and a space (RFC 3676 section 4.3).
"""

import re
from collections.abc import Iterator

from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.flowed import Flow, join

__all__ = ["find_links"]

# No URL goes on behind these.
_ENDING = (
    r"\s\x00-\x1f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # white space, controls, marks of direction
    r"<>\"`\xab\xbb\u2018-\u201f\u2039\u203a\u2014"  # quotation marks, em dash
    r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # punctuation of Chinese and Japanese
)
_BRACKETS = r"()\[\]{}"
_PUNCTUATION = ".,;:!?'*…"
_EAST_ASIAN = r"\u1100-\u11ff\u3040-\u318f\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f"

# Taken whole, spaces and all: a tracking URL in front of what a later program puts there would be broken.
_MERGE_TAG = r"\{\{\{?+[^{}\n]*+\}\}\}?+ | \{%[^%\n]*+%\} | <%[^<>%\n]*+%> | \[\[[^\[\]\n]*+\]\]"

# A URL in angle brackets that is broken over lines can be told whole by nobody; one within it is a part of it.
# A word in quotation marks may be part of a path, unless the URL itself is quoted. What is beyond ASCII and has another
# URL behind it is the text between the two, in a script without spaces.
_LINK = re.compile(
    rf"""
    ^[ \t]*+>[^\n]*+
  | ^--\x20\r?\n(?s:.*)
  | <(?ai:https?)://[^\s<>]*+ (?: [ \t]*+\r?\n[ \t]*+[^\s<>]++ )++ >
  | (?<![A-Za-z0-9+.-]) (?P<quoted> (?<=") )?+ (?P<url> (?ai:https?)://
        (?: [^{_ENDING}{_BRACKETS}\x80-\U0010ffff]++
          | [^{_ENDING}\x00-\x7f]++ (?! [{_PUNCTUATION}(\[{{]*+ (?ai:https?):// )
          | {_MERGE_TAG}
          | \( (?: [^{_ENDING}{_BRACKETS}]++ | \([^{_ENDING}{_BRACKETS}]*+\) )*+ \)
          | \[[^{_ENDING}{_BRACKETS}]*+\]
          | {{[^{_ENDING}{_BRACKETS}]*+}}
          | "(?(quoted) (?!) | [\w-]++ )"
        )++ )
    """,
    re.MULTILINE | re.VERBOSE,
)
_BEYOND_ASCII = re.compile(rf"[^{_ENDING}\x00-\x7f]")
_HOST = re.compile(r"https?://[^/?#]*+", re.IGNORECASE)
_SCHEME_ONLY = re.compile(r"https?:/*+", re.IGNORECASE)

# No top-level domain has letters of both kinds, so that the text begins between them.
_HOST_IN_TEXT = re.compile(rf"(.*\.[a-z]++)[{_EAST_ASIAN}][^.]*+", re.IGNORECASE)


def find_links(text: str, flow: Flow = Flow.FIXED) -> Iterator[Candidate]:
    """Every http and https URL, in the order of the text; one that is broken over flowed lines is whole in its href."""
    joined = join(text, flow)
    for found in _LINK.finditer(joined.text):
        if found["url"] is None:
            continue
        start, end = found.span("url")
        before = joined.text[max(start - 1, 0) : start]
        if before == "<":
            if not joined.text.startswith(">", end):
                continue
            url = found["url"]
        else:
            runs_on = bool(_BEYOND_ASCII.match(joined.text, end))
            url = _without_sentence(_without_text(found["url"], runs_on=runs_on), before=before)
        if not _SCHEME_ONLY.fullmatch(url):
            first, last = joined.span(start, start + len(url))
            yield Candidate(start=first, end=last, href=url, url=url)


def _without_text(url: str, *, runs_on: bool) -> str:
    """A URL without the text of a script that has no spaces, where that is told from it for sure."""
    host = _HOST.match(url)
    if host is None:
        return url
    if in_text := _HOST_IN_TEXT.fullmatch(host[0]):
        return in_text[1]
    text = _BEYOND_ASCII.search(url, host.end()) if runs_on else None
    return url[: text.start()] if text else url


def _without_sentence(url: str, *, before: str) -> str:
    """A URL without the punctuation around it, and without the s of an English genitive."""
    bare = url.rstrip(_PUNCTUATION)
    if before != "'" and url.startswith("'", len(bare)) and bare.count("'") % 2:
        return bare + "'"
    return bare.removesuffix("'s")
