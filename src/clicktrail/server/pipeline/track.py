"""Message in, tracked message out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from clicktrail.model.consent import Consent
from clicktrail.model.event import Sent
from clicktrail.model.link_set import ShortMessage, StoredLink
from clicktrail.rewrite import Rewritten, Untouched
from clicktrail.server.ports import Consents
from clicktrail.tokens import MAX_SHORT_LINKS, short_token
from clicktrail.tracking import Sending, Tracker

__all__ = ["Identity", "Instructions", "Tracked", "take_instructions", "track", "with_consent"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells a message from every other.

    Attributes:
        message_id: a new id.
        short_code: a new code for short links; None for a message without.
    """

    message_id: str
    short_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A message ready to go out.

    Attributes:
        raw: its bytes, without our own headers.
        message_id: the id that its links carry.
        campaign: what its sender called it; empty if nothing.
        recipient: who it is for; empty where the envelope has several, or where the recipient stays unnamed for want
            of consent.
        links: how many links a reader can click, counted by position.
        untouched: why the message, or bodies of it, passed unchanged; empty if nothing did.
        short: its short links, to be kept before it goes out; None if it has none.
    """

    raw: bytes
    message_id: str
    campaign: str
    recipient: str
    links: int
    untouched: tuple[Untouched, ...]
    short: ShortMessage | None

    def sent(self, *, id: str, at: datetime, recipients: int) -> Sent:
        """The event to record once the next hop has taken it."""
        return Sent(
            id=id,
            at=at,
            campaign=self.campaign,
            message_id=self.message_id,
            recipient=self.recipient,
            links=self.links,
            recipients=recipients,
        )


def track(
    asked: Instructions,
    *,
    tracker: Tracker,
    recipients: Sequence[str],
    identity: Identity,
    now: datetime,
) -> Tracked:
    """Rewrite one message. Never raises: what cannot be rewritten passes unchanged, with the reason.

    Args:
        asked: the message as it came, with what its sender asked for.
        tracker: replaces its links.
        recipients: the envelope's.
        identity: drawn for this message.
        now: goes into the links.
    """
    recipient = asked.recipient or (recipients[0] if len(recipients) == 1 else "")
    sending = Sending(
        message_id=identity.message_id,
        sent_at=now,
        recipient=recipient,
        campaign=asked.campaign,
        stream=asked.stream,
        medium=asked.medium,
        consent=asked.told_consent or Consent.UNKNOWN,
        anonymous_id=identity.message_id,  # random, and nothing that is kept says to whom it went
        short_code=identity.short_code,
    )
    if asked.is_tracking_off:
        rewritten = Rewritten(raw=asked.raw, links=(), untouched=(Untouched.TRACKING_OFF,))
    else:
        rewritten = tracker.rewrite_message(asked.raw, sending)
    recorded = tracker.recorded(sending)
    return Tracked(
        raw=rewritten.raw,
        message_id=recorded.message_id,
        campaign=recorded.campaign,
        recipient=recorded.recipient,
        links=rewritten.tracked,
        untouched=rewritten.untouched,
        short=_short_message(recorded, rewritten),
    )


def _short_message(sending: Sending, rewritten: Rewritten) -> ShortMessage | None:
    """What short links must be kept."""
    code = sending.short_code
    if code is None:
        return None
    links = {
        link.position: StoredLink(position=link.position, destination=link.destination, group=link.group)
        for link in rewritten.links
        if link.position is not None
        and link.position < MAX_SHORT_LINKS
        and link.url.endswith(short_token(code, link.position))
    }
    if not links:
        return None
    return ShortMessage(
        code=code,
        message_id=sending.message_id,
        recipient=sending.recipient,
        campaign=sending.campaign,
        created_at=sending.sent_at,
        links=tuple(links[position] for position in sorted(links)),
    )


# FOLDED consent.py: Find out whether the recipients of a message may be tracked.


async def with_consent(asked: Instructions, recipients: Sequence[str], consents: Consents) -> Instructions:
    """The instructions with the consent that the sender has not told, if the recipients have.

    Several recipients get one body, so that the strictest counts: who denies, then who was never asked.

    Args:
        asked: the sender's instructions; a recipient whom they name stands for all.
        recipients: the envelope's.
        consents: what is known of recipients.

    Raises:
        StorageError: nobody can tell just now.
    """
    if asked.told_consent is not None:
        return asked
    found = [await consents.find(recipient) for recipient in ([asked.recipient] if asked.recipient else recipients)]
    if Consent.DENIED in found:
        return replace(asked, consent=Consent.DENIED)
    granted = bool(found) and set(found) == {Consent.GRANTED}
    return replace(asked, consent=Consent.GRANTED if granted else Consent.UNKNOWN)
