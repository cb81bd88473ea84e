"""Read the UTM values of an analytics export: Google Analytics 4, Matomo, or any table with a column for each."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clicktrail.errors import ClicktrailError

__all__ = ["ExportRow", "read_export"]

_UTM_COLUMN = re.compile(
    r"""(?: session | first\ user | user | event )? \s*
    (?: manual | marketing )? \s* (?: utm | campaign )? \s*
    (source\ /\ medium | source | medium | campaign | content | ad\ content | keyword | term) (?: \s* name )?""",
    re.VERBOSE,
)
_SESSION_COLUMNS = ("sessions", "nb visits", "visits", "nb uniq visitors", "users")
"""Columns that count, the best first: GA4's, Matomo's raw and shown ones, and what comes nearest."""

_PARAMETER_ALIASES = {"ad content": "content", "keyword": "term"}
_TOTAL_ROW_LABELS = frozenset({"grand total", "total", "totals"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """One line of an export.

    Attributes:
        utm_values: by parameter, such as ``utm_source``; none that is empty, or that analytics made up, such as
            ``(not set)``.
        sessions: how many sessions it stands for; 0 if the export does not say.
    """

    utm_values: Mapping[str, str]
    sessions: int


def read_export(text: str) -> Iterator[ExportRow]:
    """The lines of an export that hold UTM values.

    Lines in front of the header that are empty or begin with ``#`` are passed over, as GA4 writes them, and so is a
    line of totals. Columns are divided by comma, semicolon or tab.

    Raises:
        ClicktrailError: it is no table, or no line of it is a header with a column of UTM values.
    """
    # Not splitlines: cells may hold what else it takes for the end of a line.
    lines = [f"{line}\n" for line in text.removeprefix("\ufeff").split("\n")]
    at, columns, separator = _find_header(lines)
    named = {index: parameters for index, name in enumerate(columns) if (parameters := _parse_column_parameters(name))}
    counted = next((columns.index(name) for name in _SESSION_COLUMNS if name in columns), None)
    try:
        for cells in csv.reader(lines[at + 1 :], delimiter=separator):
            values = dict(_read_utm_values(cells, named))
            if values and not {cell.strip().lower() for cell in cells} & _TOTAL_ROW_LABELS:
                sessions = _parse_count(cells[counted]) if counted is not None and counted < len(cells) else 0
                yield ExportRow(utm_values=values, sessions=sessions)
    except csv.Error as error:
        raise ClicktrailError(f"the export is no table: {error}") from error


def _find_header(lines: Sequence[str]) -> tuple[int, list[str], str]:
    for at, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            separator = max(",;\t", key=line.count)
            columns = [_normalize_column_name(cell) for cell in next(csv.reader([line], delimiter=separator))]
            if any(map(_parse_column_parameters, columns)):
                return at, columns, separator
            break
    raise ClicktrailError(
        "the export has no column of UTM values", hint="name one utm_source, utm_medium or utm_campaign"
    )


def _read_utm_values(cells: Sequence[str], named: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for index, parameters in named.items():
        if index < len(cells):
            texts = cells[index].split(" / ", 1) if len(parameters) > 1 else [cells[index]]
            for parameter, value in zip(parameters, texts, strict=False):
                # What analytics made up stands in brackets, such as "(not set)".
                if value.strip() and not (value.strip().startswith("(") and value.strip().endswith(")")):
                    yield parameter, value


def _normalize_column_name(cell: str) -> str:
    """A column's name in lower case, its words apart: ``utm_source``, ``campaignSource`` and "Session source"."""
    return " ".join(re.sub(r"([a-z])([A-Z])", r"\1 \2", cell).replace("_", " ").lower().split())


def _parse_column_parameters(column: str) -> list[str]:
    """The parameters that a column holds: two where source and medium share one; Matomo calls a campaign a label."""
    if column == "label":
        return ["utm_campaign"]
    named = _UTM_COLUMN.fullmatch(column)
    return [f"utm_{_PARAMETER_ALIASES.get(name, name)}" for name in named[1].split(" / ")] if named else []


def _parse_count(cell: str) -> int:
    """A whole number, with or without separators of thousands; a fraction of zeros is none."""
    digits = re.sub(r"[.,]0{1,2}\Z", "", cell.strip())
    return int("".join(re.findall("[0-9]", digits)) or 0)
