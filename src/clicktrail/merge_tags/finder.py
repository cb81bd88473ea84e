"""Search URLs and values for merge tags."""

import re
from functools import cache

from clicktrail.merge_tags.table import load_table
from clicktrail.percent_encoding import unquote

_MAX_DECODINGS = 2
"""An editor encodes a URL once, and again within the query of another URL."""
_MAX_CHARS = 100_000
"""Characters that are searched, white space around a URL included. Much shorter URLs are too long to be tracked."""
_LONE = re.compile(r"\s*+(?:\{[^{}]*+\}|\[[^\[\]]*+\]|<[^<>]*+>)\s*+")
"""What is in brackets of any kind, and nothing else, is a merge tag in every dialect."""


def find_merge_tag(text: str) -> str:
    """Return the first merge tag of a URL or value, plain or percent-encoded, or its beginning; empty if none."""
    return search_all(text[:_MAX_CHARS])


def search_all(text: str) -> str:
    """Do what `find_merge_tag` does, in a text of any length."""
    pattern = _compile_pattern()
    for _ in range(_MAX_DECODINGS):
        if match := pattern.search(text) or _LONE.fullmatch(text):
            return match[0]
        decoded = unquote(text)
        if decoded == text:
            return ""
        text = decoded
    match = pattern.search(text)
    return match[0] if match else ""


@cache
def build_text_pattern() -> str:
    """Regular expression of whole merge tags with characters that end a URL or its host in plain text."""
    return "|".join(pattern for dialect in load_table().dialects for pattern in dialect.in_text)


@cache
def _compile_pattern() -> re.Pattern[str]:
    # Without groups around them, `re` knows the first characters of all patterns and skips all others.
    return re.compile("|".join(pattern for dialect in load_table().dialects for pattern in dialect.patterns))
