"""Find the links of a plain-text body, as a reader sees them.

A URL ends where whitespace, a quotation mark or an angle bracket stands, before a bracket that it does not balance, and
before the punctuation of the sentence around it. Between angle brackets all of it counts (RFC 3986 appendix C). Quoted
replies, lines that begin with ``>``, belong to somebody else's message and are left alone; so is the signature, all
behind a line of two hyphens and a space (RFC 3676 section 4.3).
"""

import re
from collections.abc import Iterator

from clicktrail.rewrite.candidate import Candidate

__all__ = ["find_links"]

# No URL goes on behind these.
_ENDING = (
    r"\s\x00-\x1f\u200b\ufeff"  # white space, controls, zero-width space
    r"<>\"`\xab\xbb\u2018-\u201f\u2039\u203a"  # quotation marks
    r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # punctuation of Chinese and Japanese
)
_BRACKETS = r"()\[\]{}"
_PUNCTUATION = ".,;:!?'*…"

_LINK = re.compile(
    rf"""
    ^[ \t]*+>[^\n]*+
  | ^--\x20\r?\n(?s:.*)
  | (?<![a-z0-9+.-]) (?P<url> https?://
        (?: [^{_ENDING}{_BRACKETS}]++
          | \([^{_ENDING}{_BRACKETS}]*+\)
          | \[[^{_ENDING}{_BRACKETS}]*+\]
          | {{[^{_ENDING}{_BRACKETS}]*+}}
        )++ )
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_SCHEME_ONLY = re.compile(r"https?:/*+", re.IGNORECASE)


def find_links(text: str) -> Iterator[Candidate]:
    """Every http and https URL, in the order of the text."""
    for found in _LINK.finditer(text):
        if found["url"] is None:
            continue
        start, end = found.span("url")
        if text.startswith("<", start - 1):
            # A URL in angle brackets that goes on in the next line can be told whole by nobody.
            if not text.startswith(">", end):
                continue
        else:
            end = start + len(found["url"].rstrip(_PUNCTUATION))
        url = text[start:end]
        if not _SCHEME_ONLY.fullmatch(url):
            yield Candidate(start=start, end=end, href=url, url=url)
