"""Name links without what differs for each recipient, and recognise those that unsubscribe."""

import re
from functools import lru_cache
from typing import Final

from clicktrail.percent_encoding import unquote
from clicktrail.phrases import split_words
from clicktrail.report.link_totals import LinkName
from clicktrail.rewrite.link_texts import compile_link_texts

_MAX_CHARS: Final = 1_000
"""Characters of a URL that are read."""
_MAX_SHOWN_CHARS: Final = 200
_PERSONAL: Final = re.compile(
    r"""
      @ | %40                                                            # an email address
    | (?<![0-9A-Za-z]) (?=[A-Za-z]{0,15}[0-9]) [0-9A-Za-z]{16,}          # a token
    | (?<![0-9A-Fa-f]) [0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-     # a UUID
    """,
    re.VERBOSE,
)
"""What a path segment contains that differs for each recipient."""
_WORD_WITH_DIGITS: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]*+[0-9][A-Za-z0-9]*+")
"""A word of a query that differs between recipients. No word about unsubscribing has digits."""


def name_link(url: str) -> LinkName:
    """Name a link by its address without query and fragment; personal segments of its path become ``…``."""
    address, _, query = url[:_MAX_CHARS].partition("#")[0].partition("?")
    name = _shorten(address)
    is_unsubscribe = _is_unsubscribe(name) or (query != "" and _is_unsubscribe(_WORD_WITH_DIGITS.sub("0", query)))
    return LinkName(name, is_unsubscribe)


@lru_cache(maxsize=8_192)
def _shorten(address: str) -> str:
    scheme, separator, rest = address.partition("://")
    segments = (rest if separator else scheme).split("/")
    name = "/".join("…" if _PERSONAL.search(segment) else segment for segment in segments)
    return name if len(name) <= _MAX_SHOWN_CHARS else f"{name[:_MAX_SHOWN_CHARS]}…"


@lru_cache(maxsize=8_192)
def _is_unsubscribe(text: str) -> bool:
    return compile_link_texts().unsubscribe.phrases.search(split_words(unquote(text))) is not None
