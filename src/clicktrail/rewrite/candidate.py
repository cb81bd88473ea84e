"""What the finders hand to the policy: a span that may be a link."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import ada_url

from clicktrail.model.link import Element, Location

__all__ = ["Candidate"]

_TRIMMED = "".join(map(chr, range(0x21)))
_RELATIVE = re.compile(r"(?!\#|[a-z][a-z0-9+.-]*+:).", re.ASCII | re.IGNORECASE)
_REMOVED = {ord(character): None for character in "\t\n\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A span of a body that holds a URL, or what stands where one could.

    Attributes:
        start: where it begins in the body, characters.
        end: where it ends.
        href: the text at the span with its character references decoded.
        attributes: of the tag it stands in, names in lower case, values as written; empty in plain text.
        tag: that tag's name in lower case; empty in plain text.
        conditional: whether it stands in a conditional comment, which only Outlook shows.
        location: where in its body it stands.
        element: what it looks like.
        label: what it says; see `Link`.
        base: the absolute URL that it is relative to, if the document names one.
    """

    start: int
    end: int
    href: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""
    conditional: bool = False
    location: Location = Location.BODY
    element: Element = Element.TEXT
    label: str = ""
    base: str = ""

    @property
    def url(self) -> str:
        """The href without the characters that a URL parser drops first, resolved if the document has a base.

        C0 controls and spaces at both ends, tabs and line breaks anywhere (WHATWG URL, section 4.4, steps 1 to 3). A
        fragment alone stays: in mail it leads to a place of the message.
        """
        url = self.href.strip(_TRIMMED)
        if "\n" in url or "\t" in url or "\r" in url:
            url = url.translate(_REMOVED)
        if self.base and _RELATIVE.match(url):
            try:
                return ada_url.join_url(self.base, url)
            except ValueError:
                return url
        return url
