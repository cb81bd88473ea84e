"""Read and remove the headers by which a sender tells clicktrail about a message.

``X-Clicktrail-Campaign`` names the campaign, ``X-Clicktrail-Recipient`` the person, for senders who address messages
otherwise than people, ``X-Clicktrail-Consent`` what they said to being tracked, ``X-Clicktrail-Stream`` the kind of
message, ``X-Clicktrail-Medium`` its UTM medium, and ``X-Clicktrail-Tracking: off`` asks for none.
They are for us alone: the recipient never sees them.
"""

import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from clicktrail.model.consent import Consent

__all__ = ["Instructions", "take_instructions"]

# The header block ends at the first empty line (RFC 5322 section 2.1); mail from Unix programs has bare newlines.
_END_OF_HEADERS = re.compile(rb"\r?\n(?=\r?\n)|\Z")
# A field goes on in every line that begins with white space (RFC 5322 section 2.2.3).
_OURS = re.compile(
    rb"^X-Clicktrail-(?P<name>Campaign|Consent|Medium|Recipient|Stream|Tracking)[ \t]*:"
    rb"(?P<value>.*(?:\r?\n[ \t].*)*)(?:\r?\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)

_LONGEST = 255
"""Characters of a campaign or a recipient, of which an address has at most 254 (RFC 5321, erratum 1690). Both go into
every link; what is longer is cut, or nobody would take the link's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What the sender asked for.

    Attributes:
        raw: the message without our headers, otherwise the same bytes.
        campaign: empty if not said.
        recipient: empty if not said.
        stream: what kind of message it is; empty if not said.
        medium: its ``utm_medium``; empty if not said.
        tracking: ``off`` if the message is not to be tracked; empty if not said.
        consent: ``granted``, ``denied`` or ``unknown``; empty if not said.
    """

    raw: bytes
    campaign: str = ""
    recipient: str = ""
    stream: str = ""
    medium: str = ""
    tracking: str = ""
    consent: str = ""

    @property
    def is_tracking_off(self) -> bool:
        """Whether the message is to pass as it is: a word that we do not know is meant so as well."""
        return self.tracking.casefold() not in {"", "on"}

    @property
    def told_consent(self) -> Consent | None:
        """What the sender says of the recipient's consent, if anything; a word that we do not know is no consent."""
        word = self.consent.casefold()
        if not word:
            return None
        return Consent(word) if word in list(Consent) else Consent.DENIED


def take_instructions(raw: bytes) -> Instructions:
    """Read our headers and take them out. Where one stands twice the first counts, and both go."""
    end = _END_OF_HEADERS.search(raw)
    head_end = end.end() if end else len(raw)
    head = raw[:head_end]
    found: dict[str, str] = {}
    for match in _OURS.finditer(head):
        found.setdefault(match["name"].decode().lower(), _text(match["value"])[:_LONGEST])
    if not found:
        return Instructions(raw=raw)
    return Instructions(raw=_OURS.sub(b"", head) + raw[head_end:], **found)


def _text(value: bytes) -> str:
    """A field's value, unfolded, its encoded words decoded (RFC 2047)."""
    unfolded = re.sub(rb"\r?\n(?=[ \t])", b"", value).strip().decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(unfolded)))
    except (HeaderParseError, LookupError, ValueError):
        return unfolded
