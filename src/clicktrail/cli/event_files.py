"""Read event logs and what ESPs export."""

import csv
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta, timezone, tzinfo
from importlib import resources
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

import msgspec
import typer

from clicktrail.audit.building import GENERIC_FORMAT, OWN_TYPES, OtherTypeError
from clicktrail.audit.export_formats import ExportFormat, normalise_column_name, parse_export_formats
from clicktrail.audit.reader import FileReading, read_events
from clicktrail.audit.times import DateOrder, Resolution, TimeReader
from clicktrail.cli.source_files import Source, open_sources
from clicktrail.cli.terminal import print_warning
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent, Click

Files = Annotated[
    list[str],
    typer.Argument(
        help="Event log, or table or JSON of an ESP; gzip and zip are decompressed, - is standard input.",
        metavar="FILE...",
    ),
]
Columns = Annotated[
    str,
    typer.Option(
        help="Columns or JSON fields of an unknown format, and its words for event types, such as"
        " at=Time,recipient=Email,url=Link,type=Action,click=Clicked.",
        metavar="MAP",
    ),
]
Dates = Annotated[
    DateOrder | None,
    typer.Option(help="Order of day, month and year in dates of numbers. Default: the order that all dates allow."),
]
Zone = Annotated[
    str,
    typer.Option(help="Zone of times without one, such as Europe/Berlin or +02:00. Default: UTC.", metavar="ZONE"),
]

_MAX_LINE_WARNINGS: Final = 5
"""Unreadable lines of a file that are named; the others are only counted."""
_MAX_NAMED_TYPES: Final = 5
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2}):?([0-9]{2})?", re.IGNORECASE)
_LATEST_YEAR: Final = 2099


def load_export_formats(columns: str) -> tuple[ExportFormat, ...]:
    """Load the known formats. Fields that ``--columns`` names come from its columns in every format.

    Raises:
        ClicktrailError: ``--columns`` has a field that events do not have.
    """
    known_formats = parse_export_formats(
        (resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8")
    )
    if not columns:
        return known_formats
    generic_format = known_formats[-1]
    column_by_field, types = _parse_columns(columns, generic_format)
    formats = [_override_columns(format_, column_by_field, types) for format_ in known_formats]
    custom_format = msgspec.structs.replace(
        formats[-1], identifying_columns=(column_by_field.get("at", "at"),), hint="name its columns with --columns"
    )
    return (*formats[:-1], custom_format, formats[-1])


def _override_columns(
    format_: ExportFormat, column_by_field: Mapping[str, str], types: Mapping[str, str]
) -> ExportFormat:
    taken = set(column_by_field.values())
    columns = {
        name: tuple(column for column in format_columns if column not in taken)
        for name, format_columns in format_.columns.items()
    }
    for name, column in column_by_field.items():
        columns[name] = (column, *columns.get(name, ()))
    return msgspec.structs.replace(format_, columns=columns, types={**format_.types, **types})


def _parse_columns(columns: str, generic_format: ExportFormat) -> tuple[dict[str, str], dict[str, str]]:
    """The column of each field, and the event type of each word."""
    column_by_field: dict[str, str] = {}
    types: dict[str, str] = {}
    for pair in next(csv.reader([columns], skipinitialspace=True)):
        name, _, column = (part.strip() for part in pair.partition("="))
        if name in generic_format.columns and column:
            column_by_field[name] = normalise_column_name(column)
        elif name in OWN_TYPES and column:
            types |= {normalise_column_name(word): name for word in column.split("|")}
        else:
            raise ClicktrailError(
                f"--columns has no field '{name}'",
                hint=f"fields are {', '.join(generic_format.columns)}; event types are {', '.join(sorted(OWN_TYPES))}",
            )
    return column_by_field, types


def parse_zone(text: str) -> tzinfo | None:
    """Parse the name of a zone, or an offset from UTC; None for no text.

    Raises:
        BadParameter: neither.
    """
    if not text:
        return None
    if offset := _OFFSET.fullmatch(text):
        delta = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-delta if offset[1] == "-" else delta)
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, LookupError) as error:
        raise typer.BadParameter(f"'{text}' is no zone, such as Europe/Berlin or +02:00") from error


