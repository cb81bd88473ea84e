"""Read events from the lines of a file: our own JSON lines, or a table that an ESP exported."""

import csv
import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

import msgspec
from msgspec.structs import replace

from clicktrail.errors import ClicktrailError, EventError, SettingsError
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode
from clicktrail.model.verdict import Verdict

__all__ = [
    "Complain",
    "Export",
    "column_name",
    "event_of",
    "in_our_spelling",
    "parse",
    "read_events",
    "read_table",
    "recognise",
]

# FOLDED exports.py: Know the tables that ESPs export by their columns, from a TOML file.


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of table.

    Attributes:
        name: the ESP's, or ``export``.
        telltale: columns that together no other kind has.
        source: where its columns are described.
        date: when that was last looked at.
        columns: by field of an event, the columns that may hold it; of several the first with a value.
        types: by its words for what happened, ours.
    """

    name: str
    telltale: frozenset[str]
    source: str
    date: date
    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    exports: tuple[Export, ...]


def parse(text: str) -> tuple[Export, ...]:
    """Read an exports file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    try:
        return msgspec.toml.decode(text, type=_File).exports
    except msgspec.DecodeError as error:
        raise SettingsError(f"exports cannot be read: {error}") from error


def recognise(columns: Collection[str], exports: Iterable[Export]) -> Export | None:
    """The first kind whose telltale columns are all there; None if it is none of them."""
    return next((export for export in exports if export.telltale <= set(columns)), None)


def column_name(heading: str) -> str:
    """A heading in lower case, its words joined by underscores: ``Campaign Name`` is ``campaign_name``."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


# FOLDED fields.py: Make events of fields as others write them: numbers and times as text, what is unknown as
# nothing.

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


# FOLDED table.py: Read events from a table: the CSV export of an ESP, or any other whose columns are named.


def read_table(
    lines: Iterable[bytes], exports: Sequence[Export], *, complain: Callable[[int, EventError], None]
) -> Iterator[AnyEvent]:
    """The events of a table with a header; columns are divided by comma, semicolon or tab.

    Raises:
        ClicktrailError: it is of no kind among ``exports``.
    """
    texts = (line.decode("utf-8", errors="replace") for line in lines)
    header = next((text for text in texts if text.strip()), "").removeprefix("\ufeff")
    if not header:
        return
    separator = max(",;\t", key=header.count)
    columns = [column_name(heading.strip('" \r\n')) for heading in header.split(separator)]
    export = recognise(columns, exports)
    if export is None:
        raise ClicktrailError(
            "it is neither a log of events nor an export that is known by its header",
            hint="name its columns, such as --columns at=Time,recipient=Email,url=Link",
        )
    rows = csv.reader(texts, delimiter=separator)
    while True:
        try:
            cells = next(rows, None)
            if cells is None:
                return
            if any(cells):
                yield _event_table(dict(zip(columns, cells, strict=False)), export)
        except EventError as error:
            complain(rows.line_num + 1, error)
        except csv.Error as error:
            complain(rows.line_num + 1, EventError(f"not an event: {error}"))


def _event_table(row: Mapping[str, str], export: Export) -> AnyEvent:
    """A row's event. A message to several recipients is one for each: ESPs give them all the same id."""
    fields: dict[str, object] = {
        field: next((row[name] for name in names if row.get(name)), "") for field, names in export.columns.items()
    }
    told = " ".join(row[name] for name in export.columns.get("type", ()) if row.get(name)) or "click"
    kind = export.types.get(told.lower()) or export.types.get(column_name(told))
    if kind is None:
        raise EventError(f"not an event: '{told}' is none that we know")
    message = (fields.get("message_id") or fields.get("campaign"), fields.get("recipient"))
    own = {"esp": export.name} if kind not in {"sent", "engagement"} else {}
    return event_of(
        {
            **fields,
            **own,
            "type": kind,
            "source": export.name,
            "message_id": " ".join(str(part) for part in message if part),
        }
    )


Complain = Callable[[int, EventError], None]
"""Told of each line that is no event, by its number from 1. It is passed over."""

_FIRST_YEAR = 1970
_VERDICTS = frozenset(Verdict)
_PEEKED = 20
"""Lines by which a log is told from a table: its first ones may be damaged."""


def read_events(lines: Iterable[bytes], exports: Sequence[Export], *, complain: Complain) -> Iterator[AnyEvent]:
    """The events of one file, line by line, so that its size does not matter.

    Raises:
        ClicktrailError: it is a table of no kind that we know.
    """
    rest = iter(lines)
    first = list(itertools.islice(rest, _PEEKED))
    lines = itertools.chain(first, rest)
    if any(line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for line in first):
        return map(in_our_spelling, _read_log(lines, complain))
    return map(in_our_spelling, read_table(lines, exports, complain=complain))


def _read_log(lines: Iterable[bytes], complain: Complain) -> Iterator[AnyEvent]:
    for number, line in enumerate(lines, start=1):
        if text := line.strip().removeprefix(b"\xef\xbb\xbf"):
            try:
                yield _checked(_event(text))
            except EventError as error:
                complain(number, error)


def _event(line: bytes) -> AnyEvent:
    """Ours as it is; what another program wrote, with nulls and without time zones, as well as can be."""
    try:
        return decode(line)
    except EventError as error:
        try:
            return event_of(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise error from None


def _checked(event: AnyEvent) -> AnyEvent:
    """An event that can be counted: some are of the right form and make no sense."""
    if event.at.year < _FIRST_YEAR:
        raise EventError(f"not an event: nothing happened in the year {event.at.year}")
    if isinstance(event, AnonymousClick) and event.verdict not in _VERDICTS:
        raise EventError(f"not an event: '{event.verdict}' is no verdict")
    return event
