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

from clicktrail.config_text import decode_toml
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnonymousClick, AnyEvent, Click, decode_event
from clicktrail.model.verdict import Verdict

__all__ = [
    "ExportFormat",
    "OnUnreadable",
    "build_event",
    "detect_export_format",
    "normalise_column_name",
    "normalise_event",
    "parse_export_formats",
    "read_events",
    "read_table",
]

# FOLDED exports.py: Know the tables that ESPs export by their columns, from a TOML file.


class ExportFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of table.

    Attributes:
        name: the ESP's, or ``export``.
        identifying_columns: columns that together no other kind has.
        source: where its columns are described.
        date: when that was last looked at.
        columns: by field of an event, the columns that may hold it; of several the first with a value.
        types: by its words for what happened, ours.
    """

    name: str
    identifying_columns: frozenset[str]
    source: str
    date: date
    columns: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]


class _ExportsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: date
    exports: tuple[ExportFormat, ...]


def parse_export_formats(text: str) -> tuple[ExportFormat, ...]:
    """Read an exports file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, _ExportsFile, name="the exports file").exports


def detect_export_format(columns: Collection[str], formats: Iterable[ExportFormat]) -> ExportFormat | None:
    """The first kind whose telltale columns are all there; None if it is none of them."""
    return next((export for export in formats if export.identifying_columns <= set(columns)), None)


def normalise_column_name(heading: str) -> str:
    """A heading in lower case, its words joined by underscores: ``Campaign Name`` is ``campaign_name``."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


# FOLDED fields.py: Make events of fields as others write them: numbers and times as text, what is unknown as
# nothing.

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")
_BARE_IP = re.compile(r"[0-9.]+|[0-9a-f:]+")
_FALSE_VALUES = frozenset({"false", "no", "none", "0", "0.0"})
_MIN_UNIX_MS = 100_000_000_000
"""Numbers from here on count milliseconds since 1970: in seconds they would lie beyond the year 5138."""


def build_event(fields: Mapping[str, object]) -> AnyEvent:
    """The event that these fields tell of.

    Where they name no id, one is made of all that they say: the same told twice is the same event.

    Raises:
        EventError: they tell of none that we know, or when it was cannot be read.
    """
    known = {name: value for name, value in fields.items() if value is not None and value != ""}
    known.setdefault("id", hashlib.blake2b(msgspec.json.encode(known, order="sorted"), digest_size=12).hexdigest())
    known["at"] = _parse_time(known.get("at"))
    if "esp_bot" in known:
        known["esp_bot"] = str(known["esp_bot"]).lower() not in _FALSE_VALUES
    try:
        return cast("AnyEvent", msgspec.convert(known, AnyEvent, strict=False))
    except msgspec.ValidationError as error:
        raise EventError(f"not an event: {error}") from error


def normalise_event(event: AnyEvent) -> AnyEvent:
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
    if event.ip and not _BARE_IP.fullmatch(event.ip):
        event = replace(event, ip=_parse_client_ip(event.ip))
    return event


def _parse_client_ip(text: str) -> str:
    first = text.partition(",")[0].strip()
    if first.startswith("["):
        return first[1:].partition("]")[0]
    return first.partition(":")[0] if first.count(":") == 1 else first


def _parse_time(value: object) -> datetime:
    """A time as text of RFC 3339 or as seconds or milliseconds since 1970; UTC where no zone is named."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise EventError("not an event: it says no time")
    try:
        at = (
            _parse_unix_time(float(text))
            if _NUMBER.fullmatch(text)
            else datetime.fromisoformat(text.removesuffix(" UTC"))
        )
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise EventError(f"not an event: '{text}' is no time") from error


def _parse_unix_time(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1_000 if number >= _MIN_UNIX_MS else number, UTC)


# FOLDED table.py: Read events from a table: the CSV export of an ESP, or any other whose columns are named.


