"""Read recorded events from the files that a command names: event logs and CSV exports."""

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
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent

__all__ = ["Columns", "Files", "load_export_formats", "read_event_file"]

Files = Annotated[
    list[str],
    typer.Argument(help="Event log or CSV export; .gz is unpacked, - is standard input.", metavar="FILE..."),
]
Columns = Annotated[
    str, typer.Option(help="Columns of other tables, such as at=Time,recipient=Email,url=Link.", metavar="MAP")
]

_MAX_LINE_WARNINGS = 5
"""Unreadable lines of a file that are named; the rest is counted."""


def load_export_formats(columns: str) -> tuple[ExportFormat, ...]:
    """The kinds of tables that we know, and before them the one that the user describes."""
    known = parse_export_formats((resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8"))
    if not columns:
        return known
    other = known[-1]
    named = {
        field.strip(): normalise_column_name(name)
        for field, _, name in (pair.partition("=") for pair in columns.split(","))
    }
    for field, name in named.items():
        if field not in other.columns or not name:
            raise ClicktrailError(f"--columns has no field '{field}'", hint=f"fields are {', '.join(other.columns)}")
    described = msgspec.structs.replace(
        other, identifying_columns=frozenset(named.values()), columns={field: (name,) for field, name in named.items()}
    )
    return described, *known


def read_event_file(file: str, export_formats: Sequence[ExportFormat]) -> Iterator[AnyEvent]:
    """The events of one file; lines that are none are named on standard error, the first of them, and counted.

    Raises:
        ClicktrailError: it cannot be read, or is a table of no kind that we know.
    """
    unreadable = 0

    def complain(number: int, error: EventError) -> None:
        nonlocal unreadable
        unreadable += 1
        if unreadable <= _MAX_LINE_WARNINGS:
            print(f"clicktrail: warning: {file}, line {number}: {error}", file=sys.stderr)

    try:
        with _open_file(file) as lines:
            yield from read_events(lines, export_formats, on_unreadable=complain)
    except (OSError, EOFError, zlib.error) as error:
        raise ClicktrailError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    except ClicktrailError as error:
        raise ClicktrailError(f"cannot read {file}: {error}", hint=error.hint) from error
    if unreadable:
        print(f"clicktrail: warning: {file}: lines that are no events: {unreadable}", file=sys.stderr)


def _open_file(file: str) -> AbstractContextManager[Iterable[bytes]]:
    if file == "-":
        return sys.stdin.buffer
    return gzip.open(file) if file.endswith(".gz") else Path(file).open("rb")
