"""Take a URL apart at its query, in pieces that put together are the same URL again."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

import ada_url

__all__ = ["SIGNATURE_KEYS", "QueryPair", "SplitUrl", "encode_pair", "extract_host", "is_signed", "split_url"]

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_TAB_AND_NEWLINES = {ord(character): None for character in "\t\n\r"}
SIGNATURE_KEYS = frozenset(
    {"x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature", "signature", "sig", "hmac", "hdnea"}
)
"""Query keys of URLs that are signed as a whole, and dead with one parameter more: Amazon S3 and CloudFront, Google
Cloud Storage, Alibaba OSS, Tencent COS, Azure shared access signatures, Laravel's signed routes, Shopify, Akamai."""


@dataclass(frozen=True, slots=True)
class QueryPair:
    """What stands between two ampersands of a query.

    Attributes:
        raw: as it is written.
    """

    raw: str

    @property
    def key(self) -> str:
        """The name, decoded, in its own case."""
        return unquote_plus(self.raw.partition("=")[0]).translate(_TAB_AND_NEWLINES)

    @property
    def value(self) -> str:
        """The value, decoded; empty if there is none."""
        return unquote_plus(self.raw.partition("=")[2].translate(_TAB_AND_NEWLINES))

    @property
    def is_utm(self) -> bool:
        """Whether it is a UTM parameter, whatever its case."""
        return self.key.lower().startswith("utm_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitUrl:
    """A URL in pieces.

    Attributes:
        prefix: all in front of the query's question mark.
        question_mark: that question mark, or nothing.
        pairs: the query's; a query that is missing or empty has one, which is empty.
        suffix: the fragment with its ``#``, or the spaces at the end.
    """

    prefix: str
    question_mark: str
    pairs: tuple[QueryPair, ...]
    suffix: str

    def replace_query(self, pairs: Sequence[QueryPair]) -> str:
        """The URL with another query."""
        query = "&".join(pair.raw for pair in pairs)
        return f"{self.prefix}{self.question_mark or '?' * bool(query)}{query}{self.suffix}"

    def append_pairs(self, pairs: Sequence[QueryPair]) -> str:
        """The URL with more pairs at the end of its query."""
        kept = self.pairs[:-1] if pairs and not self.pairs[-1].raw else self.pairs
        return self.replace_query([*kept, *pairs])


def split_url(url: str) -> SplitUrl:
    """Cut a URL at its query and behind it."""
    end = url.find("#")
    if end < 0:
        end = len(url.rstrip(_C0_AND_SPACE))
    before, mark, query = url[:end].partition("?")
    return SplitUrl(prefix=before, question_mark=mark, pairs=tuple(map(QueryPair, query.split("&"))), suffix=url[end:])


def encode_pair(key: str, value: str) -> QueryPair:
    """A pair of a name and a value that are not encoded yet."""
    return QueryPair(f"{quote(key, safe='')}={quote(value, safe='')}")


def extract_host(url: str) -> str:
    """The host of an http or https URL, lower case, IDN in its ASCII form; empty for any other text."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return ""
    return str(parsed.hostname) if parsed.protocol in {"http:", "https:"} else ""


def is_signed(pieces: SplitUrl) -> bool:
    """Whether a query holds a signature, so that any change to it breaks the URL."""
    return any(pair.key.lower() in SIGNATURE_KEYS for pair in pieces.pairs)
