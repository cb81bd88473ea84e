"""Read event logs and CSV exports."""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from clicktrail.audit import read_events
from clicktrail.audit.reader import ExportFormat, normalise_column_name, parse_export_formats
from clicktrail.cli.terminal import print_warning
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent

Files = Annotated[
    list[str],
    typer.Argument(help="Event log or CSV export; .gz is decompressed, - is standard input.", metavar="FILE..."),
]
Columns = Annotated[
    str,
    typer.Option(
        help="Columns of a table in no known format, such as at=Time,recipient=Email,url=Link.", metavar="MAP"
    ),
]

_MAX_LINE_WARNINGS = 5
"""Unreadable lines of a file that are named; the others are only counted."""


def load_export_formats(columns: str) -> tuple[ExportFormat, ...]:
    """Load the known table formats; a format with the columns that ``--columns`` names comes first.

    Raises:
        ClicktrailError: ``--columns`` has a field that events do not have.
    """
    known_formats = parse_export_formats(
        (resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8")
    )
    if not columns:
        return known_formats
    generic_format = known_formats[-1]
    column_by_field = {
        field.strip(): normalise_column_name(column)
        for field, _, column in (pair.partition("=") for pair in columns.split(","))
    }
    for field, column in column_by_field.items():
        if field not in generic_format.columns or not column:
            raise ClicktrailError(
                f"--columns has no field '{field}'", hint=f"fields are {', '.join(generic_format.columns)}"
            )
    custom_format = msgspec.structs.replace(
        generic_format,
        identifying_columns=frozenset(column_by_field.values()),
        columns={field: (column,) for field, column in column_by_field.items()},
    )
    return custom_format, *known_formats


def read_event_files(files: Iterable[str], formats: Sequence[ExportFormat]) -> Iterator[AnyEvent]:
    """Events of all files. Lines that hold no event are counted on standard error, the first ones with the reason.

    Raises:
        ClicktrailError: a file cannot be read, or is a table in no known format.
    """
    for file in files:
        yield from _read_event_file(file, formats)


def _read_event_file(file: str, formats: Sequence[ExportFormat]) -> Iterator[AnyEvent]:
    unreadable_count = 0

    def report_unreadable_line(number: int, error: EventError) -> None:
        nonlocal unreadable_count
        unreadable_count += 1
        if unreadable_count <= _MAX_LINE_WARNINGS:
            print_warning(f"{file}, line {number}: {error}")

    try:
        with _open_file(file) as lines:
            yield from read_events(lines, formats, on_unreadable=report_unreadable_line)
    except (OSError, EOFError, zlib.error) as error:
        raise ClicktrailError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    except ClicktrailError as error:
        raise ClicktrailError(f"cannot read {file}: {error}", hint=error.hint) from error
    if unreadable_count:
        print_warning(f"{file}: lines that are no events: {unreadable_count}")


def _open_file(file: str) -> AbstractContextManager[Iterable[bytes]]:
    if file == "-":
        return sys.stdin.buffer
    return gzip.open(file) if file.endswith(".gz") else Path(file).open("rb")
