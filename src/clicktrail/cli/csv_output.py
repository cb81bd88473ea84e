"""Write CSV that a spreadsheet can open safely.

Names, URLs and addresses come from other people's mail, and a spreadsheet runs a cell that begins like a formula
(OWASP, "CSV Injection"). Such a text gets an apostrophe in front, which spreadsheets take for "this is text". Control
characters are written as visible escapes, because CSV is printed to terminals, too. Numbers stay numbers.
"""

import csv
from collections.abc import Iterable
from typing import IO

from clicktrail.cli.terminal import escape_control_characters

_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""The last four are the full-width forms, which Excel reads as the others."""


class SafeCsvWriter:
    """Writes rows of text and numbers."""

    def __init__(self, output: IO[str]) -> None:
        self._writer = csv.writer(output)

    def write_rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write rows. Texts that a spreadsheet would run are made harmless."""
        self._writer.writerows([_make_harmless(cell) for cell in row] for row in rows)


def _make_harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = escape_control_characters(cell)
    return f"'{text}" if text.lstrip()[:1] in _FORMULA_STARTS else text
