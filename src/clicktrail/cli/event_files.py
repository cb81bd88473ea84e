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
from clicktrail.audit.reader import Export, column_name, parse
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent

__all__ = ["Columns", "Files", "known_exports", "recorded_events"]

Files = Annotated[
    list[str],
    typer.Argument(help="Event log or CSV export; .gz is unpacked, - is standard input.", metavar="FILE..."),
]
Columns = Annotated[
    str, typer.Option(help="Columns of other tables, such as at=Time,recipient=Email,url=Link.", metavar="MAP")
]

_NAMED = 5
"""Unreadable lines of a file that are named; the rest is counted."""


def known_exports(columns: str) -> tuple[Export, ...]:
    """The kinds of tables that we know, and before them the one that the user describes."""
    known = parse((resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8"))
    if not columns:
        return known
    other = known[-1]
    named = {
        field.strip(): column_name(name) for field, _, name in (pair.partition("=") for pair in columns.split(","))
    }
    for field, name in named.items():
        if field not in other.columns or not name:
            raise ClicktrailError(f"--columns has no field '{field}'", hint=f"fields are {', '.join(other.columns)}")
    described = msgspec.structs.replace(
        other, telltale=frozenset(named.values()), columns={field: (name,) for field, name in named.items()}
    )
    return described, *known


def recorded_events(file: str, known: Sequence[Export]) -> Iterator[AnyEvent]:
    """The events of one file; lines that are none are named on standard error, the first of them, and counted.

    Raises:
        ClicktrailError: it cannot be read, or is a table of no kind that we know.
    """
    unreadable = 0

    def complain(number: int, error: EventError) -> None:
        nonlocal unreadable
        unreadable += 1
        if unreadable <= _NAMED:
            print(f"clicktrail: warning: {file}, line {number}: {error}", file=sys.stderr)

    try:
        with _opened(file) as lines:
            yield from read_events(lines, known, complain=complain)
    except (OSError, EOFError, zlib.error) as error:
        raise ClicktrailError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    except ClicktrailError as error:
        raise ClicktrailError(f"cannot read {file}: {error}", hint=error.hint) from error
    if unreadable:
        print(f"clicktrail: warning: {file}: lines that are no events: {unreadable}", file=sys.stderr)


def _opened(file: str) -> AbstractContextManager[Iterable[bytes]]:
    if file == "-":
        return sys.stdin.buffer
    return gzip.open(file) if file.endswith(".gz") else Path(file).open("rb")
