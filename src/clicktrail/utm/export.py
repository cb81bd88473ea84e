"""Read UTM values from an analytics export: Google Analytics 4, Matomo, or any table with UTM columns."""

import csv
import itertools
import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clicktrail.errors import ClicktrailError

_UTM_COLUMN = re.compile(
    r"""(?: session | first\ user | user | event )? \s*
    (?: manual | marketing )? \s* (?: utm | campaign )? \s*
    (source\ /\ medium | source | medium | campaign | content | ad\ content | keyword | term) (?: \s* name )?""",
    re.VERBOSE,
)
_SESSION_COLUMNS = ("sessions", "nb visits", "visits", "nb uniq visitors", "users")
"""Columns with counts, in order of preference: GA4, Matomo raw and displayed, and approximations."""

_PARAMETER_ALIASES = {"ad content": "content", "keyword": "term"}
_TOTAL_ROW_LABELS = frozenset({"grand total", "total", "totals"})
_LINE = re.compile(r"[^\n]*+\n|[^\n]++\Z")
_TOTAL = re.compile("total", re.IGNORECASE)


MAX_ROWS = 1_000_000
"""Rows of an export. The largest that analytics offer for download have 100,000."""
MAX_COMBINATIONS = 100_000
"""Different combinations of UTM values in an export. Each takes about 10 µs."""
_MAX_HEADER_CHARS = 65_536
_MAX_UTM_COLUMNS = 20
_MAX_COUNT_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """All rows of an export with the same UTM values.

    Attributes:
        utm_values: by parameter, such as ``utm_source``, without empty values and placeholders such as ``(not set)``.
        sessions: number of sessions; 0 if the export has no such column.
        count: number of rows.
    """

    utm_values: Mapping[str, str]
    sessions: int
    count: int = 1


def read_export(text: str) -> Iterator[ExportRow]:
    """Yield the different combinations of UTM values of an export.

    Empty lines and lines beginning with ``#`` before the header, as in GA4's exports, and rows of totals are skipped.
    Columns are separated by comma, semicolon or tab.

    Raises:
        ClicktrailError: not a table, no header with a UTM column, or more than `MAX_ROWS` or `MAX_COMBINATIONS`.
    """
    # Not splitlines, which also splits at characters that cells may contain.
    lines = (line[0] for line in _LINE.finditer(text.removeprefix("\ufeff")))
    try:
        columns, separator = _read_header(lines)
        counts = _count_combinations(csv.reader(lines, delimiter=separator), columns, has_totals=_has_totals(text))
    except csv.Error as error:
        raise ClicktrailError(f"the export is not a table: {error}") from error
    utm_columns = _find_utm_columns(columns)
    for cells, count in counts.items():
        if values := dict(_read_utm_values(cells, utm_columns)):
            yield ExportRow(utm_values=values, sessions=count.sessions, count=count.rows)


def _read_header(lines: Iterable[str]) -> tuple[list[str], str]:
    for line in lines:
        if line.strip() and not line.startswith("#"):
            header = line[:_MAX_HEADER_CHARS]
            separator = max(",;\t", key=header.count)
            columns = [_normalize_column_name(cell) for cell in next(csv.reader([header], delimiter=separator))]
            if any(map(_parse_column_parameters, columns)):
                return columns, separator
            break
    raise ClicktrailError("the export has no UTM column", hint="name a column utm_source, utm_medium or utm_campaign")


def _find_utm_columns(columns: Iterable[str]) -> dict[int, Sequence[str]]:
    """Return the parameters of each UTM column, by its index."""
    utm_columns = (
        (index, parameters) for index, name in enumerate(columns) if (parameters := _parse_column_parameters(name))
    )
    return dict(itertools.islice(utm_columns, _MAX_UTM_COLUMNS))


@dataclass(slots=True)
class _RowCount:
    rows: int = 0
    sessions: int = 0


def _count_combinations(
    rows: Iterable[list[str]], columns: Sequence[str], *, has_totals: bool
) -> dict[tuple[str, ...], _RowCount]:
    """Count the rows by the cells of their UTM columns."""
    utm_indexes = tuple(_find_utm_columns(columns))
    sessions_index = next((columns.index(name) for name in _SESSION_COLUMNS if name in columns), None)
    padding = [""] * (utm_indexes[-1] + 1)
    read_cells = operator.itemgetter(*utm_indexes, utm_indexes[0])  # of a single index, it would return no tuple
    counts: dict[tuple[str, ...], _RowCount] = {}
    for row_number, cells in enumerate(rows, start=1):
        if row_number > MAX_ROWS:
            raise ClicktrailError(f"the export has more than {MAX_ROWS:,} rows", hint="export a shorter period")
        if not cells or (has_totals and not _TOTAL_ROW_LABELS.isdisjoint([cell.strip().lower() for cell in cells])):
            continue
        key = read_cells(cells if len(cells) >= len(padding) else cells + padding)
        count = counts.get(key)
        if count is None:
            if len(counts) == MAX_COMBINATIONS:
                raise ClicktrailError(
                    f"the export has more than {MAX_COMBINATIONS:,} different combinations of UTM values",
                    hint="export fewer columns or a shorter period",
                )
            count = counts[key] = _RowCount()
        count.rows += 1
        if sessions_index is not None and sessions_index < len(cells):
            count.sessions += _parse_count(cells[sessions_index])
    return counts


def _has_totals(text: str) -> bool:
    return _TOTAL.search(text) is not None


def _read_utm_values(cells: Sequence[str], utm_columns: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for cell, parameters in zip(cells, utm_columns.values(), strict=False):
        texts = cell.split(" / ", 1) if len(parameters) > 1 else [cell]
        for parameter, value in zip(parameters, texts, strict=False):
            # Placeholders of analytics are in parentheses, such as "(not set)".
            if value.strip() and not (value.strip().startswith("(") and value.strip().endswith(")")):
                yield parameter, value


def _normalize_column_name(cell: str) -> str:
    # "utm_source", "campaignSource" and "Session source" become lower-case words.
    return " ".join(re.sub(r"([a-z])([A-Z])", r"\1 \2", cell).replace("_", " ").lower().split())


def _parse_column_parameters(column: str) -> list[str]:
    # A column may hold two parameters, "source / medium". Matomo calls the campaign "label".
    if column == "label":
        return ["utm_campaign"]
    match = _UTM_COLUMN.fullmatch(column)
    return [f"utm_{_PARAMETER_ALIASES.get(name, name)}" for name in match[1].split(" / ")] if match else []


@lru_cache(10_000)
def _parse_count(cell: str) -> int:
    # Whole numbers, with or without thousands separators or a fraction of zeros.
    digits = "".join(re.findall("[0-9]", re.sub(r"[.,]0{1,2}\Z", "", cell.strip())))
    return int(digits or 0) if len(digits) <= _MAX_COUNT_DIGITS else 0
