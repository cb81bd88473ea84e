"""The URLs that take the places of a message's links: tagged, and sealed."""

from collections.abc import Callable
from operator import attrgetter

from clicktrail.model.link import Part
from clicktrail.rewrite import Placed
from clicktrail.rewrite.candidate import Candidate
from clicktrail.tokens import MAX_SHORT_LINKS, KeyRing, Sealed, seal, short_token
from clicktrail.tracking.sending import Sending
from clicktrail.utm import Convention, Tagger

__all__ = ["LONGEST_TOKEN", "sealing", "tagging"]

LONGEST_TOKEN = 2_000
"""Characters of a sealed token. Outlook on Windows opens no URL of more than 2,083, WinINet's
INTERNET_MAX_URL_LENGTH."""


def tagging(convention: Convention | None, *, campaign: str, medium: str) -> Callable[[Candidate], str]:
    """What gives the links of one message their destinations, in their order.

    Args:
        convention: the UTM parameters and the hosts that get them; None for none.
        campaign: the message's; empty if none.
        medium: the message's, one of the convention's; empty for the convention's own.
    """
    if convention is None:
        return attrgetter("url")
    tagger = Tagger(convention.of_medium(medium), campaign=campaign)
    return lambda link: tagger.tag(link.url, location=link.location, element=link.element, label=link.label)


def sealing(ring: KeyRing, *, origin: str, sending: Sending) -> Callable[[Placed], str]:
    """What gives the links of one message their tracking URLs: empty where none is short enough.

    Args:
        ring: seals them.
        origin: of the tracking domain.
        sending: the message as its links may tell of it.
    """
    code = sending.short_code

    def short_url(position: int) -> str:
        return "" if code is None or position >= MAX_SHORT_LINKS else f"{origin}/{short_token(code, position)}"

    def tracking_url(placed: Placed) -> str:
        if placed.part is Part.TEXT and (short := short_url(placed.position)):
            return short
        sealed = Sealed(
            destination=placed.destination,
            message_id=sending.message_id,
            recipient=sending.recipient,
            campaign=sending.campaign,
            position=placed.position,
            links=placed.links,
            sent_at=sending.sent_at,
            group=placed.group,
        )
        token = seal(ring, sealed)
        if len(token) <= LONGEST_TOKEN:
            return f"{origin}/{token}"
        return short_url(placed.position)

    return tracking_url
