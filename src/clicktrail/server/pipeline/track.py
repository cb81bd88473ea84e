"""Message in, tracked message out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clicktrail.model.consent import Consent
from clicktrail.model.event import Sent
from clicktrail.model.link_set import ShortLinkMessage, StoredLink
from clicktrail.rewrite import RewriteResult, SkipReason
from clicktrail.rewrite.mime import decode_header_value
from clicktrail.server.ports import Consents
from clicktrail.tokens import MAX_SHORT_LINKS, encode_short_token
from clicktrail.tracking import MessageMetadata, Tracker

__all__ = [
    "ControlHeaders",
    "MessageIdentity",
    "TrackedMessage",
    "add_stored_consent",
    "parse_control_headers",
    "track_message",
]

# FOLDED instructions.py: Read and remove the headers by which a sender tells clicktrail about a message.
#
# ``X-Clicktrail-Campaign`` names the campaign, ``X-Clicktrail-Recipient`` the person, for senders who address
# messages
# otherwise than people, ``X-Clicktrail-Consent`` what they said to being tracked, ``X-Clicktrail-Stream`` the
# kind of
# message, ``X-Clicktrail-Medium`` its UTM medium, and ``X-Clicktrail-Tracking: off`` asks for none.
# They are for us alone: the recipient never sees them.

# The header block ends at the first empty line (RFC 5322 section 2.1); mail from Unix programs has bare newlines.
_END_OF_HEADERS = re.compile(rb"\r?\n(?=\r?\n)|\Z")
# A field goes on in every line that begins with white space (RFC 5322 section 2.2.3).
_CONTROL_HEADER = re.compile(
    rb"^X-Clicktrail-(?P<name>Campaign|Consent|Medium|Recipient|Stream|Tracking)[ \t]*:"
    rb"(?P<value>.*(?:\r?\n[ \t].*)*)(?:\r?\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)

_MAX_VALUE_CHARS = 255
"""Characters of a campaign or a recipient, of which an address has at most 254 (RFC 5321, erratum 1690). Both go into
every link; what is longer is cut, or nobody would take the link's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHeaders:
    """What the sender asked for.

    Attributes:
        stripped_message: the message without our headers, otherwise the same bytes.
        campaign: empty if not said.
        recipient: empty if not said.
        stream: what kind of message it is; empty if not said.
        medium: its ``utm_medium``; empty if not said.
        tracking: ``off`` if the message is not to be tracked; empty if not said.
        consent: ``granted``, ``denied`` or ``unknown``; empty if not said.
    """

    stripped_message: bytes
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
    def stated_consent(self) -> Consent | None:
        """What the sender says of the recipient's consent, if anything; a word that we do not know is no consent."""
        word = self.consent.casefold()
        if not word:
            return None
        return Consent(word) if word in list(Consent) else Consent.DENIED


def parse_control_headers(raw: bytes) -> ControlHeaders:
    """Read our headers and take them out. Where one stands twice the first counts, and both go."""
    end = _END_OF_HEADERS.search(raw)
    head_end = end.end() if end else len(raw)
    head = raw[:head_end]
    found: dict[str, str] = {}
    for match in _CONTROL_HEADER.finditer(head):
        found.setdefault(match["name"].decode().lower(), _decode_value(match["value"])[:_MAX_VALUE_CHARS])
    if not found:
        return ControlHeaders(stripped_message=raw)
    return ControlHeaders(stripped_message=_CONTROL_HEADER.sub(b"", head) + raw[head_end:], **found)


