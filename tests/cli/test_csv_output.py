import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.cli.csv_output import SafeCsvWriter


def write(*cells: object) -> list[str]:
    """Write one row, and read it as a spreadsheet does."""
    output = io.StringIO(newline="")
    SafeCsvWriter(output).write_rows([cells])
    (row,) = csv.reader(io.StringIO(output.getvalue(), newline=""))
    return row


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|calc", "'=cmd|calc"),
        ('=HYPERLINK("http://evil.example")', '\'=HYPERLINK("http://evil.example")'),
        ("+1", "'+1"),
        ("-1+2", "'-1+2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff20SUM(A1)", "'\uff20SUM(A1)"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        ("\x1b[31m", r"\x1b[31m"),
        ("a=1", "a=1"),
        ("mary@example.com", "mary@example.com"),
        ("", ""),
    ],
)
def test_text_is_no_formula(text: str, cell: str) -> None:
    assert write(text) == [cell]


def test_numbers_stay_numbers() -> None:
    assert write(-7, 0.5, "a, b") == ["-7", "0.5", "a, b"]


@given(st.text(max_size=9))
def test_no_cell_begins_a_formula(text: str) -> None:
    (cell,) = write(f"{text}x")
    assert cell.strip()[:1] not in set("=+-@\uff1d\uff0b\uff0d\uff20")
    assert cell.isprintable() or not text.isprintable()
