"""What the finders hand to the policy: a span that may be a link."""

import re
from collections.abc import Mapping

import ada_url
import msgspec

from clicktrail.model.link import Element, Location

__all__ = ["Candidate", "resolve_href"]

_STRIPPED_CHARACTERS = "".join(map(chr, range(0x21)))
_RELATIVE_URL = re.compile(r"(?!\#|[a-z][a-z0-9+.-]*+:).", re.ASCII | re.IGNORECASE)
_REMOVED_CHARACTERS = {ord(character): None for character in "\t\n\r"}


class Candidate(msgspec.Struct, frozen=True, kw_only=True):  # made for each link, in a tenth of a dataclass's time
    """A span of a body that holds a URL, or what stands where one could.

    Attributes:
        start: where it begins in the body, characters.
        end: where it ends.
        href: the text at the span with its character references decoded, and without soft line breaks.
        url: where it leads, as a URL parser would begin with it; see `resolve_href`.
        attributes: of the tag it stands in, names in lower case, values as written; empty in plain text.
        tag_name: that tag's name in lower case; empty in plain text.
        is_conditional: whether it stands in a conditional comment, which only Outlook shows.
        location: where in its body it stands.
        element: what it looks like.
        label: what it says; see `Link`.
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


def resolve_href(href: str, *, base: str = "") -> str:
    """An href without the characters that a URL parser drops first, resolved if the document has a base.

    C0 controls and spaces at both ends, tabs and line breaks anywhere (WHATWG URL, section 4.4, steps 1 to 3). A
    fragment alone stays: in mail it leads to a place of the message.

    Args:
        href: the value of the attribute.
        base: the absolute URL that it is relative to; empty if there is none.
    """
    url = href.strip(_STRIPPED_CHARACTERS)
    if "\n" in url or "\t" in url or "\r" in url:
        url = url.translate(_REMOVED_CHARACTERS)
    if base and _RELATIVE_URL.match(url):
        try:
            return ada_url.join_url(base, url)
        except ValueError:
            return url
    return url
