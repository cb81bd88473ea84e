"""Read events from a file's lines: clicktrail's own event log (JSON lines), or a table exported by an ESP."""

import csv
import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from clicktrail.config_text import decode_toml
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import (
    AnonymousClick,
    AnyEvent,
    Click,
    check_event_time,
    decode_event,
    normalize_event_recipient,
)
from clicktrail.model.recipient import normalize_recipient
from clicktrail.model.verdict import Verdict

OnUnreadable = Callable[[int, EventError], None]
"""Called with the line number, from 1, and the error of each line that is not an event; the line is skipped."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SNIFFED_LINE_COUNT = 20
"""Lines that decide between log and table; the first ones may be damaged."""

_MAX_HEADER_CHARS = 65_536
"""Characters of a table's header. Exports of ESPs have up to 100 columns."""
_MAX_UNREADABLE_LINES = 10_000
"""Unreadable lines after which a file is refused if they are most of its lines."""

_VERDICT_VALUES = frozenset(Verdict)

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")
_MIN_UNIX_MS = 100_000_000_000
"""Smallest number read as Unix time in milliseconds: in seconds it would be the year 5138."""

_BARE_IP = re.compile(r"[0-9.]+|[0-9a-f:]+")
_FALSE_VALUES: Final = frozenset({"false", "no", "none", "0", "0.0"})


class ExportFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table format.

    Attributes:
        name: name of the ESP, or ``export``.
        identifying_columns: columns that only this format has together.
        date: when the source was last checked.
        columns: by event field, the columns that may hold it; the first one with a value counts.
        types: event type by the format's own name for it, in lower case.
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
    """Parse an exports file.

    Raises:
        SettingsError: not TOML, or an unknown or missing key.
    """
    return decode_toml(text, _ExportsFile, name="the exports file").exports


def detect_export_format(columns: Collection[str], formats: Iterable[ExportFormat]) -> ExportFormat | None:
    """Find the first format whose identifying columns are all present."""
    return next((format_ for format_ in formats if format_.identifying_columns <= set(columns)), None)


