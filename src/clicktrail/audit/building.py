"""Build events from the fields of other programs."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast, get_args

import msgspec
from msgspec.structs import replace

from clicktrail.audit.export_formats import ExportFormat, normalise_column_name
from clicktrail.audit.json_records import Record
from clicktrail.audit.times import TimeReader
from clicktrail.audit.values import MAX_UNKNOWN_VALUE_CHARS, read_flag, read_known_text, read_text
from clicktrail.errors import EventError
from clicktrail.model.event import AnyEvent, Click, check_event_time, normalize_event_recipient
from clicktrail.model.recipient import normalize_recipient

_KNOWN_TEXT_FIELDS: Final = frozenset({"ip", "user_agent", "recipient"})
_FLAG_FIELDS: Final = frozenset({"esp_bot", "trap", "tampered"})
_BARE_IP: Final = re.compile(r"[0-9.]+|[0-9a-f:]+")
_EMAIL_AROUND_TYPE: Final = re.compile(r"^(?:users_messages_)?e_?mail_|_e_?mail$")


OWN_TYPES: Final = frozenset(str(type_.__struct_config__.tag) for type_ in get_args(AnyEvent))
"""Event types as our own logs name them."""


class OtherTypeError(EventError):
    """A record of a type that is not read, such as an order.

    Attributes:
        type_text: the type's name.
    """

    def __init__(self, type_text: str) -> None:
        super().__init__(f"not an event: unknown type '{type_text}'")
        self.type_text = type_text


def convert_record(record: Record, format_: ExportFormat, times: TimeReader) -> AnyEvent:
    """Convert a record to an event.

    Raises:
        EventError: its type or time is missing or unknown, or a field has the wrong type.
    """
    event_type = _find_type(record, format_)
    fields: dict[str, object] = {"type": event_type, "source": format_.name}
    for field, columns in format_.columns.items():
        if field == "type":
            continue
        for column in columns:
            value = record.get(column)
            if value is not None and value != "" and (text := _read_field(field, value)) not in {"", None}:
                fields[field] = text
                break
    # ESPs give a message to several recipients one ID; each recipient's message gets its own.
    recipient = normalize_recipient(str(fields.get("recipient", "")))
    message_id = str(fields.get("message_id") or fields.get("campaign") or "").strip("<> ")
    fields["message_id"] = f"{message_id} {recipient}".strip()
    if event_type not in {"sent", "engagement"}:
        fields["esp"] = format_.name
    return build_event(fields, times)


def _find_type(record: Record, format_: ExportFormat) -> str:
    columns = format_.columns.get("type", ())
    text = " ".join(filter(None, (read_text(record.get(column)) for column in columns)))
    if not text:
        if any(column in record for column in columns) or (columns and format_.name != GENERIC_FORMAT):
            raise EventError("not an event: it has no type")
        return format_.default_type
    name = normalise_column_name(text)
    event_type = format_.types.get(name)
    if event_type is None:
        event_type = format_.types.get(_EMAIL_AROUND_TYPE.sub("", name))
    if not event_type:
        raise OtherTypeError(text)
    return event_type


GENERIC_FORMAT: Final = "export"
"""Name of the format without an ESP. Its records are clicks unless they have a type."""


def _read_field(field: str, value: object) -> object:
    if field == "at":
        return value[0] if isinstance(value, list) and value else value
    if field in _FLAG_FIELDS:
        return read_flag(value)
    if field in _KNOWN_TEXT_FIELDS:
        if field == "recipient" and isinstance(value, list) and len(value) > 1:
            return ""  # whose event it is cannot be known
        return read_known_text(value)
    return read_text(value)


def build_event(fields: Mapping[str, object], times: TimeReader | None = None) -> AnyEvent:
    """Build an event from another program's fields: values may be text, and unknown ones null or empty.

    Without an ``id``, the hash of all fields becomes the ID, so that a duplicate is the same event.

    Raises:
        EventError: unknown type, missing or invalid time, or a field of the wrong type.
    """
    known_fields = {name: value for name, value in fields.items() if value is not None and value != ""}
    known_fields.setdefault(
        "id", hashlib.blake2b(msgspec.json.encode(known_fields, order="sorted"), digest_size=12).hexdigest()
    )
    known_fields["at"] = _read_time(known_fields.get("at"), times or TimeReader())
    for flag in _FLAG_FIELDS & known_fields.keys():
        known_fields[flag] = read_flag(known_fields[flag])
    try:
        event = cast("AnyEvent", msgspec.convert(known_fields, AnyEvent, strict=False))
    except msgspec.ValidationError as error:
        raise EventError(f"not an event: {error}") from error
    return normalize_event_recipient(check_event_time(event))


def _read_time(value: object, times: TimeReader) -> datetime:
    return value if isinstance(value, datetime) and value.tzinfo else times.read(value)


def normalise_event(event: AnyEvent) -> AnyEvent:
    """Normalise a click's method, header names, address and agent to the spelling of our own events.

    Other programs write ``get``, ``Accept-Language``, addresses with a port, the addresses of all proxies, the
    client's first (RFC 7239 section 7.4), and words such as ``-`` for nothing.
    """
    if not isinstance(event, Click):
        return event
    if not event.method.isupper():
        event = replace(event, method=event.method.upper())
    if any(name != name.lower() for name in event.headers):
        event = replace(event, headers={name.lower(): value for name, value in event.headers.items()})
    if event.ip and not _BARE_IP.fullmatch(event.ip):
        event = replace(event, ip=_parse_client_ip(read_known_text(event.ip)))
    if 0 < len(event.user_agent) <= MAX_UNKNOWN_VALUE_CHARS and not read_known_text(event.user_agent):
        event = replace(event, user_agent="")
    return event


def _parse_client_ip(text: str) -> str:
    first = text.partition(",")[0].strip()
    if first.startswith("["):  # [2001:db8::7]:443
        return first[1:].partition("]")[0]
    return first.partition(":")[0] if first.count(":") == 1 else first  # 192.0.2.7:443, or an address without port
