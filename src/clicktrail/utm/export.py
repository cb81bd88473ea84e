"""Read UTM values from an analytics export: Google Analytics 4, Matomo, or any table with UTM columns.

A file may have several tables, as exports of GA4's overviews and explorations do. A table ends at an empty line or a
comment. The first row after a comment is a header. After an empty line, a row is a header if it has the name of a known
column, or no number although the table before has numbers; else the table goes on.
"""

import csv
import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from clicktrail.errors import ClicktrailError

_UTM_COLUMN = re.compile(
    r"""(?: session | first\ user | user | event )? \s*
    (?: manual | marketing )? \s* (?: utm | campaign )? \s*
    (source\ ?/\ ?medium | source | medium | campaign | content | ad\ content | keyword | term) (?: \s* name )?""",
    re.VERBOSE,
)
_SESSION_COLUMNS = (
    *("sessions", "nb visits", "visits", "nb uniq visitors", "users"),
    *("active users", "total users", "new users"),
)
"""Columns with counts, in order of preference: GA4, Matomo raw and displayed, and approximations."""
_COMMENT = re.compile(r"\s*#(?:[\s-]|\Z)")
"""Not a value such as ``#blackfriday``."""

_PARAMETER_ALIASES = {"ad content": "content", "keyword": "term"}
_TOTAL_ROW_LABELS = frozenset({"grand total", "total", "totals"})
_LINE = re.compile(r"[^\n]*+\n|[^\n]++\Z")
_TOTAL = re.compile("total", re.IGNORECASE)


MAX_ROWS = 1_000_000
"""Rows of an export. The largest that analytics offer for download have 100,000."""
MAX_COMBINATIONS = 100_000
"""Different combinations of UTM values in an export. Each takes about 10 µs."""
_TOO_MANY_COMBINATIONS = f"the export has more than {MAX_COMBINATIONS:,} different combinations of UTM values"
_MAX_HEADER_CHARS = 65_536
_MAX_UTM_COLUMNS = 20
_MAX_HEADER_CELLS = 1_000
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
    """Yield the different combinations of UTM values of an export, table by table.

    Comments and rows of totals are skipped, and so are tables without UTM columns. Columns are separated by comma,
    semicolon or tab.

    Raises:
        ClicktrailError: not a table, no header with a UTM column, or more than `MAX_ROWS` or `MAX_COMBINATIONS`.
    """
    text = text.removeprefix("\ufeff")
    # Not splitlines, which also splits at characters that cells may contain.
    rows = csv.reader((line[0] for line in _LINE.finditer(text)), delimiter=_find_separator(text))
    try:
        tables = _count_combinations(rows, has_totals=_TOTAL.search(text) is not None)
    except csv.Error as error:
        raise ClicktrailError(f"the export is not a table: {error}") from error
    if not tables:
        raise ClicktrailError(
            "the export has no UTM column", hint="name a column utm_source, utm_medium or utm_campaign"
        )
    for table in tables:
        for cells, count in table.counts.items():
            if values := dict(_read_utm_values(cells, table.utm_columns)):
                yield ExportRow(utm_values=values, sessions=count.sessions, count=count.rows)


def _find_separator(text: str) -> str:
    """The separator of the first line that is the header of a table with UTM columns; else a comma."""
    is_start = True
    for match in _LINE.finditer(text):
        line = match[0]
        if not line.strip() or _COMMENT.match(line):
            is_start = True
        elif is_start:
            header = line[:_MAX_HEADER_CHARS]
            separator = max(",;\t", key=header.count)
            is_start = False
            if any(map(_parse_column_parameters, _read_column_names(header.rstrip().split(separator)))):
                return separator
    return ","


def _read_column_names(cells: Iterable[str]) -> list[str]:
    return [_normalize_column_name(cell.strip('"')) for cell in cells]


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