def _decode_value(value: bytes) -> str:
    return decode_header_value(re.sub(rb"\r?\n(?=[ \t])", b"", value).strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIdentity:
    """What tells a message from every other.

    Attributes:
        message_id: a new id.
        short_code: a new code for short links; None for a message without.
    """

    message_id: str
    short_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedMessage:
    """A message ready to go out.

    Attributes:
        raw: its bytes, without our own headers.
        message_id: the id that its links carry.
        campaign: what its sender called it; empty if nothing.
        recipient: who it is for; empty where the envelope has several, or where the recipient stays unnamed for want
            of consent.
        link_count: how many links a reader can click, counted by position.
        skip_reasons: why the message, or bodies of it, passed unchanged; empty if nothing did.
        short_message: its short links, to be kept before it goes out; None if it has none.
    """

    raw: bytes
    message_id: str
    campaign: str
    recipient: str
    link_count: int
    skip_reasons: tuple[SkipReason, ...]
    short_message: ShortLinkMessage | None

    def build_sent_event(self, *, id: str, at: datetime, recipient_count: int) -> Sent:
        """The event to record once the next hop has taken it."""
        return Sent(
            id=id,
            at=at,
            campaign=self.campaign,
            message_id=self.message_id,
            recipient=self.recipient,
            links=self.link_count,
            recipients=recipient_count,
        )


def track_message(
    headers: ControlHeaders,
    *,
    tracker: Tracker,
    recipients: Sequence[str],
    identity: MessageIdentity,
    now: datetime,
) -> TrackedMessage:
    """Rewrite one message. Never raises: what cannot be rewritten passes unchanged, with the reason.

    Args:
        headers: the message as it came, with what its sender asked for.
        tracker: replaces its links.
        recipients: the envelope's.
        identity: drawn for this message.
        now: goes into the links.
    """
    recipient = headers.recipient or (recipients[0] if len(recipients) == 1 else "")
    sending = MessageMetadata(
        message_id=identity.message_id,
        sent_at=now,
        recipient=recipient,
        campaign=headers.campaign,
        stream=headers.stream,
        medium=headers.medium,
        consent=headers.stated_consent or Consent.UNKNOWN,
        anonymous_id=identity.message_id,  # random, and nothing that is kept says to whom it went
        short_code=identity.short_code,
    )
    if headers.is_tracking_off:
        rewritten = RewriteResult(raw=headers.stripped_message, links=(), skip_reasons=(SkipReason.TRACKING_OFF,))
    else:
        rewritten = tracker.rewrite_message(headers.stripped_message, sending)
    recorded = tracker.anonymize_if_required(sending)
    return TrackedMessage(
        raw=rewritten.raw,
        message_id=recorded.message_id,
        campaign=recorded.campaign,
        recipient=recorded.recipient,
        link_count=rewritten.tracked_count,
        skip_reasons=rewritten.skip_reasons,
        short_message=_build_short_message(recorded, rewritten),
    )


def _build_short_message(sending: MessageMetadata, rewritten: RewriteResult) -> ShortLinkMessage | None:
    """What short links must be kept."""
    code = sending.short_code
    if code is None:
        return None
    links = {
        link.position: StoredLink(position=link.position, destination=link.destination, group=link.group)
        for link in rewritten.links
        if link.position is not None
        and link.position < MAX_SHORT_LINKS
        and link.replacement.endswith(encode_short_token(code, link.position))
    }
    if not links:
        return None
    return ShortLinkMessage(
        code=code,
        message_id=sending.message_id,
        recipient=sending.recipient,
        campaign=sending.campaign,
        created_at=sending.sent_at,
        links=tuple(links[position] for position in sorted(links)),
    )


# FOLDED consent.py: Find out whether the recipients of a message may be tracked.


async def add_stored_consent(headers: ControlHeaders, recipients: Sequence[str], consents: Consents) -> ControlHeaders:
    """The instructions with the consent that the sender has not told, if the recipients have.

    Several recipients get one body, so that the strictest counts: who denies, then who was never asked.

    Args:
        headers: the sender's instructions; a recipient whom they name stands for all.
        recipients: the envelope's.
        consents: what is known of recipients.

    Raises:
        StorageError: nobody can tell just now.
    """
    if headers.stated_consent is not None:
        return headers
    found = [await consents.find(recipient) for recipient in ([headers.recipient] if headers.recipient else recipients)]
    if Consent.DENIED in found:
        return replace(headers, consent=Consent.DENIED)
    granted = bool(found) and set(found) == {Consent.GRANTED}
    return replace(headers, consent=Consent.GRANTED if granted else Consent.UNKNOWN)
