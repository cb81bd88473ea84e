"""Limits of links and exports, and input that once raised."""

import pytest

from clicktrail.errors import ClicktrailError, SettingsError
from clicktrail.utm import Convention, add_utm_parameters, parse_convention
from clicktrail.utm.audit import MAX_VALUES, audit_rows
from clicktrail.utm.convention import to_snake_case
from clicktrail.utm.export import MAX_COMBINATIONS, MAX_ROWS, ExportRow, read_export
from clicktrail.utm.lint import explain_unchecked, fix_url, lint_url
from clicktrail.utm.query import MAX_PAIRS

CONVENTION = Convention(source="email", medium="newsletter", own_hosts=("x.example",))


def test_url_with_too_many_pairs_is_left_alone() -> None:
    allowed = "https://x.example/?" + "&".join(["a=b"] * MAX_PAIRS)
    assert add_utm_parameters(allowed, {"utm_source": "email"}, ["*"]) == f"{allowed}&utm_source=email"
    assert lint_url(allowed, CONVENTION)
    url = f"{allowed}&a=b"
    assert add_utm_parameters(url, {"utm_source": "email"}, ["*"]) == url
    assert lint_url(url, CONVENTION) == ()
    assert fix_url(url, CONVENTION, campaign="c") == url
    assert explain_unchecked(url, CONVENTION) == "it has more than 50 parameters or 10,000 characters"


def test_rows_with_the_same_values_are_counted_together() -> None:
    text = "utm_source,date,sessions\nemail,1,2\n,1,3\nemail,2,40\nemail\n"
    assert list(read_export(text)) == [ExportRow(utm_values={"utm_source": "email"}, sessions=42, count=3)]
    assert audit_rows(read_export(text), CONVENTION).rows == 3


def test_rows_of_totals_are_skipped() -> None:
    text = "date,utm_source\nGrand Total,email\n1, TOTAL \n1,totals of may\n"
    assert [row.utm_values["utm_source"] for row in read_export(text)] == ["totals of may"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("utm_source\n" + "a\n" * (MAX_ROWS + 1), "more than 1,000,000 rows"),
        ("utm_source\n" + "\n".join(map(str, range(MAX_COMBINATIONS + 1))), "more than 100,000 different combinations"),
        ("utm_source\n" + "\n".join(map(str, range(MAX_VALUES + 1))), "more than 50,000 different UTM values"),
    ],
    ids=["rows", "combinations", "values"],
)
def test_export_over_a_limit_is_refused(text: str, message: str) -> None:
    with pytest.raises(ClicktrailError, match=message):
        audit_rows(read_export(text), CONVENTION)


def test_count_of_thousands_of_digits_is_no_count() -> None:
    (row,) = read_export("utm_source,sessions\nemail," + "9" * 5_000)
    assert row.sessions == 0


def test_accents_are_removed_from_long_texts() -> None:
    assert to_snake_case("é" * 500, max_chars=500) == "e" * 500
    assert to_snake_case("e\u0301\u0327" * 500, max_chars=500) == "e" * 500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = " + "[" * 10_000, "nested too deeply"),
        ("a = " + "1" * 10_000, "not TOML"),
        ("a." * 20 + "a = 1", "a key of more than 16 parts"),
        ("#" * 9_000_000, "more than 8,388,608 characters"),
    ],
    ids=["nesting", "number", "key", "length"],
)
def test_hostile_settings_are_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_convention(text)
