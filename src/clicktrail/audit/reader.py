"""Read the events of a file: clicktrail's own log, or what an ESP gives, as table, JSON or form fields.

What a file is, is decided by its content. Text is decoded (`text_lines`) and split into table rows (`tables`), JSON
objects (`json_text`) or forms. Records in them are found (`json_records`) by the formats that describe them
(`export_formats`), and become events (`building`). What cannot be read is reported with its line.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from clicktrail.audit.building import (
    OWN_TYPES,
    OtherTypeError,
    build_event,
    convert_record,
    normalise_event,
)
from clicktrail.audit.export_formats import ExportFormat, find_similar_format
from clicktrail.audit.json_records import RecordFinder, flatten
from clicktrail.audit.json_text import JsonSplitter, split_objects
from clicktrail.audit.tables import Heading, find_heading, read_rows
from clicktrail.audit.text_lines import read_text_lines
from clicktrail.audit.times import DateOrder, Resolution, TimeReader, find_date_order
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnonymousClick, AnyEvent, decode_event
from clicktrail.model.verdict import Verdict

OnUnreadable = Callable[[int, EventError], None]
"""Called with the line number, from 1, and the error of each line that is not an event; the line is skipped."""

_MAX_COMPARED_OBJECTS: Final = 100
"""Objects of no known format that are compared with the known formats."""
_SNIFFED_LINES: Final = 200
"""Lines that decide between JSON, form and table; the first ones may be damaged."""
_SNIFFED_JSON_LINES: Final = 20
_MAX_UNREADABLE_LINES: Final = 10_000
"""Unreadable lines after which a file is refused if they are most of its lines."""
_MAX_FORM_FIELDS: Final = 1_000
_MAX_NAMED_COLUMNS: Final = 20
_MAX_NAMES_CHARS: Final = 300

_VERDICT_VALUES: Final = frozenset(Verdict)
_JSON_BEGINNING: Final = re.compile(r"[\s,\[\x1e]*\{\s*(?:[\"}]|$)|\[\s*$")
_FORM: Final = re.compile(r"(?:[\w.%+\[\]-]+=[^&\s]*&)*[\w.%+\[\]-]+=[^&\s]*&?")
_TOTALS: Final = re.compile(
    r"(?:(?:unique|total|gross|num|number_of)_)?(?:clicks|opens|clicked|opened|(?:click|open)_rate)"
)


@dataclass(slots=True, kw_only=True)
class FileReading:
    """What is known about the reading of one file.

    Attributes:
        times: reads the times, and knows what was assumed about them.
        format_: the format of the latest record.
        similar_format: format of an ESP that resembles records without a format.
        encoding: name of a guessed encoding; empty if none was guessed.
        has_custom_columns: the user named columns.
    """

    times: TimeReader = field(default_factory=TimeReader)
    format_: ExportFormat | None = None
    similar_format: ExportFormat | None = None
    encoding: str = ""
    has_custom_columns: bool = False


def read_events(
    chunks: Iterable[bytes],
    formats: Sequence[ExportFormat],
    *,
    on_unreadable: OnUnreadable,
    reading: FileReading | None = None,
) -> Iterator[AnyEvent]:
    """Read the events of a file lazily.

    chunks: the file's bytes in pieces of any size. If dates need it, they are iterated a second time.

    Raises:
        ClicktrailError: a table of an unknown format, dates of an unknown order, or most of many lines are no events.
    """
    reader = _Reader(chunks, formats, _UnreadableLineCounter(on_unreadable), reading or FileReading())
    return map(normalise_event, reader.read())


class _UnreadableLineCounter:
    def __init__(self, on_unreadable: OnUnreadable) -> None:
        self._on_unreadable = on_unreadable
        self._count = 0

    def __call__(self, line_number: int, error: EventError) -> None:
        if not isinstance(error, OtherTypeError):
            self._count += 1
        if self._count > max(_MAX_UNREADABLE_LINES, line_number // 2):
            raise ClicktrailError(
                f"{self._count:,} of its first {line_number:,} lines are no events",
                hint="check that it is an event log",
            )
        self._on_unreadable(line_number, error)


class _Reader:
    def __init__(
        self,
        chunks: Iterable[bytes],
        formats: Sequence[ExportFormat],
        on_unreadable: OnUnreadable,
        reading: FileReading,
    ) -> None:
        self._chunks = chunks
        self._formats = formats
        self._record_finder = RecordFinder([format_ for format_ in formats if not format_.is_guess])
        self._on_unreadable = on_unreadable
        self._reading = reading
        self._compared_objects = 0

    def read(self) -> Iterator[AnyEvent]:
        lines = self._decode()
        first_lines = list(itertools.islice(lines, _SNIFFED_LINES))
        lines = itertools.chain(first_lines, lines)
        if _is_json(first_lines):
            return self._read_json(lines, is_one_object_per_line=_has_one_object_per_line(first_lines))
        if _is_form(first_lines):
            return self._read_forms(lines)
        if heading := find_heading(first_lines, self._formats):
            return self._read_table(lines, heading)
        return iter(())

    def _decode(self) -> Iterator[str]:
        return read_text_lines(self._chunks, on_guess=self._note_encoding, on_unreadable=self._on_unreadable)

    def _note_encoding(self, encoding: str) -> None:
        self._reading.encoding = encoding

    def _read_json(self, lines: Iterable[str], *, is_one_object_per_line: bool) -> Iterator[AnyEvent]:
        for number, text in split_objects(lines, is_one_object_per_line=is_one_object_per_line):
            try:
                event = None if self._reading.has_custom_columns else self._decode_own_event(text)
                if event:
                    yield event
                else:
                    yield from self._convert_all(_decode_json(text), number)
            except EventError as error:
                self._on_unreadable(number, error)

    def _decode_own_event(self, text: str) -> AnyEvent | None:
        try:
            event = decode_event(text.encode(errors="surrogatepass"))
        except EventError:
            return None
        if isinstance(event, AnonymousClick) and event.verdict not in _VERDICT_VALUES:
            raise EventError(f"not an event: '{event.verdict}' is not a verdict")
        self._reading.times.check_year(event.at)
        self._reading.times.latest_resolution = Resolution.SECOND
        return event

    def _convert_all(self, value: object, number: int) -> Iterator[AnyEvent]:
        """Events of all records in decoded JSON, or in a form's fields."""
        is_own = isinstance(value, dict) and value.get("type") in OWN_TYPES and "at" in value
        if is_own and isinstance(value, dict) and not self._reading.has_custom_columns:
            yield build_event(value, self._reading.times)
            return
        records = self._record_finder.find(value)
        is_empty = True
        for format_, record in records:
            is_empty = False
            self._reading.format_ = format_
            try:
                yield convert_record(record, format_, self._reading.times)
            except EventError as error:
                self._on_unreadable(number, error)
        if is_empty and value != []:
            raise self._explain_unknown_object(value)

    def _explain_unknown_object(self, value: object) -> EventError:
        columns = frozenset(flatten(value)) if isinstance(value, dict) else frozenset()
        if self._reading.similar_format is None and self._compared_objects < _MAX_COMPARED_OBJECTS:
            self._compared_objects += 1
            self._reading.similar_format = find_similar_format(columns, self._formats)
        if "type" in columns and "at" not in columns:
            return EventError("not an event: it has no time")
        return EventError("not an event: no known format describes its fields")

    def _read_forms(self, lines: Iterable[str]) -> Iterator[AnyEvent]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                fields = dict(parse_qsl(line.strip(), max_num_fields=_MAX_FORM_FIELDS))  # of repeated fields the last
                yield from self._convert_all(fields, number)
            except ValueError as error:
                self._on_unreadable(number, EventError(f"not an event: {error}"))
            except EventError as error:
                self._on_unreadable(number, error)

    def _read_table(self, lines: Iterable[str], heading: Heading) -> Iterator[AnyEvent]:
        if heading.format_ and heading.format_.is_guess and _find_totals(heading):
            raise self._explain_unknown_table(heading)
        if heading.format_ is None:
            return self._read_json_cells(lines, heading)
        self._reading.format_ = heading.format_
        return self._convert_rows(lines, heading, heading.format_)

    def _convert_rows(self, lines: Iterable[str], heading: Heading, format_: ExportFormat) -> Iterator[AnyEvent]:
        times = self._reading.times
        if times.order is None and not isinstance(self._chunks, Iterator):
            times.find_order = partial(self._find_date_order, heading, format_)
        for number, row in read_rows(lines, heading, on_unreadable=self._on_unreadable):
            try:
                yield convert_record(row, format_, times)
            except EventError as error:
                self._on_unreadable(number, error)

    def _find_date_order(self, heading: Heading, format_: ExportFormat) -> DateOrder | None:
        """Read the file again, up to a date that decides the order of day and month."""
        lines = read_text_lines(self._chunks, on_guess=lambda _: None, on_unreadable=lambda _, __: None)
        rows = read_rows(lines, heading, on_unreadable=lambda _, __: None)
        columns = format_.columns.get("at", ())
        texts = (next((row[column] for column in columns if row.get(column)), "") for _, row in rows)
        return find_date_order(texts, self._reading.times.latest_year)

    def _read_json_cells(self, lines: Iterable[str], heading: Heading) -> Iterator[AnyEvent]:
        """Read a table of an unknown format whose cells may have an ESP's JSON, as databases keep webhooks."""
        rows = read_rows(lines, heading, on_unreadable=self._on_unreadable)
        first = next(rows, None)
        if first is None or not any(cell.lstrip().startswith(("{", "[")) for cell in first[1].values()):
            raise self._explain_unknown_table(heading)
        for number, row in itertools.chain([first], rows):
            try:
                yield from self._convert_all({**row}, number)
            except EventError as error:
                self._on_unreadable(number, error)

    def _explain_unknown_table(self, heading: Heading) -> ClicktrailError:
        hint = "name its columns, such as --columns at=Time,recipient=Email,url=Link"
        if names := ", ".join(filter(None, heading.names[:_MAX_NAMED_COLUMNS])):
            hint += f"; it has {names[:_MAX_NAMES_CHARS]}"
        similar = find_similar_format(frozenset(heading.columns), self._formats)
        if totals := _find_totals(heading):
            message = f"it has totals (column '{totals[0]}'), not single clicks"
            return ClicktrailError(message, hint=similar.hint if similar else "export a row for each click")
        if similar:
            missing = [
                name if isinstance(name, str) else name[0]
                for name in similar.identifying_columns
                if not ({name} if isinstance(name, str) else set(name)) & set(heading.columns)
            ]
            message = f"it looks like {similar.name}, but has no column {' and no column '.join(missing)}"
            return ClicktrailError(message, hint=f"{similar.hint}; or {hint}")
        return ClicktrailError("it is neither an event log nor an export with a known header", hint=hint)


def _find_totals(heading: Heading) -> list[str]:
    names = zip(heading.columns, heading.names, strict=True)
    return [name for column, name in names if _TOTALS.fullmatch(column)]


def _decode_json(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise EventError(f"not an event: {error}") from error


def _is_json(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    if _JSON_BEGINNING.match(first):
        return True
    return any(_is_object(line) for line in lines[:_SNIFFED_JSON_LINES])


def _is_object(line: str) -> bool:
    text = line.strip().strip("[],")
    if not text.startswith('{"'):
        return False
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True


def _has_one_object_per_line(lines: Sequence[str]) -> bool:
    for line, following in itertools.zip_longest(lines, lines[1:], fillvalue=""):
        if line.lstrip(" \t,[\x1e").startswith("{"):
            splitter = JsonSplitter()
            objects = list(splitter.split(line, 1))
            return (not list(splitter.end()) and bool(objects)) or following.startswith('{"')
    return True


def _is_form(lines: Sequence[str]) -> bool:
    first = next((line for line in lines if line.strip()), "").strip()
    return ("&" in first or first.startswith("mandrill_events=")) and bool(_FORM.fullmatch(first))
