"""Make events of fields as others write them: numbers and times as text, what is unknown as nothing."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import msgspec
from msgspec.structs import replace

from clicktrail.errors import EventError
from clicktrail.model.event import AnyEvent, Click

__all__ = ["event_of", "in_our_spelling"]

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")
_PLAIN_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:]+")
_NOT_SET = frozenset({"false", "no", "none", "0", "0.0"})
_MILLISECONDS = 100_000_000_000
"""Numbers from here on count milliseconds since 1970: in seconds they would lie beyond the year 5138."""


def event_of(fields: Mapping[str, object]) -> AnyEvent:
    """The event that these fields tell of.

    Where they name no id, one is made of all that they say: the same told twice is the same event.

    Raises:
        EventError: they tell of none that we know, or when it was cannot be read.
    """
    known = {name: value for name, value in fields.items() if value is not None and value != ""}
    known.setdefault("id", hashlib.blake2b(msgspec.json.encode(known, order="sorted"), digest_size=12).hexdigest())
    known["at"] = _instant(known.get("at"))
    if "esp_bot" in known:
        known["esp_bot"] = str(known["esp_bot"]).lower() not in _NOT_SET
    try:
        return cast("AnyEvent", msgspec.convert(known, AnyEvent, strict=False))
    except msgspec.ValidationError as error:
        raise EventError(f"not an event: {error}") from error


def in_our_spelling(event: AnyEvent) -> AnyEvent:
    """The event; a click with its method, its headers' names and its address as we write them.

    Other programs write ``get`` and ``Accept-Language``, addresses with their port, and all the addresses that proxies
    have told of, the client's first (RFC 7239 section 7.4).
    """
    if not isinstance(event, Click):
        return event
    if not event.method.isupper():
        event = replace(event, method=event.method.upper())
    if any(name != name.lower() for name in event.headers):
        event = replace(event, headers={name.lower(): value for name, value in event.headers.items()})
    if event.ip and not _PLAIN_ADDRESS.fullmatch(event.ip):
        event = replace(event, ip=_address(event.ip))
    return event


def _address(text: str) -> str:
    first = text.partition(",")[0].strip()
    if first.startswith("["):
        return first[1:].partition("]")[0]
    return first.partition(":")[0] if first.count(":") == 1 else first


def _instant(value: object) -> datetime:
    """A time as text of RFC 3339 or as seconds or milliseconds since 1970; UTC where no zone is named."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise EventError("not an event: it says no time")
    try:
        at = _since_1970(float(text)) if _NUMBER.fullmatch(text) else datetime.fromisoformat(text.removesuffix(" UTC"))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise EventError(f"not an event: '{text}' is no time") from error


def _since_1970(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1_000 if number >= _MILLISECONDS else number, UTC)
