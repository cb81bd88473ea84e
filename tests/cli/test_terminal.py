import csv
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clicktrail import keyring_file
from clicktrail.cli.rich_console import DataConsole
from clicktrail.cli.tables import create_table, print_campaign, print_campaigns
from clicktrail.cli.terminal import (
    escape_control_characters,
    escape_control_characters_in_json,
    print_error,
    print_line,
)
from clicktrail.report import CampaignReport, ClickCounts, LinkReport, UniqueClickers
from clicktrail.server.api import schemas
from tests.support.command_line import run_clicktrail
from tests.support.paths import CASES

CLI_CASES = CASES / "clicks" / "cli"
MARKUP = ["50% [/off]", "[red]boo[/red]", "https://x.example/?filter[color]=red", ":smile: [link=x]y", "a [/] b"]
CONTROLS = ["\x1b[31mred", "\x9b31m", "\x7f", "\u202eevil", "a\nb\tc", "\r", "\u2066x\u2069", "\ud800"]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40)


def is_safe(output: str) -> bool:
    """Whether output contains newlines but no other control, bidirectional or surrogate character."""
    return not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in {"LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or character in "\u061c\u200e\u200f"
        for character in output.replace("\n", "")
    )


def remove_whitespace(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b\x7f\x00", r"\x9b\x7f\x00"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\ud800", r"\ud800"),
        ("50% [/off] ünï 👩‍🚀 مرحبا", "50% [/off] ünï 👩‍🚀 مرحبا"),
    ],
)
def test_control_characters_are_escaped_visibly(text: str, escaped: str) -> None:
    assert escape_control_characters(text) == escaped


@given(TEXTS)
def test_no_control_character_remains(text: str) -> None:
    escaped = escape_control_characters(text)
    assert is_safe(escaped)
    assert "\n" not in escaped


@given(st.recursive(TEXTS, lambda values: st.lists(values) | st.dictionaries(TEXTS, values), max_leaves=5))
@example("\x7f\x9b\u202e")
def test_escaped_json_has_the_same_value(value: object) -> None:
    document = escape_control_characters_in_json(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(document) == value
    assert is_safe(document)


@given(TEXTS, st.text(max_size=20))
@example("50% [/off]", "https://shop.example/?filter[color]=red&x[/]=:smile:")
@example("\x1b[31m", "\u202e")
def test_tables_print_names_and_urls_as_they_are(name: str, url: str) -> None:
    console = DataConsole(width=1_000, force_terminal=False)
    table = create_table("campaign", "destination")
    table.add_row(name, url)
    with console.capture() as capture:
        console.print(f"{name}: {url}")
        console.print(table)
    output = capture.get()
    assert is_safe(output)
    line, _, row = (remove_whitespace(line) for line in output.splitlines())
    assert line == remove_whitespace(f"{escape_control_characters(name)}: {escape_control_characters(url)}")
    assert row == remove_whitespace(escape_control_characters(name) + escape_control_characters(url))


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_report_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = schemas.Campaign.from_report(
        CampaignReport(
            campaign=text,
            links=(LinkReport(position=0, url=text, group="[b]", clicks=ClickCounts(), unique=UniqueClickers()),),
        )
    )
    print_campaigns([report], data=Path("data"))
    print_campaign(report)
    output = capsys.readouterr().out
    assert output.count(text) == 3
    assert f"[b], such as {text}" in output


@pytest.mark.parametrize("text", CONTROLS)
def test_lines_and_errors_have_no_control_characters(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_line(text)
    print_error(text, hint=text)
    captured = capsys.readouterr()
    escaped = escape_control_characters(text)
    assert captured.out == f"{escaped}\n"
    assert captured.err == f"clicktrail: error: {escaped}\nclicktrail: hint: {escaped}\n"


def find_case(name: str) -> Path:
    file = CLI_CASES / name
    if not file.exists():
        pytest.skip(f"{file} is absent")
    return file


@pytest.mark.parametrize("name", ["markup_crash_audit.csv", "markup_names_lost.csv", "injection.csv"])
def test_audit_prints_the_names_of_a_case(tmp_path: Path, name: str) -> None:
    file = find_case(name)
    result = run_clicktrail("audit", str(file), folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert is_safe(result.stdout)
    with file.open(newline="") as rows:
        names = {escape_control_characters(row["campaign"]) for row in csv.DictReader(rows)}
    assert {name for name in names if name not in result.stdout} == set()


def test_report_prints_names_and_urls_of_the_cases(tmp_path: Path) -> None:
    names = ["markup_crash_overview.jsonl", "markup_crash_report_url.jsonl", "markup_url_shown_wrong.jsonl"]
    files = [find_case(name) for name in names]
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / "keys.json", earlier_data_paths=[])
    run_clicktrail("import", *map(str, files), folder=tmp_path)
    overview = run_clicktrail("report", folder=tmp_path)
    for file in files:
        click = json.loads(file.read_text())
        report = run_clicktrail("report", click["campaign"], folder=tmp_path)
        assert report.returncode == 0, report.stderr
        assert click["campaign"] in overview.stdout
        assert click["url"] in report.stdout
