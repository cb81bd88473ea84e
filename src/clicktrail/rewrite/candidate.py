"""A span of a body that may be a link: what the link finders return and the policy decides on."""

import re
from collections.abc import Mapping

import ada_url
import msgspec

from clicktrail.model.link import Element, LinkReason, Location

MAX_LINKS = 10_000
"""Links of a message, tracked or not. Each takes about 50 µs. Tags count as links, also those without an href."""
MAX_URL_BYTES = 4_000
"""Bytes of a URL in UTF-8. Sealing adds a third, and servers accept request lines of about 8,000 bytes."""
MAX_ALL_URLS_BYTES = 1_000_000
"""Bytes of all URLs of a message that are not longer than `MAX_URL_BYTES`. Classifying a byte takes up to 0.5 µs."""
TOO_MANY_LINKS = f"there are more than {MAX_LINKS:,} links, or more than {MAX_ALL_URLS_BYTES:,} bytes of URLs"

_C0_CONTROLS_AND_SPACE = "".join(map(chr, range(0x21)))
_TABS_AND_LINE_BREAKS = {ord(character): None for character in "\t\n\r"}
_RELATIVE_URL = re.compile(r"(?!\#|[a-z][a-z0-9+.-]*+:).", re.ASCII | re.IGNORECASE)


class Exclusion(msgspec.Struct, frozen=True, gc=False):
    """Why the place of a link excludes it from tracking, such as a quoted reply. ``detail`` is the sign of it."""

    reason: LinkReason
    detail: str = ""


UNCLEAR_END = Exclusion(LinkReason.INVALID, "unclear end")
"""Of a URL in plain text whose end mail programs see in different places, or would after it is replaced."""


# One per link: a Struct costs a tenth of a dataclass, and half of that if the garbage collector need not know it.
class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span of a body that may be a link.

    Attributes:
        start: first character of the span in the body.
        end: character after the span.
        href: text of the span, character references decoded and soft line breaks removed.
        url: absolute URL of the href; see `resolve_href`.
        attributes: other attributes of the tag, names in lower case, values as written; empty in plain text.
        tag_name: name of the tag in lower case; empty in plain text.
        is_conditional: whether the tag is in a conditional comment, which only Outlook shows.
        exclusion: set if the link must not be tracked because of its place.
    """

    start: int
    end: int
    href: str
    url: str
    attributes: Mapping[str, str] = {}
    tag_name: str = ""
    is_conditional: bool = False
    location: Location = Location.BODY
    element: Element = Element.TEXT
    label: str = ""
    is_trap: bool = False
    exclusion: Exclusion | None = None


def resolve_href(href: str, *, base: str = "") -> str:
    """Remove the characters that a URL parser removes first, and resolve relative URLs if the document has a base URL.

    These are C0 controls and spaces at both ends, and tabs and line breaks anywhere (WHATWG URL, section 4.4, steps 1
    to 3). A fragment alone (``#top``) is not resolved: in mail it leads to a part of the message.
    """
    url = href.strip(_C0_CONTROLS_AND_SPACE)
    if "\n" in url or "\t" in url or "\r" in url:
        url = url.translate(_TABS_AND_LINE_BREAKS)
    if base and _RELATIVE_URL.match(url):
        try:
            return ada_url.join_url(base, url)
        except ValueError:
            return url
    return url
