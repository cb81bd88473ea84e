"""Message in, tracked message out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.consent import Consent
from clicktrail.model.event import Sent
from clicktrail.rewrite import Rewritten, Untouched
from clicktrail.server.pipeline.instructions import Instructions
from clicktrail.tracking import Sending, Tracker

__all__ = ["Tracked", "track"]


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
    """

    raw: bytes
    message_id: str
    campaign: str
    recipient: str
    links: int
    untouched: tuple[Untouched, ...]

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
    asked: Instructions, *, tracker: Tracker, recipients: Sequence[str], message_id: str, now: datetime
) -> Tracked:
    """Rewrite one message. Never raises: what cannot be rewritten passes unchanged, with the reason.

    Args:
        asked: the message as it came, with what its sender asked for.
        tracker: replaces its links.
        recipients: the envelope's.
        message_id: a new id.
        now: goes into the links.
    """
    recipient = asked.recipient or (recipients[0] if len(recipients) == 1 else "")
    sending = Sending(
        message_id=message_id,
        sent_at=now,
        recipient=recipient,
        campaign=asked.campaign,
        stream=asked.stream,
        medium=asked.medium,
        consent=asked.told_consent or Consent.UNKNOWN,
        anonymous_id=message_id,  # random, and nothing that is kept says to whom it went
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
    )
