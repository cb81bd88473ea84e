"""Message in, tracked message out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.consent import Consent
from clicktrail.model.event import Sent
from clicktrail.model.stored import ShortMessage, StoredLink
from clicktrail.rewrite import Rewritten, Untouched
from clicktrail.server.pipeline.instructions import Instructions
from clicktrail.tokens import MAX_SHORT_LINKS, short_token
from clicktrail.tracking import Sending, Tracker

__all__ = ["Identity", "Tracked", "track"]


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
