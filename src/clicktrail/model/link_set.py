"""Links that the registry keeps, because their tokens do not hold where they lead."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["LinkSet", "ShortLinkMessage", "StoredLink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """One link of a campaign or a message.

    Attributes:
        position: its number there, from 0.
        destination: an http or https URL; empty where each recipient has another, which a sealed token holds.
        group: what reports call it; empty if nothing.
    """

    position: int
    destination: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSet:
    """What all messages of a campaign have in common, and their tokens do not hold.

    Attributes:
        campaign: empty if none.
        created_at: aware.
        links: in the order of their positions.
    """

    campaign: str
    created_at: datetime
    links: tuple[StoredLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLinkMessage:
    """A message with short links.

    Attributes:
        code: what its tokens begin with: `CODE_BITS` random bits.
        message_id: our id of the message.
        recipient: empty where the message went to several, or they stay unnamed.
        campaign: empty if none.
        created_at: aware.
        links: in the order of their positions.
    """

    code: int
    message_id: str
    recipient: str
    campaign: str
    created_at: datetime
    links: tuple[StoredLink, ...]
