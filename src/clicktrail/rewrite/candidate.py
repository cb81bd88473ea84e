"""What the finders hand to the policy: a span that may be a link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Candidate"]

_TRIMMED = "".join(map(chr, range(0x21)))
_REMOVED = {ord(character): None for character in "\t\n\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A span of a body that holds a URL, or what stands where one could.

    Attributes:
        start: where it begins in the body, characters.
        end: where it ends.
        href: the text at the span with its character references decoded.
        attributes: of the tag it stands in, names in lower case, values as written; empty in plain text.
    """

    start: int
    end: int
    href: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The href without the characters that a URL parser drops first.

        C0 controls and spaces at both ends, tabs and line breaks anywhere (WHATWG URL, section 4.4, steps 1 to 3).
        """
        return self.href.strip(_TRIMMED).translate(_REMOVED)
