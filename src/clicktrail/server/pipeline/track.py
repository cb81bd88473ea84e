"""Message in, tracked message out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from clicktrail.model.event import Sent
from clicktrail.rewrite import Placed, Policy, Untouched, rewrite_message
from clicktrail.server.pipeline.instructions import take_instructions
from clicktrail.tokens import KeyRing, Sealed, seal
from clicktrail.utm.convention import Convention
from clicktrail.utm.tag import tag

__all__ = ["Tracked", "Tracker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A message ready to go out.

    Attributes:
        raw: its bytes, without our own headers.
        message_id: the id that its links carry.
        campaign: what its sender called it; empty if nothing.
        recipient: who it is for; empty where the envelope has several.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Replaces a message's links by sealed ones on the tracking domain.

    Attributes:
        ring: seals.
        domain: the tracking domain with its scheme, without a slash at the end.
        policy: which links are tracked.
        convention: the UTM parameters and the hosts that get them.
    """

    ring: KeyRing
    domain: str
    policy: Policy
    convention: Convention

    def track(self, raw: bytes, *, recipients: Sequence[str], message_id: str, now: datetime) -> Tracked:
        """Rewrite one message. Never raises: what cannot be rewritten passes unchanged, with the reason.

        Args:
            raw: the message as it came.
            recipients: the envelope's.
            message_id: a new id.
            now: goes into the links.
        """
        asked = take_instructions(raw)
        recipient = asked.recipient or (recipients[0] if len(recipients) == 1 else "")
        utm = self.convention.parameters(campaign=asked.campaign)

        def tracking_url(placed: Placed) -> str:
            sealed = Sealed(
                destination=placed.destination,
                message_id=message_id,
                recipient=recipient,
                campaign=asked.campaign,
                position=placed.position,
                links=placed.links,
                sent_at=now,
            )
            return f"{self.domain}/{seal(self.ring, sealed)}"

        rewritten = rewrite_message(
            asked.raw,
            policy=self.policy,
            tag=lambda url: tag(url, utm, self.convention.own_hosts),
            tracking_url=tracking_url,
        )
        return Tracked(
            raw=rewritten.raw,
            message_id=message_id,
            campaign=asked.campaign,
            recipient=recipient,
            links=rewritten.tracked,
            untouched=rewritten.untouched,
        )