def normalise_column_name(heading: str) -> str:
    """Lower-case a heading and join its words with underscores: ``Campaign Name`` becomes ``campaign_name``."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


def read_events(
    lines: Iterable[bytes], formats: Sequence[ExportFormat], *, on_unreadable: OnUnreadable
) -> Iterator[AnyEvent]:
    """Read the events of a file lazily; a file with a line of JSON among its first lines is a log.

    Raises:
        ClicktrailError: a table of an unknown format, or most of many lines are no events.
    """
    lines = iter(lines)
    first_lines = list(itertools.islice(lines, _SNIFFED_LINE_COUNT))
    all_lines = itertools.chain(first_lines, lines)
    report = _UnreadableLineCounter(on_unreadable)
    if any(line.lstrip(_BYTE_ORDER_MARK + b" \t").startswith(b"{") for line in first_lines):
        return map(normalise_event, _read_event_log(all_lines, report))
    return map(normalise_event, read_table(all_lines, formats, on_unreadable=report))


class _UnreadableLineCounter:
    def __init__(self, on_unreadable: OnUnreadable) -> None:
        self._on_unreadable = on_unreadable
        self._count = 0

    def __call__(self, line_number: int, error: EventError) -> None:
        self._count += 1
        if self._count > max(_MAX_UNREADABLE_LINES, line_number // 2):
            raise ClicktrailError(
                f"{self._count:,} of its first {line_number:,} lines are no events",
                hint="check that it is an event log",
            )
        self._on_unreadable(line_number, error)


def _read_event_log(lines: Iterable[bytes], on_unreadable: OnUnreadable) -> Iterator[AnyEvent]:
    for number, line in enumerate(lines, start=1):
        if text := line.strip().removeprefix(_BYTE_ORDER_MARK):
            try:
                yield _validate_event(_decode_json_event(text))
            except EventError as error:
                on_unreadable(number, error)


def _decode_json_event(line: bytes) -> AnyEvent:
    """Decode our own JSON, or that of another program, with nulls and times without a zone."""
    try:
        return decode_event(line)
    except EventError as error:
        try:
            return build_event(msgspec.json.decode(line, type=dict[str, object]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise error from None


def _validate_event(event: AnyEvent) -> AnyEvent:
    if isinstance(event, AnonymousClick) and event.verdict not in _VERDICT_VALUES:
        raise EventError(f"not an event: '{event.verdict}' is not a verdict")
    return event


def read_table(
    lines: Iterable[bytes], formats: Sequence[ExportFormat], *, on_unreadable: OnUnreadable
) -> Iterator[AnyEvent]:
    """Read the events of a CSV table with a header; the separator is a comma, semicolon or tab.

    Raises:
        ClicktrailError: the header is of none of the formats.
    """
    texts = (line.decode("utf-8", errors="replace") for line in lines)
    header = next((text for text in texts if text.strip()), "").removeprefix("\ufeff")
    if not header:
        return
    header = header[:_MAX_HEADER_CHARS]
    separator = max(",;\t", key=header.count)
    columns = [normalise_column_name(heading.strip('" \r\n')) for heading in header.split(separator)]
    format_ = detect_export_format(columns, formats)
    if format_ is None:
        raise ClicktrailError(
            "it is neither an event log nor an export with a known header",
            hint="name its columns, such as --columns at=Time,recipient=Email,url=Link",
        )
    rows = csv.reader(texts, delimiter=separator)  # counts lines without the header
    while True:
        try:
            cells = next(rows, None)
            if cells is None:
                return
            if any(cells):
                yield _convert_row(dict(zip(columns, cells, strict=False)), format_)
        except EventError as error:
            on_unreadable(rows.line_num + 1, error)
        except csv.Error as error:
            on_unreadable(rows.line_num + 1, EventError(f"not an event: {error}"))


def _convert_row(row: Mapping[str, str], format_: ExportFormat) -> AnyEvent:
    fields: dict[str, object] = {
        field: next((row[column] for column in columns if row.get(column)), "")
        for field, columns in format_.columns.items()
    }
    type_text = " ".join(row[column] for column in format_.columns.get("type", ()) if row.get(column)) or "click"
    event_type = format_.types.get(type_text.lower()) or format_.types.get(normalise_column_name(type_text))
    if event_type is None:
        raise EventError(f"not an event: unknown type '{type_text}'")
    # ESPs give a message to several recipients one ID; each recipient's message gets its own.
    recipient = normalize_recipient(str(fields.get("recipient") or ""))
    message_id_parts = (fields.get("message_id") or fields.get("campaign"), recipient)
    if event_type not in {"sent", "engagement"}:
        fields["esp"] = format_.name
    return build_event(
        {
            **fields,
            "type": event_type,
            "source": format_.name,
            "message_id": " ".join(str(part) for part in message_id_parts if part),
        }
    )


def build_event(fields: Mapping[str, object]) -> AnyEvent:
    """Build an event from another program's fields: values may be text, and unknown ones null or empty.

    Without an ``id``, the hash of all fields becomes the ID, so that a duplicate is the same event.

    Raises:
        EventError: unknown type, missing or invalid time, or a field of the wrong type.
    """
    known_fields = {name: value for name, value in fields.items() if value is not None and value != ""}
    known_fields.setdefault(
        "id", hashlib.blake2b(msgspec.json.encode(known_fields, order="sorted"), digest_size=12).hexdigest()
    )
    known_fields["at"] = _parse_time(known_fields.get("at"))
    if "esp_bot" in known_fields:
        known_fields["esp_bot"] = str(known_fields["esp_bot"]).lower() not in _FALSE_VALUES
    try:
        event = cast("AnyEvent", msgspec.convert(known_fields, AnyEvent, strict=False))
    except msgspec.ValidationError as error:
        raise EventError(f"not an event: {error}") from error
    return normalize_event_recipient(check_event_time(event))


def _parse_time(value: object) -> datetime:
    """Parse RFC 3339, or Unix time in seconds or milliseconds; UTC if no zone is given."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise EventError("not an event: it has no time")
    try:
        at = (
            _parse_unix_time(float(text))
            if _NUMBER.fullmatch(text)
            else datetime.fromisoformat(text.removesuffix(" UTC"))
        )
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise EventError(f"not an event: '{text}' is not a time") from error


def _parse_unix_time(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1_000 if number >= _MIN_UNIX_MS else number, UTC)


def normalise_event(event: AnyEvent) -> AnyEvent:
    """Normalise a click's method, header names and IP address to the spelling of our own events.

    Other programs write ``get``, ``Accept-Language``, addresses with a port, and the addresses of all proxies, the
    client's first (RFC 7239 section 7.4).
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
    if first.startswith("["):  # [2001:db8::7]:443
        return first[1:].partition("]")[0]
    return first.partition(":")[0] if first.count(":") == 1 else first  # 192.0.2.7:443, or an address without port
