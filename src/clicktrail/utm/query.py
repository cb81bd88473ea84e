"""Split URLs at their query without changing any character."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from clicktrail.percent_encoding import unquote_plus

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_TAB_AND_NEWLINES = {ord(character): None for character in "\t\n\r"}
MAX_PAIRS = 50
"""Pairs of a query. URLs with more are neither tagged nor checked: each takes about 2 µs."""
MAX_URL_CHARS = 10_000
"""Characters of a URL. Longer ones, which web servers refuse, are neither tagged nor checked."""
_ENCODED_CHARACTER = re.compile(r"[%+\t\n\r]")


class QueryPair(msgspec.Struct, frozen=True):
    """One key and value of a query.

    Attributes:
        raw: the text between two ampersands, percent-encoded.
        key: the decoded key; its case is kept.
    """

    raw: str
    key: str = ""

    def __post_init__(self) -> None:
        key = self.raw.partition("=")[0]
        if _ENCODED_CHARACTER.search(key):
            key = unquote_plus(key).translate(_TAB_AND_NEWLINES)
        msgspec.structs.force_setattr(self, "key", key)

    @property
    def value(self) -> str:
        """The decoded value; empty if there is none."""
        value = self.raw.partition("=")[2]
        return unquote_plus(value.translate(_TAB_AND_NEWLINES)) if _ENCODED_CHARACTER.search(value) else value

    @property
    def is_utm(self) -> bool:
        """Whether the key is a UTM parameter, in any case."""
        return self.key.lower().startswith("utm_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitUrl:
    """A URL split at its query.

    Attributes:
        prefix: everything before the question mark of the query.
        question_mark: ``?`` or empty.
        pairs: a missing or empty query has one empty pair.
        suffix: the fragment with ``#``, or trailing spaces.
    """

    prefix: str
    question_mark: str
    pairs: tuple[QueryPair, ...]
    suffix: str

    @property
    def has_utm(self) -> bool:
        """Whether any key is a UTM parameter."""
        return any(pair.is_utm for pair in self.pairs)

    def replace_query(self, pairs: Sequence[QueryPair]) -> str:
        """Return the URL with another query."""
        query = "&".join(pair.raw for pair in pairs)
        return f"{self.prefix}{self.question_mark or '?' * bool(query)}{query}{self.suffix}"

    def append_pairs(self, pairs: Sequence[QueryPair]) -> str:
        """Return the URL with more pairs at the end of its query."""
        # The last pair is empty if the query is missing, empty or ends with "&".
        existing = self.pairs[:-1] if pairs and not self.pairs[-1].raw else self.pairs
        return self.replace_query([*existing, *pairs])

    def append_missing(self, parameters: Mapping[str, str]) -> str:
        """Return the URL with the parameters that its query lacks at the end of it."""
        present = {pair.key.lower() for pair in self.pairs}
        return self.append_pairs([encode_pair(key, value) for key, value in parameters.items() if key not in present])


def split_url(url: str) -> SplitUrl:
    """Split a URL before and after its query."""
    end = url.find("#")
    if end < 0:
        end = len(url.rstrip(_C0_AND_SPACE))
    prefix, question_mark, query = url[:end].partition("?")
    return SplitUrl(
        prefix=prefix, question_mark=question_mark, pairs=tuple(map(QueryPair, query.split("&"))), suffix=url[end:]
    )


def is_too_large(url: str) -> bool:
    """Whether a URL is longer than `MAX_URL_CHARS` or may have more than `MAX_PAIRS`."""
    return len(url) > MAX_URL_CHARS or url.count("&") >= MAX_PAIRS


def encode_pair(key: str, value: str) -> QueryPair:
    """Percent-encode a key and a value."""
    return QueryPair(f"{quote(key, safe='')}={quote(value, safe='')}")
