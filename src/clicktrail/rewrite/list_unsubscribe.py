"""Find the URLs that a message's List-Unsubscribe names (RFC 2369 section 3.2): links to them unsubscribe."""

import re

from clicktrail.rewrite.encoded_words import MAX_VALUE_BYTES, decode_header_value
from clicktrail.rewrite.url import parse_url

_FIELD = re.compile(
    rb"^List-Unsubscribe[ \t]*+:(?P<value>[^\n]*+(?:\n[ \t][^\n]*+)*+)", re.ASCII | re.IGNORECASE | re.MULTILINE
)
_HEADER_END = re.compile(rb"^\r?$", re.MULTILINE)
_WHITE_SPACE = re.compile(r"\s++")
_URL = re.compile(r"<([^<>]*+)>|(https?://[^\s,<>]++)", re.ASCII | re.IGNORECASE)
_WEB_SCHEME = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_MAX_SPELLINGS = 40
"""Ten URLs. RFC 8058 section 4 expects one."""


def find_unsubscribe_urls(raw: bytes) -> frozenset[str]:
    """Return the web URLs of List-Unsubscribe without fragments, as written and normalised, each with both schemes."""
    end = _HEADER_END.search(raw)
    urls: set[str] = set()
    for field in _FIELD.finditer(raw, 0, end.start() if end else len(raw)):
        value = decode_header_value(field["value"][:MAX_VALUE_BYTES].replace(b"\r", b"").replace(b"\n", b""))
        for match in _URL.finditer(value):
            url = _WHITE_SPACE.sub("", match[1] or match[2] or "")  # a fold may be within a URL
            if _WEB_SCHEME.match(url) and len(urls) < _MAX_SPELLINGS:
                rest = _WEB_SCHEME.sub("", url, count=1).partition("#")[0]
                urls.update(f"{scheme}://{text}" for text in (rest, _normalize(url)) for scheme in ("http", "https"))
    return frozenset(urls)


def is_url_listed(url: str, urls: frozenset[str]) -> bool:
    """Whether `find_unsubscribe_urls` returned this URL, in any spelling."""
    return url.partition("#")[0] in urls or f"https://{_normalize(url)}" in urls


def _normalize(url: str) -> str:
    try:
        parsed = parse_url(url)
    except ValueError:
        return url
    return f"{parsed.host}{parsed.path}{parsed.query}"