@dataclass(slots=True)
class _Table:
    """A table: its columns, and the number of its rows by the cells of its UTM columns."""

    columns: Sequence[str]
    utm_columns: Mapping[int, Sequence[str]]
    counts: dict[tuple[str, ...], _RowCount] = field(default_factory=dict)
    has_numbers: bool = False

    @classmethod
    def from_header(cls, cells: Iterable[str]) -> "_Table":
        columns = _read_column_names(cells)
        return cls(columns, _find_utm_columns(columns))

    def build_counter(self) -> Callable[[list[str]], bool]:
        """Build the function that counts a row, and returns whether its combination of values is new."""
        indexes = tuple(self.utm_columns)
        sessions_index = next((self.columns.index(name) for name in _SESSION_COLUMNS if name in self.columns), None)
        padding = [""] * (indexes[-1] + 1)
        read_cells = operator.itemgetter(*indexes, indexes[0])  # of a single index, it would return no tuple

        def count_row(cells: list[str]) -> bool:
            key = read_cells(cells if len(cells) >= len(padding) else cells + padding)
            count = self.counts.get(key)
            is_new = count is None
            if count is None:
                count = self.counts[key] = _RowCount()
            count.rows += 1
            if sessions_index is not None and sessions_index < len(cells):
                count.sessions += _parse_count(cells[sessions_index])
            return is_new

        return count_row


def _count_combinations(rows: Iterable[list[str]], *, has_totals: bool) -> list[_Table]:
    """Count the rows of every table with UTM columns by the cells of these columns."""
    tables: list[_Table] = []
    table: _Table | None = None
    count_row: Callable[[list[str]], bool] | None = None
    is_after_comment, is_after_blank = True, False
    combinations = 0
    for row_number, cells in enumerate(rows, start=1):
        if row_number > MAX_ROWS:
            raise ClicktrailError(f"the export has more than {MAX_ROWS:,} rows", hint="export a shorter period")
        if not any(cells):
            is_after_blank = True
        elif "#" in cells[0] and _COMMENT.match(cells[0]):
            is_after_comment = True
        elif is_after_comment or (is_after_blank and _is_header(cells, table)):
            is_after_comment = is_after_blank = False
            table = _Table.from_header(cells)
            count_row = table.build_counter() if table.utm_columns else None
            tables += [table] if table.utm_columns else []
        else:
            is_after_blank = False
            if table is not None and not table.has_numbers:
                table.has_numbers = any(map(_is_number, cells))
            if count_row and not (has_totals and _is_total(cells)):
                combinations += count_row(cells)
                if combinations > MAX_COMBINATIONS:
                    raise ClicktrailError(_TOO_MANY_COMBINATIONS, hint="export fewer columns or a shorter period")
    return tables


def _is_header(cells: Sequence[str], table: _Table | None) -> bool:
    """Whether a row after an empty line is the header of another table."""
    if table is None:
        return True
    if any(map(_is_number, cells)):
        return False
    names = _read_column_names(cells[:_MAX_HEADER_CELLS])
    return table.has_numbers or any(name in _SESSION_COLUMNS or _parse_column_parameters(name) for name in names)


def _is_number(cell: str) -> bool:
    return cell[:_MAX_COUNT_DIGITS].strip().rstrip("%").replace(",", "").replace(".", "").isdecimal()


def _is_total(cells: Iterable[str]) -> bool:
    return not _TOTAL_ROW_LABELS.isdisjoint([cell.strip().lower() for cell in cells])


def _read_utm_values(cells: Sequence[str], utm_columns: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for cell, parameters in zip(cells, utm_columns.values(), strict=False):
        texts = cell.split(" / " if " / " in cell else "/", 1) if len(parameters) > 1 else [cell]
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
    names = map(str.strip, match[1].split("/")) if match else ()
    return [f"utm_{_PARAMETER_ALIASES.get(name, name)}" for name in names]


@lru_cache(10_000)
def _parse_count(cell: str) -> int:
    # Whole numbers, with or without thousands separators or a fraction of zeros.
    digits = "".join(re.findall("[0-9]", re.sub(r"[.,]0{1,2}\Z", "", cell.strip())))
    return int(digits or 0) if len(digits) <= _MAX_COUNT_DIGITS else 0
