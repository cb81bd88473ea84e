"""Links stored in the registry: those whose tokens do not hold their destination."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLink:
    """One link of a campaign or a message.

    Attributes:
        position: position of the link, from 0.
        destination: http or https URL; empty for a personal link, whose destination is in a sealed token.
        group: group of the link; empty if none.
    """

    position: int
    destination: str
    group: str = ""
    is_trap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSet:
    """Links that all messages of a campaign share.

    Attributes:
        campaign: empty if none.
        created_at: aware.
        links: ordered by position.
    """

    campaign: str
    created_at: datetime
    links: tuple[StoredLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLinkMessage:
    """A message with short links.

    Attributes:
        code: the code that its tokens begin with: `SHORT_CODE_BITS` random bits.
        recipient: empty if the message has several recipients or is anonymous.
        campaign: empty if none.
        created_at: aware.
        links: ordered by position.
    """

    code: int
    message_id: str
    recipient: str
    campaign: str
    created_at: datetime
    links: tuple[StoredLink, ...]
