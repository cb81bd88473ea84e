"""Take a URL apart at its query, in pieces that put together are the same URL again."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

import ada_url

__all__ = ["SIGNATURES", "Pair", "Pieces", "host_of", "is_signed", "pair", "take_apart"]

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_DROPPED = {ord(character): None for character in "\t\n\r"}
SIGNATURES = frozenset(
    {"x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature", "signature", "sig", "hmac", "hdnea"}
)
"""Query keys of URLs that are signed as a whole, and dead with one parameter more: Amazon S3 and CloudFront, Google
Cloud Storage, Alibaba OSS, Tencent COS, Azure shared access signatures, Laravel's signed routes, Shopify, Akamai."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What stands between two ampersands of a query.

    Attributes:
        text: as it is written.
    """

    text: str

    @property
    def key(self) -> str:
        """The name, decoded, in its own case."""
        return unquote_plus(self.text.partition("=")[0]).translate(_DROPPED)

    @property
    def value(self) -> str:
        """The value, decoded; empty if there is none."""
        return unquote_plus(self.text.partition("=")[2].translate(_DROPPED))

    @property
    def is_utm(self) -> bool:
        """Whether it is a UTM parameter, whatever its case."""
        return self.key.lower().startswith("utm_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A URL in pieces.

    Attributes:
        before: all in front of the query's question mark.
        mark: that question mark, or nothing.
        pairs: the query's; a query that is missing or empty has one, which is empty.
        after: the fragment with its ``#``, or the spaces at the end.
    """

    before: str
    mark: str
    pairs: tuple[Pair, ...]
    after: str

    def with_pairs(self, pairs: Sequence[Pair]) -> str:
        """The URL with another query."""
        query = "&".join(pair.text for pair in pairs)
        return f"{self.before}{self.mark or '?' * bool(query)}{query}{self.after}"

    def adding(self, pairs: Sequence[Pair]) -> str:
        """The URL with more pairs at the end of its query."""
        kept = self.pairs[:-1] if pairs and not self.pairs[-1].text else self.pairs
        return self.with_pairs([*kept, *pairs])


def take_apart(url: str) -> Pieces:
    """Cut a URL at its query and behind it."""
    end = url.find("#")
    if end < 0:
        end = len(url.rstrip(_C0_AND_SPACE))
    before, mark, query = url[:end].partition("?")
    return Pieces(before=before, mark=mark, pairs=tuple(map(Pair, query.split("&"))), after=url[end:])


def pair(key: str, value: str) -> Pair:
    """A pair of a name and a value that are not encoded yet."""
    return Pair(f"{quote(key, safe='')}={quote(value, safe='')}")


def host_of(url: str) -> str:
    """The host of an http or https URL, lower case, IDN in its ASCII form; empty for any other text."""
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        return ""
    return str(parsed.hostname) if parsed.protocol in {"http:", "https:"} else ""


def is_signed(pieces: Pieces) -> bool:
    """Whether a query holds a signature, so that any change to it breaks the URL."""
    return any(pair.key.lower() in SIGNATURES for pair in pieces.pairs)
