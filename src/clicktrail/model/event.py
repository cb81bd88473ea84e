"""Events: the shared vocabulary of journal, exports and ``clicktrail audit``.

An event is a JSON object on one line. Times are RFC 3339 in UTC with milliseconds, from 1970 to 2099. Unknown fields
are ignored here and kept by journal and analytics, which store the original bytes.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec.structs import replace

from clicktrail.errors import EventError
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.supported_time import check_time

AwareDatetime = Annotated[datetime, msgspec.Meta(tz=True)]

# More than any event has; analytics adds them up in 64 bits.
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
_LinkPosition = Annotated[int, msgspec.Meta(ge=-1, lt=2**31)]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """Fields of every event.

    Attributes:
        id: unique among all events; two events with the same id are the same event.
        at: when it happened, aware, UTC.
        source: ``clicktrail``, or the name of the ESP that reported the event.
        campaign: campaign of the message; empty if none.
        message_id: our id of the message; empty if the event belongs to no message.
        recipient: address or opaque id; empty if the message has several recipients. Normalized when the event is
            encoded or decoded.
    """

    id: str
    at: AwareDatetime
    source: str = "clicktrail"
    campaign: str = ""
    message_id: str = ""
    recipient: str = ""


class Sent(Event, frozen=True, kw_only=True, omit_defaults=True, tag="sent"):
    """The next hop accepted the message.

    Attributes:
        links: number of tracked links.
        recipients: envelope recipients that the next hop accepted.
        subject: subject of the message; empty if it is not to be recorded.
    """

    links: _Count = 0
    recipients: _Count = 1
    subject: str = ""


class DeliveryEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a message, as an ESP reports it.

    Attributes:
        esp: name of the ESP; empty if unknown.
        detail: the ESP's explanation.
    """

    esp: str = ""
    detail: str = ""


class Delivered(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="delivered"):
    """The recipient's server accepted the message."""


class Deferred(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="deferred"):
    """The recipient's server asked to try again later."""


class Bounced(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="bounced"):
    """The recipient's server refused the message permanently."""


class Complained(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="complained"):
    """The recipient reported the message as spam."""


class Unsubscribed(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="unsubscribed"):
    """The recipient unsubscribed."""


class Opened(DeliveryEvent, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """An ESP's tracking pixel was loaded. clicktrail adds no pixel itself."""


class Click(Event, frozen=True, kw_only=True, omit_defaults=True, tag="click"):
    """One request for a tracking URL, by a person or a program.

    HEAD, OPTIONS and prefetches are recorded as clicks too, recognisable by method and headers. They are judged but not
    counted.

    Attributes:
        link: position of the link in its message, from 0; -1 if unknown.
        group: group of the link: reports count the links of a group as one; empty if none.
        headers: other headers that the judge reads, with lower-case names.
        https: whether the reader used TLS.
        http_version: such as ``1.1``.
        tampered: the token could not be opened, or has no destination.
        damage: how the link differed from the one that was sent, such as ``addition``; empty if it did not, or if that
            is unknown.
        unresolved: the destination could not be looked up, and the reader was answered 503.
        recipient_unsealed: the recipient was in the link unencrypted, so anyone could have changed it.
        trap: the link is a trap, invisible to people.
        esp: the ESP that recorded the click; empty for our own.
        esp_bot: whether that ESP considers the click a bot's; None if it does not say.
    """

    link: _LinkPosition = -1
    url: str = ""
    group: str = ""
    method: str = "GET"
    ip: str = ""
    user_agent: str = ""
    headers: dict[str, str] = {}
    https: bool = False
    http_version: str = "1.1"
    tampered: bool = False
    damage: str = ""
    unresolved: bool = False
    recipient_unsealed: bool = False
    trap: bool = False
    esp: str = ""
    esp_bot: bool | None = None


class AnonymousClick(Event, frozen=True, kw_only=True, omit_defaults=True, tag="anonymous_click"):
    """Click of an opted-out reader, already judged: without message and recipient, its time truncated to the hour.

    Attributes:
        link: position of the link in its message, from 0.
        url: the destination; empty for a link of a group, whose destinations may differ by recipient.
        group: group of the link; empty if none.
        verdict: value of `Verdict`.
    """

    link: _LinkPosition = -1
    url: str = ""
    group: str = ""
    verdict: str = ""


class Engagement(Event, frozen=True, kw_only=True, omit_defaults=True, tag="engagement"):
    """What the beacon reported about a visitor of the landing page.

    Attributes:
        click_id: the click that led there.
        kind: ``loaded`` (a script ran) or ``engaged`` (a person pressed, scrolled or typed).
        dwell_ms: time that the page was visible, milliseconds.
        scroll_pct: scroll depth, per cent.
    """

    click_id: str
    kind: str = "loaded"
    dwell_ms: _Count = 0
    scroll_pct: _Count = 0


class Conversion(Event, frozen=True, kw_only=True, omit_defaults=True, tag="conversion"):
    """A goal that the visitor reached, reported by the sender's own site."""

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
    """Format a time as RFC 3339 section 5.6: UTC, milliseconds, ``Z``."""
    text: str = msgspec.to_builtins(at.astimezone(UTC))  # six digits or none; takes a fifth of isoformat's time
    return f"{text[:-4]}Z" if at.microsecond else f"{text[:-1]}.000Z"


def encode_event(event: AnyEvent) -> bytes:
    """Encode an event as one line of JSON, without newline."""
    recipient = normalize_recipient(event.recipient)
    return msgspec.json.encode(replace(event, at=format_rfc3339(event.at), recipient=recipient))


def decode_event(line: bytes) -> AnyEvent:
    """Decode one line of JSON.

    Raises:
        EventError: invalid JSON, unknown event type, or a field of the wrong type or out of range.
    """
    try:
        event = _event_decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EventError(f"not an event: {error}") from error
    return normalize_event_recipient(check_event_time(event))


def check_event_time(event: AnyEvent) -> AnyEvent:
    """Return an event whose time is supported.

    Raises:
        EventError: it is not from 1970 to 2099.
    """
    try:
        check_time(event.at)
    except ValueError as error:
        raise EventError(f"not an event: its time {error}") from error
    return event


def normalize_event_recipient(event: AnyEvent) -> AnyEvent:
    """Return the event with its recipient normalized."""
    recipient = normalize_recipient(event.recipient)
    return event if recipient == event.recipient else replace(event, recipient=recipient)
