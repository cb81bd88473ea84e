"""Read UTM values from an analytics export: Google Analytics 4, Matomo, or any table with UTM columns."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """One row of an export.

    Attributes:
        utm_values: by parameter, such as ``utm_source``, without empty values and placeholders such as ``(not set)``.
        sessions: number of sessions; 0 if the export has no such column.
    """

    utm_values: Mapping[str, str]
    sessions: int


def read_export(text: str) -> Iterator[ExportRow]:
    """Yield the rows of an export that have UTM values.

    Empty lines and lines beginning with ``#`` before the header, as in GA4's exports, and rows of totals are skipped.
    Columns are separated by comma, semicolon or tab.

    Raises:
        ClicktrailError: not a table, or no header with a UTM column.
    """
    # Not splitlines, which also splits at characters that cells may contain.
    lines = [f"{line}\n" for line in text.removeprefix("\ufeff").split("\n")]
    header_index, columns, separator = _find_header(lines)
    utm_columns = {
        index: parameters for index, name in enumerate(columns) if (parameters := _parse_column_parameters(name))
    }
    sessions_index = next((columns.index(name) for name in _SESSION_COLUMNS if name in columns), None)
    try:
        for cells in csv.reader(lines[header_index + 1 :], delimiter=separator):
            values = dict(_read_utm_values(cells, utm_columns))
            if values and not {cell.strip().lower() for cell in cells} & _TOTAL_ROW_LABELS:
                sessions = (
                    _parse_count(cells[sessions_index])
                    if sessions_index is not None and sessions_index < len(cells)
                    else 0
                )
                yield ExportRow(utm_values=values, sessions=sessions)
    except csv.Error as error:
        raise ClicktrailError(f"the export is not a table: {error}") from error


def _find_header(lines: Sequence[str]) -> tuple[int, list[str], str]:
    for index, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            separator = max(",;\t", key=line.count)
            columns = [_normalize_column_name(cell) for cell in next(csv.reader([line], delimiter=separator))]
            if any(map(_parse_column_parameters, columns)):
                return index, columns, separator
            break
    raise ClicktrailError("the export has no UTM column", hint="name a column utm_source, utm_medium or utm_campaign")


def _read_utm_values(cells: Sequence[str], utm_columns: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for index, parameters in utm_columns.items():
        if index < len(cells):
            texts = cells[index].split(" / ", 1) if len(parameters) > 1 else [cells[index]]
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


def _parse_count(cell: str) -> int:
    # Whole numbers, with or without thousands separators or a fraction of zeros.
    digits = re.sub(r"[.,]0{1,2}\Z", "", cell.strip())
    return int("".join(re.findall("[0-9]", digits)) or 0)
