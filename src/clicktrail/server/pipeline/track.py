"""Rewrite one outgoing message as the sender's control headers ask.

| header | meaning |
|---|---|
| ``X-Clicktrail-Campaign`` | name of the campaign |
| ``X-Clicktrail-Recipient`` | id of the recipient, if the sender does not want to use the address |
| ``X-Clicktrail-Consent`` | the recipient's tracking consent |
| ``X-Clicktrail-Stream`` | kind of message |
| ``X-Clicktrail-Medium`` | ``utm_medium`` of its links |
| ``X-Clicktrail-Tracking`` | ``off``: do not track |

The headers are removed from the message.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from clicktrail.model.consent import Consent
from clicktrail.model.control_characters import remove_control_characters
from clicktrail.model.event import Sent
from clicktrail.model.link_set import ShortLinkMessage, StoredLink
from clicktrail.model.recipient import unique_recipients
from clicktrail.rewrite import RewriteResult, SkipReason
from clicktrail.rewrite.encoded_words import MAX_VALUE_BYTES, decode_header_value
from clicktrail.tokens import MAX_SHORT_LINKS, encode_short_token
from clicktrail.tracking import MessageMetadata, Tracker

if TYPE_CHECKING:  # the ports import the judge, which `clicktrail rewrite` does not need
    from clicktrail.server.ports import Consents

_HEADER_BLOCK_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
# A field continues on every line that begins with white space (RFC 5322 section 2.2.3).
_CONTROL_HEADER = re.compile(
    rb"^X-Clicktrail-(?P<name>Campaign|Consent|Medium|Recipient|Stream|Tracking)[ \t]*:"
    rb"(?P<value>.*+(?:\n[ \t].*+)*+)(?:\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)

_CONTROL_HEADER_NAME = re.compile(rb"(?i)X-Clicktrail-")
_MAX_VALUE_CHARS = 255
"""Longer values are truncated. Campaign and recipient are part of every link, and servers reject overlong URLs. An
email address has up to 254 characters (RFC 5321, erratum 1690)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHeaders:
    """The sender's control headers; a missing one is empty.

    Attributes:
        stripped_message: the message without control headers, otherwise byte-identical.
        tracking: ``off`` if the message must not be tracked.
        consent: ``granted``, ``denied`` or ``unknown``.
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
        """Whether the message must not be tracked; also True for an unknown value."""
        return self.tracking.casefold() not in {"", "on"}

    @property
    def stated_consent(self) -> Consent | None:
        """The consent that the sender states; denied for an unknown value, None without the header."""
        value = self.consent.casefold()
        if not value:
            return None
        return Consent(value) if value in list(Consent) else Consent.DENIED


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIdentity:
    """New, unique ids of a message.

    Attributes:
        short_code: code of its short links; None for a message without short links.
    """

    message_id: str
    short_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedMessage:
    """A message that is ready to be sent.

    Attributes:
        raw: the message, without control headers.
        campaign: empty if none.
        recipient: empty if the envelope has several recipients, or if the links are anonymous.
        link_count: number of tracked links, counted by position.
        skip_reasons: why the message or some of its bodies are unchanged; empty if everything was rewritten.
        short_message: short links to store before the message is sent; None if it has none.
    """

    raw: bytes
    message_id: str
    campaign: str
    recipient: str
    link_count: int
    skip_reasons: tuple[SkipReason, ...]
    short_message: ShortLinkMessage | None

    def build_sent_event(self, *, id: str, at: datetime, recipient_count: int) -> Sent:
        """Build the event to record once the next hop has accepted the message."""
        return Sent(
            id=id,
            at=at,
            campaign=self.campaign,
            message_id=self.message_id,
            recipient=self.recipient,
            links=self.link_count,
            recipients=recipient_count,
        )


def parse_control_headers(raw: bytes) -> ControlHeaders:
    """Parse and remove the control headers. Of a repeated header, the first one counts.

    Control characters are removed from the values: an encoded word can hold line breaks.
    """
    values: dict[str, str] = {}
    for match in _CONTROL_HEADER.finditer(get_header_block(raw)):
        name = match["name"].decode().lower()
        if name not in values:
            unfolded = _FOLD.sub(b"", match["value"].strip()[:MAX_VALUE_BYTES])
            values[name] = remove_control_characters(decode_header_value(unfolded))[:_MAX_VALUE_CHARS]
    return ControlHeaders(stripped_message=strip_control_headers(raw), **values)


def strip_control_headers(raw: bytes) -> bytes:
    """Remove the control headers; all other bytes stay."""
    header_block = get_header_block(raw)
    if not _CONTROL_HEADER_NAME.search(header_block):
        return raw
    return _CONTROL_HEADER.sub(b"", header_block) + raw[len(header_block) :]


def get_header_block(raw: bytes) -> bytes:
    """The message up to the empty line behind its headers, without that line."""
    if raw.startswith((b"\r\n", b"\n")):
        return b""
    end = _HEADER_BLOCK_END.search(raw)
    return raw[: end.start() + 1] if end else raw


def build_untracked_message(raw: bytes, *, message_id: str, campaign: str, reason: SkipReason) -> TrackedMessage:
    """Remove the control headers of a message that cannot be tracked, and name neither its recipient nor its links."""
    return TrackedMessage(
        raw=strip_control_headers(raw),
        message_id=message_id,
        campaign=campaign,
        recipient="",
        link_count=0,
        skip_reasons=(reason,),
        short_message=None,
    )


async def add_stored_consent(
    headers: ControlHeaders, recipients: Sequence[str], consents: "Consents"
) -> ControlHeaders:
    """Add the recipients' stored consent, unless the sender states one. Erased recipients are denied in any case.

    All recipients get the same body, so the strictest consent applies: denied, then unknown, then granted.

    Args:
        headers: the sender's headers. A recipient that they name is looked up instead of the envelope's.
        recipients: envelope recipients.
        consents: stored consents.

    Raises:
        StorageError: the registry is unavailable.
    """
    found = await consents.find(unique_recipients([headers.recipient, *recipients]))
    if any(stored.is_erased for stored in found):
        return replace(headers, consent=Consent.DENIED)
    if headers.stated_consent is not None:
        return headers
    if headers.recipient:
        found = found[: len(unique_recipients([headers.recipient]))]
    consent_values = {stored.consent for stored in found}
    if Consent.DENIED in consent_values:
        return replace(headers, consent=Consent.DENIED)
    all_granted = consent_values == {Consent.GRANTED}
    return replace(headers, consent=Consent.GRANTED if all_granted else Consent.UNKNOWN)


def track_message(
    headers: ControlHeaders, *, tracker: Tracker, recipients: Sequence[str], identity: MessageIdentity, now: datetime
) -> TrackedMessage:
    """Rewrite one message. Never raises: what cannot be rewritten is sent unchanged, with the reason."""
    names = unique_recipients([headers.recipient] if headers.recipient else recipients)
    metadata = MessageMetadata(
        message_id=identity.message_id,
        sent_at=now,
        recipient=names[0] if len(names) == 1 else "",
        campaign=headers.campaign,
        stream=headers.stream,
        medium=headers.medium,
        consent=headers.stated_consent or Consent.UNKNOWN,
        anonymous_id=identity.message_id,  # random; nothing stored connects it with the recipient
        short_code=identity.short_code,
    )
    if headers.is_tracking_off:
        result = RewriteResult(raw=headers.stripped_message, links=(), skip_reasons=(SkipReason.TRACKING_OFF,))
    else:
        result = tracker.rewrite_message(headers.stripped_message, metadata)
    recorded = tracker.anonymize_if_required(metadata)
    return TrackedMessage(
        raw=result.raw,
        message_id=recorded.message_id,
        campaign=recorded.campaign,
        recipient=recorded.recipient,
        link_count=result.tracked_count,
        skip_reasons=result.skip_reasons,
        short_message=_build_short_message(recorded, result),
    )


def _build_short_message(metadata: MessageMetadata, result: RewriteResult) -> ShortLinkMessage | None:
    code = metadata.short_code
    if code is None:
        return None
    links = {
        link.position: StoredLink(
            position=link.position, destination=link.destination, group=link.group, is_trap=link.is_trap
        )
        for link in result.links
        if link.position is not None
        and link.position < MAX_SHORT_LINKS
        and link.replacement.endswith(encode_short_token(code, link.position))
    }
    if not links:
        return None
    return ShortLinkMessage(
        code=code,
        message_id=metadata.message_id,
        recipient=metadata.recipient,
        campaign=metadata.campaign,
        created_at=metadata.sent_at,
        links=tuple(links[position] for position in sorted(links)),
    )
