"""What a sender says of one message that is to be tracked."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter

import msgspec

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.rewrite import NumberedLink
from clicktrail.rewrite.candidate import Candidate
from clicktrail.tokens import MAX_SHORT_LINKS, KeyRing, SealedLink, encode_short_token, seal_token
from clicktrail.utm import Convention, UtmTagger

__all__ = ["MAX_SEALED_TOKEN_CHARS", "MessageMetadata", "make_url_sealer", "make_url_tagger"]


class MessageMetadata(
    msgspec.Struct, frozen=True, kw_only=True
):  # made for each recipient, in a tenth of a dataclass's time
    """What the links of one message carry beside where they lead.

    Attributes:
        message_id: an id of the caller's choice, another for each message.
        sent_at: aware; goes into the links in whole seconds.
        recipient: an address or, better, an opaque id; empty if the message goes to several.
        campaign: what reports group by, and what the convention puts into the links; empty if none.
        stream: what kind of message it is, such as ``password-reset``; empty if not said.
        medium: its ``utm_medium``, one of the convention's; empty for the convention's own.
        consent: whether the recipient has agreed to being tracked.
        anonymous_id: takes the place of ``message_id`` where the recipient must stay unknown: random, another for each
            message, and kept nowhere beside either. Empty, and clicks belong to no message: they are neither judged
            nor counted.
        short_code: `CODE_BITS` random bits, another for each message, whose links the caller keeps where the edge looks
            them up: then tracking URLs that a reader sees, or that would be too long, are short. None for none.
    """

    message_id: str
    sent_at: datetime
    recipient: str = ""
    campaign: str = ""
    stream: str = ""
    medium: str = ""
    consent: Consent = Consent.UNKNOWN
    anonymous_id: str = ""
    short_code: int | None = None

    def anonymize(self) -> "MessageMetadata":
        """The message as links and events may tell of it where its recipient is not to be known by name.

        Its id is the anonymous one, and of the time only the hour is left: the mail server's log tells who got a
        message in a certain second.
        """
        hour = self.sent_at.replace(minute=0, second=0, microsecond=0)
        return msgspec.structs.replace(self, message_id=self.anonymous_id, recipient="", sent_at=hour)


# FOLDED urls.py: The URLs that take the places of a message's links: tagged, and sealed.

MAX_SEALED_TOKEN_CHARS = 2_000
"""Characters of a sealed token. Outlook on Windows opens no URL of more than 2,083, WinINet's
INTERNET_MAX_URL_LENGTH."""


def make_url_tagger(convention: Convention | None, *, campaign: str, medium: str) -> Callable[[Candidate], str]:
    """What gives the links of one message their destinations, in their order.

    Args:
        convention: the UTM parameters and the hosts that get them; None for none.
        campaign: the message's; empty if none.
        medium: the message's, one of the convention's; empty for the convention's own.
    """
    if convention is None:
        return attrgetter("url")
    tagger = UtmTagger(convention.for_medium(medium), campaign=campaign)
    return lambda link: tagger.tag_url(link.url, location=link.location, element=link.element, label=link.label)


def make_url_sealer(ring: KeyRing, *, origin: str, metadata: MessageMetadata) -> Callable[[NumberedLink], str]:
    """What gives the links of one message their tracking URLs: empty where none is short enough.

    Args:
        ring: seals them.
        origin: of the tracking domain.
        metadata: the message as its links may tell of it.
    """
    code = metadata.short_code

    def short_url(position: int) -> str:
        return "" if code is None or position >= MAX_SHORT_LINKS else f"{origin}/{encode_short_token(code, position)}"

    def tracking_url(placed: NumberedLink) -> str:
        if placed.body_type is BodyType.TEXT and (short := short_url(placed.position)):
            return short
        sealed = SealedLink(
            destination=placed.destination,
            message_id=metadata.message_id,
            recipient=metadata.recipient,
            campaign=metadata.campaign,
            position=placed.position,
            link_count=placed.link_count,
            sent_at=metadata.sent_at,
            group=placed.group,
        )
        token = seal_token(ring, sealed)
        if len(token) <= MAX_SEALED_TOKEN_CHARS:
            return f"{origin}/{token}"
        return short_url(placed.position)

    return tracking_url
