"""Read the rows of tables: CSV with a heading, as spreadsheets, databases and ESPs write it."""

import contextlib
import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clicktrail.audit.export_formats import ExportFormat, detect_export_format, normalise_column_name
from clicktrail.errors import EventError

_SEPARATORS: Final = ",;\t|"
_SEPARATOR_LINE: Final = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
"""First line that names the separator for Excel."""
_HEADING_ROWS: Final = 20
"""Rows among which the heading is searched: some exports begin with a title and a period."""
_HEADING_LINES: Final = 200
_MAX_HEADING_CHARS: Final = 65_536
"""Characters of the lines among which the heading is. Exports of ESPs have up to 100 columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The heading of a table.

    Attributes:
        columns: normalised names, in the order of the cells.
        names: the names as they are.
        format_: the format that describes the table; None if none does.
        separator: character between cells.
        row_number: number of rows before the heading, and the heading.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    format_: ExportFormat | None
    separator: str
    row_number: int


def find_heading(lines: Sequence[str], formats: Sequence[ExportFormat]) -> Heading | None:
    """Find the heading among the first lines: the first row that a format describes, else the first row.

    None if there is no row.
    """
    lines = _shorten(lines[:_HEADING_LINES])
    first = next((line for line in lines if line.strip()), "")
    if separator_line := _SEPARATOR_LINE.fullmatch(first):
        separators = separator_line[1]
        skipped = lines.index(first) + 1
    else:
        separators, skipped = _SEPARATORS, 0
    headings = [
        _build_heading(row, number, separator, formats)
        for separator in separators
        for number, row in enumerate(_read_rows(lines, separator), start=1)
        if number > skipped and any(cell.strip() for cell in row)
    ]
    described = [heading for heading in headings if heading.format_]
    if described:
        return min(described, key=lambda heading: heading.row_number)
    return max(headings, key=lambda heading: len(heading.columns), default=None)


def _shorten(lines: Sequence[str]) -> list[str]:
    remaining = _MAX_HEADING_CHARS
    shortened = []
    for line in lines:
        shortened.append(line[:remaining])
        remaining -= len(line)
        if remaining <= 0:
            break
    return shortened


def _read_rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    try:
        return list(itertools.islice(csv.reader(lines, delimiter=separator), _HEADING_ROWS))
    except csv.Error:
        return []


def _build_heading(row: list[str], number: int, separator: str, formats: Sequence[ExportFormat]) -> Heading:
    columns = tuple(map(normalise_column_name, row))
    return Heading(
        columns=columns,
        names=tuple(name.strip() for name in row),
        format_=detect_export_format(frozenset(columns), formats),
        separator=separator,
        row_number=number,
    )


def read_rows(
    lines: Iterable[str], heading: Heading, *, on_unreadable: Callable[[int, EventError], None]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows below the heading as cells by column, each with the number of its last line.

    Of columns with one name, the first one with a value counts. A row with more cells than the heading is reported: an
    unquoted separator would shift its cells.
    """
    columns = heading.columns
    has_duplicates = len(set(columns)) < len(columns)
    rows = csv.reader(lines, delimiter=heading.separator)
    for _ in range(heading.row_number):
        with contextlib.suppress(csv.Error):  # a cell is too long
            next(rows, None)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            on_unreadable(rows.line_num, EventError(f"not an event: {error}"))
            continue
        if cells is None:
            return
        if len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :])):
            message = f"not an event: it has {len(cells)} cells, and the heading has {len(columns)}"
            on_unreadable(rows.line_num, EventError(message))
        elif len(cells) < len(columns) and any("\n" in cell for cell in cells):
            on_unreadable(rows.line_num, EventError("not an event: a quotation mark before its end is not closed"))
        elif any(cells):
            cells += [""] * (len(columns) - len(cells))
            row = _zip_first(columns, cells) if has_duplicates else dict(zip(columns, cells, strict=False))
            yield rows.line_num, row


def _zip_first(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    row: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if not row.get(column, "").strip():
            row[column] = cell
    return row