def read_table(
    lines: Iterable[bytes], formats: Sequence[ExportFormat], *, on_unreadable: Callable[[int, EventError], None]
) -> Iterator[AnyEvent]:
    """The events of a table with a header; columns are divided by comma, semicolon or tab.

    Raises:
        ClicktrailError: it is of no kind among ``formats``.
    """
    texts = (line.decode("utf-8", errors="replace") for line in lines)
    header = next((text for text in texts if text.strip()), "").removeprefix("\ufeff")
    if not header:
        return
    separator = max(",;\t", key=header.count)
    columns = [normalise_column_name(heading.strip('" \r\n')) for heading in header.split(separator)]
    export = detect_export_format(columns, formats)
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
                yield _event_from_row(dict(zip(columns, cells, strict=False)), export)
        except EventError as error:
            on_unreadable(rows.line_num + 1, error)
        except csv.Error as error:
            on_unreadable(rows.line_num + 1, EventError(f"not an event: {error}"))


def _event_from_row(row: Mapping[str, str], format_: ExportFormat) -> AnyEvent:
    """A row's event. A message to several recipients is one for each: ESPs give them all the same id."""
    fields: dict[str, object] = {
        field: next((row[name] for name in names if row.get(name)), "") for field, names in format_.columns.items()
    }
    told = " ".join(row[name] for name in format_.columns.get("type", ()) if row.get(name)) or "click"
    kind = format_.types.get(told.lower()) or format_.types.get(normalise_column_name(told))
    if kind is None:
        raise EventError(f"not an event: '{told}' is none that we know")
    message = (fields.get("message_id") or fields.get("campaign"), fields.get("recipient"))
    own = {"esp": format_.name} if kind not in {"sent", "engagement"} else {}
    return build_event(
        {
            **fields,
            **own,
            "type": kind,
            "source": format_.name,
            "message_id": " ".join(str(part) for part in message if part),
        }
    )


OnUnreadable = Callable[[int, EventError], None]
"""Told of each line that is no event, by its number from 1. It is passed over."""

_MIN_YEAR = 1970
_VERDICT_VALUES = frozenset(Verdict)
_SNIFFED_LINE_COUNT = 20
"""Lines by which a log is told from a table: its first ones may be damaged."""


def read_events(
    lines: Iterable[bytes], formats: Sequence[ExportFormat], *, on_unreadable: OnUnreadable
) -> Iterator[AnyEvent]:
    """The events of one file, line by line, so that its size does not matter.

    Raises:
        ClicktrailError: it is a table of no kind that we know.
    """
    rest = iter(lines)
    first = list(itertools.islice(rest, _SNIFFED_LINE_COUNT))
    lines = itertools.chain(first, rest)
    if any(line.lstrip(b"\xef\xbb\xbf \t").startswith(b"{") for line in first):
        return map(normalise_event, _read_event_log(lines, on_unreadable))
    return map(normalise_event, read_table(lines, formats, on_unreadable=on_unreadable))


def _read_event_log(lines: Iterable[bytes], on_unreadable: OnUnreadable) -> Iterator[AnyEvent]:
    for number, line in enumerate(lines, start=1):
        if text := line.strip().removeprefix(b"\xef\xbb\xbf"):
            try:
                yield _validate_event(_event_from_json(text))
            except EventError as error:
                on_unreadable(number, error)


def _event_from_json(line: bytes) -> AnyEvent:
    """Ours as it is; what another program wrote, with nulls and without time zones, as well as can be."""
    try:
        return decode_event(line)
    except EventError as error:
        try:
            return build_event(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise error from None


def _validate_event(event: AnyEvent) -> AnyEvent:
    """An event that can be counted: some are of the right form and make no sense."""
    if event.at.year < _MIN_YEAR:
        raise EventError(f"not an event: nothing happened in the year {event.at.year}")
    if isinstance(event, AnonymousClick) and event.verdict not in _VERDICT_VALUES:
        raise EventError(f"not an event: '{event.verdict}' is no verdict")
    return event
