"""Metadata of one message, and the functions that tag and seal its links."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter

import msgspec
from msgspec.structs import force_setattr

from clicktrail.model.consent import Consent
from clicktrail.model.control_characters import check_no_control_characters
from clicktrail.model.link import BodyType
from clicktrail.model.recipient import normalize_recipient
from clicktrail.rewrite import NumberedLink
from clicktrail.rewrite.candidate import Candidate
from clicktrail.tokens import MAX_SHORT_LINKS, KeyRing, LinkSealer, encode_short_token
from clicktrail.utm import Convention, UtmTagger


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which neither UTF-8 nor a URL can hold, by question marks."""
    return text.encode(errors="replace").decode()


class MessageMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What the links of one message hold besides their destinations.

    Lone surrogates in its texts are replaced by question marks.

    Attributes:
        message_id: an id of your choice, unique for each message.
        sent_at: aware; sealed in whole seconds.
        recipient: an address or, better, an opaque id; empty if the message has several recipients. It is normalized:
            ``Ann <ANN@example.com>`` becomes ``ann@example.com``.
        campaign: campaign for reports and UTM parameters; empty if none.
        stream: kind of message, such as ``password-reset``; empty if unknown.
        medium: ``utm_medium``, one of the convention's; empty for the convention's default.
        anonymous_id: replaces ``message_id`` if the recipient must not be identified: random, unique for each message,
            stored nowhere next to message id or recipient. Without it, clicks belong to no message and are neither
            judged nor counted.
        short_code: `SHORT_CODE_BITS` random bits, unique for each message. Then visible and very long tracking URLs use
            short tokens, whose links the caller stores in the registry. None for no short tokens.

    Raises:
        SettingsError: the campaign has a control character, such as a line break.
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

    def __post_init__(self) -> None:
        for name in ("message_id", "recipient", "campaign", "stream", "medium", "anonymous_id"):
            text = getattr(self, name)
            if not text.isascii():
                force_setattr(self, name, replace_surrogates(text))
        check_no_control_characters("campaign", self.campaign)
        force_setattr(self, "recipient", normalize_recipient(self.recipient))

    def anonymize(self) -> "MessageMetadata":
        """Return metadata that does not identify the recipient.

        The message id is replaced by the anonymous id, and the time is truncated to the hour, because mail server logs
        show who received a message in a given second.
        """
        hour = self.sent_at.replace(minute=0, second=0, microsecond=0)
        return msgspec.structs.replace(self, message_id=self.anonymous_id, recipient="", sent_at=hour)


MAX_SEALED_TOKEN_CHARS = 2_000
"""Outlook on Windows opens no URL of more than 2,083 characters (WinINet's INTERNET_MAX_URL_LENGTH)."""


def make_url_tagger(convention: Convention | None, *, campaign: str, medium: str) -> Callable[[Candidate], str]:
    """Make a function that adds UTM parameters to all links but traps. Call it in the order of one message's links.

    Without a convention, no parameters are added. ``medium`` is one of the convention's; empty for its default.
    """
    if convention is None:
        return attrgetter("url")
    tagger = UtmTagger(convention.for_medium(medium), campaign=campaign)

    def tag_url(link: Candidate) -> str:
        if link.is_trap:
            return link.url
        return tagger.tag_url(link.url, location=link.location, element=link.element, label=link.label)

    return tag_url


def make_url_sealer(ring: KeyRing, *, origin: str, metadata: MessageMetadata) -> Callable[[NumberedLink], str]:
    """Make the function that builds the tracking URLs of one message. It returns "" if every URL would be too long.

    The metadata must already be anonymised if that is required.
    """
    code = metadata.short_code
    sealer = LinkSealer(
        ring,
        message_id=metadata.message_id,
        recipient=metadata.recipient,
        campaign=metadata.campaign,
        sent_at=metadata.sent_at,
    )

    def short_url(position: int) -> str:
        return "" if code is None or position >= MAX_SHORT_LINKS else f"{origin}/{encode_short_token(code, position)}"

    def make_tracking_url(link: NumberedLink) -> str:
        if code is not None and link.body_type is BodyType.TEXT and (short := short_url(link.position)):
            return short
        token = sealer.seal(link.destination, link.position, link.link_count, group=link.group, is_trap=link.is_trap)
        if len(token) <= MAX_SEALED_TOKEN_CHARS:
            return f"{origin}/{token}"
        return short_url(link.position)

    return make_tracking_url