@dataclass(slots=True, kw_only=True)
class EventFileReader:
    """Reads files one after the other, and collects what was assumed and left out.

    Attributes:
        notes: sentences about what was read.
        click_resolutions: by source, what its clicks' times distinguish, if not seconds.
        event_resolutions: the same for all other events.
    """

    formats: Sequence[ExportFormat]
    has_custom_columns: bool = False
    order: DateOrder | None = None
    zone: tzinfo | None = None
    latest_year: int = _LATEST_YEAR
    notes: list[str] = field(default_factory=list)
    click_resolutions: dict[str, Resolution] = field(default_factory=dict)
    event_resolutions: dict[str, Resolution] = field(default_factory=dict)

    @classmethod
    def from_options(cls, columns: str, dates: DateOrder | None, zone: str) -> Self:
        """Create a reader from a command's options. Events after the next year are mistakes.

        Raises:
            ClicktrailError: ``columns`` has a field that events do not have.
            BadParameter: ``zone`` is none.
        """
        from clicktrail.server.system import SystemClock

        return cls(
            formats=load_export_formats(columns),
            has_custom_columns=bool(columns),
            order=dates,
            zone=parse_zone(zone),
            latest_year=SystemClock().now().year + 1,
        )

    def read(self, files: Iterable[str]) -> Iterator[AnyEvent]:
        """Yield the events of all files. Lines that hold no event are counted on standard error.

        Raises:
            ClicktrailError: a file cannot be read, is in no known format, or has no readable line.
        """
        for file in files:
            with ExitStack() as stack:
                try:
                    sources = list(open_sources(file, stack))
                except (OSError, zipfile.BadZipFile) as error:
                    raise ClicktrailError(f"cannot read {file}: {_describe(error)}") from error
                except ClicktrailError as error:
                    raise ClicktrailError(f"cannot read {file}: {error}", hint=error.hint) from error
                for source in sources:
                    yield from self._read_source(source)

    def _read_source(self, source: Source) -> Iterator[AnyEvent]:
        reading = FileReading(
            times=TimeReader(latest_year=self.latest_year, zone=self.zone, order=self.order),
            has_custom_columns=self.has_custom_columns,
        )
        problems = _Problems(source.name)
        event_count = 0
        try:
            for event in read_events(source, self.formats, on_unreadable=problems.add, reading=reading):
                event_count += 1
                self._note_resolution(event, reading.times.latest_resolution)
                yield event
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ClicktrailError(f"cannot read {source.name}: {_describe(error)}") from error
        except ClicktrailError as error:
            raise ClicktrailError(f"cannot read {source.name}: {error}", hint=error.hint) from error
        if not event_count:
            problems.raise_if_any(reading)
        problems.print_count()
        self.notes += problems.list_other_types()
        self.notes += _list_assumptions(source.name, reading)

    def _note_resolution(self, event: AnyEvent, resolution: Resolution) -> None:
        if resolution > Resolution.SECOND:
            resolutions = self.click_resolutions if isinstance(event, Click) else self.event_resolutions
            resolutions[event.source] = max(resolution, resolutions.get(event.source, resolution))


class _Problems:
    """What could not be read of a file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line_count = 0
        self._first: tuple[int, EventError] | None = None
        self._other_types: Counter[str] = Counter()

    def add(self, number: int, error: EventError) -> None:
        if isinstance(error, OtherTypeError):
            self._other_types[error.type_text] += 1
            return
        self._line_count += 1
        self._first = self._first or (number, error)
        if self._line_count <= _MAX_LINE_WARNINGS:
            print_warning(f"{self._name}, line {number}: {error}")

    def print_count(self) -> None:
        if self._line_count:
            print_warning(f"{self._name}: lines that are no events: {self._line_count}")

    def list_other_types(self) -> Iterator[str]:
        if self._other_types:
            yield f"{self._name} has rows of other types, which were not read: {self._name_types()}"

    def _name_types(self) -> str:
        named = [f"{name} ({count})" for name, count in self._other_types.most_common(_MAX_NAMED_TYPES)]
        more = len(self._other_types) - len(named)
        return ", ".join([*named, f"and {more} more"] if more else named)

    def raise_if_any(self, reading: FileReading) -> None:
        """Refuse a file without events."""
        format_ = reading.format_ or reading.similar_format
        looks = f"it looks like {format_.name}, but " if format_ and format_.name != GENERIC_FORMAT else ""
        hint = (format_ and format_.hint) or "name its fields, such as --columns at=Time,recipient=Email,url=Link"
        if self._first:
            number, error = self._first
            reason = str(error).removeprefix("not an event: ")
            if "is not a time" in reason:
                hint = "write times as 2026-11-18T08:06:40Z, or name the column of the times: --columns at=Time"
            message = f"{looks}none of its lines could be read; line {number}: {reason}"
            raise ClicktrailError(f"cannot read {self._name}: {message}", hint=hint)
        if self._other_types:
            raise ClicktrailError(
                f"cannot read {self._name}: {looks}it has no known type of event: {self._name_types()}",
                hint="name its words for event types, such as --columns type=Action,click=Clicked,delivered=Delivered",
            )


def _describe(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def _list_assumptions(name: str, reading: FileReading) -> Iterator[str]:
    if reading.encoding:
        yield f"{name} is not UTF-8; it was read as {reading.encoding}, which is a guess"
    if reading.format_ and reading.format_.is_guess:
        yield f"columns of {name} were recognised by common names, which is a guess; --columns names them"
    if reading.times.is_order_found and reading.times.order:
        yield f"dates of {name} were read as {reading.times.order}, which is what its dates allow; --dates decides it"
    if reading.times.is_zone_assumed and not (reading.format_ and reading.format_.is_utc):
        yield f"times of {name} have no zone and were read as UTC; --zone names another"
