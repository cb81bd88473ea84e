"""What happens to a message, in the words that every part shares.

The vocabulary of the journal, of exports and of ``clicktrail audit``: JSON objects, one a line. Times are RFC 3339
UTC with milliseconds. A field that this version does not know is no error: journal and analytics hold each event as
the bytes it arrived in, so nothing is lost on the way through.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec.structs import replace

from clicktrail.errors import EventError

__all__ = [
    "AnonymousClick",
    "AnyEvent",
    "Bounced",
    "Click",
    "Complained",
    "Conversion",
    "Deferred",
    "Delivered",
    "Engagement",
    "Event",
    "Opened",
    "Sent",
    "Unsubscribed",
    "decode_event",
    "encode_event",
    "format_rfc3339",
]

AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all events have in common.

    Attributes:
        id: unique among all events; the same id again is the same event.
        at: when it happened, aware, UTC.
        source: ``clicktrail``, or the name of the ESP that told us.
        campaign: the label its message was sent under; empty if none.
        message_id: our id of the message; empty where the event belongs to none.
        recipient: address or opaque id of the person; empty where the message went to several.
    """

    id: str
    at: AwareDatetime
    source: str = "clicktrail"
    campaign: str = ""
    message_id: str = ""
    recipient: str = ""


class Sent(Event, frozen=True, kw_only=True, omit_defaults=True, tag="sent"):
    """The next hop took the message.

    Attributes:
        links: number of tracked links, counted by position.
        recipients: envelope recipients that the next hop accepted.
        subject: as far as the sender wants it kept.
    """

    links: int = 0
    recipients: int = 1
    subject: str = ""


class Delivered(Event, frozen=True, kw_only=True, omit_defaults=True, tag="delivered"):
    """The recipient's server took the message."""

    esp: str = ""
    detail: str = ""


class Deferred(Event, frozen=True, kw_only=True, omit_defaults=True, tag="deferred"):
    """The recipient's server asked to try again later."""

    esp: str = ""
    detail: str = ""


class Bounced(Event, frozen=True, kw_only=True, omit_defaults=True, tag="bounced"):
    """The recipient's server refused the message for good."""

    esp: str = ""
    detail: str = ""


class Complained(Event, frozen=True, kw_only=True, omit_defaults=True, tag="complained"):
    """The recipient called the message spam."""

    esp: str = ""
    detail: str = ""


class Unsubscribed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="unsubscribed"):
    """The recipient wants no more of these."""

    esp: str = ""
    detail: str = ""


class Opened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """An ESP's pixel was loaded. We set none ourselves."""

    esp: str = ""
    detail: str = ""


class Click(Event, frozen=True, kw_only=True, omit_defaults=True, tag="click"):
    """One request for a tracking URL, by a person or a machine.

    HEAD, OPTIONS and prefetches are clicks too, told by method and headers: judged, never counted.

    Attributes:
        link: position of the link in its message, from 0; -1 where unknown.
        url: the destination.
        group: by which reports count the link as one with others of its campaign; empty if none.
        method: the request's method.
        ip: the client's address, as text.
        user_agent: the request's ``User-Agent``.
        headers: the few others that the judge reads, lower-case names.
        https: whether the reader came by TLS.
        http_version: such as ``1.1``.
        tampered: the token did not open, or led nowhere.
        unresolved: nobody could tell where the link leads, so that the reader was asked to come again.
        recipient_unsealed: anybody could have written who the recipient is: it stood openly in the link.
        trap: the link is a hidden one that no person sees.
        esp: the ESP that recorded the click; empty for our own.
        esp_bot: what that ESP thinks.
    """

    link: int = -1
    url: str = ""
    group: str = ""
    method: str = "GET"
    ip: str = ""
    user_agent: str = ""
    headers: dict[str, str] = {}
    https: bool = False
    http_version: str = "1.1"
    tampered: bool = False
    unresolved: bool = False
    recipient_unsealed: bool = False
    trap: bool = False
    esp: str = ""
    esp_bot: bool | None = None


class AnonymousClick(Event, frozen=True, kw_only=True, omit_defaults=True, tag="anonymous_click"):
    """All that is kept of a click by somebody who asked not to be tracked: judged first, for nothing is left to judge.

    It has neither message nor recipient, and its time is cut to the hour.

    Attributes:
        link: position of the link in its message, from 0.
        url: the destination; empty for a link of a group, whose destinations may differ by recipient.
        group: as of a click.
        verdict: what made the request, as of a judged click.
    """

    link: int = -1
    url: str = ""
    group: str = ""
    verdict: str = ""


class Engagement(Event, frozen=True, kw_only=True, omit_defaults=True, tag="engagement"):
    """What the landing page saw of the visitor.

    Attributes:
        click_id: the click that led there.
        kind: ``loaded`` (a script ran) or ``engaged`` (a person pressed, scrolled or typed).
        dwell_ms: visible time, milliseconds.
        scroll_pct: how far down, per cent.
    """

    click_id: str
    kind: str = "loaded"
    dwell_ms: int = 0
    scroll_pct: int = 0


class Conversion(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversion"):
    """What the visitor did in the end, as told by the sender's own site."""

    click_id: str
    name: str = ""
    value: float = 0.0
    currency: str = ""


AnyEvent = (
    Sent
    | Delivered
    | Deferred
    | Bounced
    | Complained
    | Unsubscribed
    | Opened
    | Click
    | AnonymousClick
    | Engagement
    | Conversion
)

_event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def format_rfc3339(at: datetime) -> str:
    """The event vocabulary's spelling of an instant: UTC, milliseconds, ``Z`` (RFC 3339 section 5.6)."""
    text: str = msgspec.to_builtins(at.astimezone(UTC))  # six digits or none; a fifth of the time of isoformat
    return f"{text[:-4]}Z" if at.microsecond else f"{text[:-1]}.000Z"


def encode_event(event: AnyEvent) -> bytes:
    """One line of JSON, without its newline."""
    return msgspec.json.encode(replace(event, at=format_rfc3339(event.at)))


def decode_event(line: bytes) -> AnyEvent:
    """Read one line of JSON.

    Raises:
        EventError: not JSON, an unknown type, or a field of the wrong kind.
    """
    try:
        return _event_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(f"not an event: {error}") from error
