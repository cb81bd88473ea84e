"""The documentation names everything that a user can see, and nothing that does not exist."""

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

import clicktrail
from clicktrail import errors
from clicktrail.cli import app
from clicktrail.judge import rules
from clicktrail.model.event import AnyEvent, Event
from clicktrail.model.link import LinkReason, LinkWarning
from clicktrail.model.tracking_domain import TrackingDomain
from clicktrail.report import CampaignReport
from clicktrail.rewrite import SkipReason, mime
from clicktrail.rewrite.candidate import MAX_ALL_URLS_BYTES, MAX_LINKS
from clicktrail.rewrite.encoded_words import MAX_VALUE_BYTES
from clicktrail.rewrite.shifted_runs import MAX_SHIFTS
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.engagement import BeaconMessage
from clicktrail.server.pipeline.queries import explain_click
from clicktrail.server.pipeline.track import ControlHeaders, parse_control_headers
from clicktrail.server.pipeline.tracking_domains import parse_domains
from clicktrail.server.ports import ClickSearch
from clicktrail.server.settings import Settings
from clicktrail.tokens import MAX_KEYS, SECRET_BYTES, Damage, Key, KeyState, SealedLink, SealedMessage, TokenFormat
from tests.support.events import CONTEXT
from tests.support.judged_lines import SENT_AT, click, make_judged_click
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
REFERENCE = ROOT / "docs" / "reference"
DECISIONS = sorted((ROOT / "docs" / "adr").glob("2*.md"))
RULES = rules.parse_rules((ROOT / "src" / "clicktrail" / "judge" / "data" / "rules.toml").read_text("utf-8")).rules


def read_sections(name: str) -> dict[str, str]:
    """Sections of a reference page by heading, without backquotes; the text before the first heading is ''."""
    introduction, *rest = re.split(r"^## ", (REFERENCE / name).read_text("utf-8"), flags=re.MULTILINE)
    parts = (section.partition("\n") for section in rest)
    return {"": introduction, **{heading.strip("`[] "): text for heading, _, text in parts}}


def find_row_keys(text: str) -> list[str]:
    """First cells of table rows, if they are code."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def find_tables(name: str) -> list[list[str]]:
    """Row keys of each section of a reference page."""
    return [find_row_keys(text) for text in read_sections(name).values()]


def test_errors_page_has_every_error() -> None:
    documented = {
        code: text.strip().partition("\n")[0] for code, text in read_sections("errors.md").items() if code != ""
    }
    classes = [getattr(errors, name) for name in errors.__all__]
    assert documented == {
        error.code: f"`{error.__name__}`. Retryable: {describe_retryable(error)}." for error in classes
    }


def describe_retryable(error: type[errors.ClicktrailError]) -> str:
    if error is errors.RelayError:
        return "if the reply code is 4xx"
    return "yes" if error.retryable else "no"


def test_events_page_has_every_field() -> None:
    common = [field.name for field in msgspec.structs.fields(Event)]
    documented = {name: find_row_keys(text) for name, text in read_sections("events.md").items()}
    expected = {
        str(kind.__struct_config__.tag): [name for name in kind.__struct_fields__ if name not in common]
        for kind in get_args(AnyEvent)
    }
    assert documented.pop("Fields of every event") == [common[0], "type", *common[1:]]
    assert {kind: sorted(fields) for kind, fields in documented.items() if kind} == {
        kind: sorted(fields) for kind, fields in expected.items()
    }


def test_example_event_is_decoded() -> None:
    examples = re.findall(r"^\{.*\}$", (REFERENCE / "events.md").read_text("utf-8"), flags=re.MULTILINE)
    assert [msgspec.json.decode(example)["type"] for example in examples] == ["click"]
    assert all(msgspec.json.decode(example, type=AnyEvent) for example in examples)


def test_settings_page_has_every_setting() -> None:
    documented = {name: find_row_keys(text) for name, text in read_sections("settings.md").items()}
    tree: dict[str, Any] = json.loads(msgspec.json.encode(Settings()))
    expected = {name: [f"{name}.{key}" for key in value] for name, value in tree.items() if isinstance(value, dict)}
    assert documented == {"": [name for name in tree if name not in expected], **expected}


def test_cli_page_has_every_command_and_parameter() -> None:
    documented = {
        name: [re.sub(r"^-\w, ", "", cell).split()[0] for cell in find_row_keys(text)]
        for name, text in read_sections("cli.md").items()
    }
    documented.pop("")
    assert documented == dict(iterate_commands("clicktrail", typer.main.get_command(app)))


def iterate_commands(name: str, command: object) -> Iterator[tuple[str, list[str]]]:
    """Yield each command with the names of its arguments and options."""
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            if not child.hidden:
                yield from iterate_commands(f"{name} {child.name}", child)
    elif isinstance(command, TyperCommand):
        names = [(parameter.opts[0], parameter.metavar) for parameter in command.params]
        yield name, [option if option.startswith("-") else metavar or option for option, metavar in names]


def test_reason_codes_page_has_every_code() -> None:
    documented = {name: sorted(find_row_keys(text)) for name, text in read_sections("reason-codes.md").items()}
    assert documented["Links"] == sorted(LinkReason)
    assert documented["Warnings"] == sorted(LinkWarning)
    assert documented["Messages and parts"] == sorted(SkipReason)


def test_reason_codes_page_has_every_limit() -> None:
    limits = {
        "links": MAX_LINKS,
        "bytes of URLs": MAX_ALL_URLS_BYTES,
        "header bytes": mime.MAX_HEADER_BYTES,
        "header fields": mime.MAX_HEADER_FIELDS,
        "depth": mime.MAX_DEPTH,
        "parts": mime.MAX_PARTS,
        "delimiter lines": mime.MAX_DELIMITER_LINES,
    }
    text = read_sections("reason-codes.md")["Limits"]
    documented = [int(number.replace(",", "")) for number in re.findall(r"^\| ([0-9,]+) ", text, re.MULTILINE)]
    assert documented == list(limits.values())
    assert f"the first {MAX_VALUE_BYTES:,} bytes" in text
    assert f"up to {MAX_SHIFTS:,} bytes that can switch" in text


def test_library_page_has_every_public_name() -> None:
    assert find_row_keys(read_sections("library.md")[""]) == clicktrail.__all__


def test_headers_page_has_every_control_header() -> None:
    names = find_row_keys(read_sections("headers.md")[""])
    parsed = {field.name for field in dataclasses.fields(ControlHeaders)} - {"stripped_message"}
    assert {name.removeprefix("X-Clicktrail-").lower() for name in names} == parsed
    for name in names:
        assert parse_control_headers(f"{name}: x\r\n\r\n".encode()).stripped_message == b"\r\n"


def test_engagement_page_has_every_field_of_a_beacon() -> None:
    assert list(BeaconMessage.__struct_fields__) in find_tables("engagement.md")


def test_signals_page_has_every_rule() -> None:
    assert find_row_keys((REFERENCE / "signals.md").read_text("utf-8")) == [rule.name for rule in RULES]


def test_verdicts_page_explains_every_rule() -> None:
    page = (ROOT / "docs" / "explanation" / "verdicts.md").read_text("utf-8")
    assert [rule.name for rule in RULES if f"`{rule.name}`" not in page] == []


def test_report_page_has_every_field() -> None:
    assert find_row_keys((REFERENCE / "report.md").read_text("utf-8")) == list(
        msgspec.to_builtins(schemas.Campaign.from_report(CampaignReport(campaign="spring")))
    )


def test_clicks_page_has_every_parameter_and_field() -> None:
    explained = explain_click(make_judged_click(click("m1", "1")), rules=CONTEXT.rules, now=SENT_AT)
    fields = list(msgspec.to_builtins(schemas.Click.from_explained(explained, CONTEXT.rules)))
    names = [field.name for field in dataclasses.fields(ClickSearch)]
    parameters = [{"verdicts": "verdict"}.get(name, name) for name in names]
    tables = find_tables("clicks.md")
    assert [*parameters, "limit"] in tables
    assert fields in tables


def test_tokens_page_has_every_format_field_and_key_state() -> None:
    page = (REFERENCE / "tokens.md").read_text("utf-8")
    secret = bytes(SECRET_BYTES)
    first, last = Key(number=0, secret=secret), Key(number=MAX_KEYS - 1, secret=secret)
    rows = re.findall(r"^\| (\w+) \| `(.)` to `(.)`: key 0 to (\d+) \|", page, flags=re.MULTILINE)
    assert rows == [(f.value, first.last_character(f), last.last_character(f), f"{MAX_KEYS - 1}") for f in TokenFormat]
    array_rows = re.findall(r"^\| (\d) \| \w+ \|", page, flags=re.MULTILINE)
    assert array_rows == [str(index) for index, _ in enumerate(msgspec.structs.fields(SealedLink))]
    assert set(re.findall(r"^\| (\w+) \| \d", page, flags=re.MULTILINE)) == {
        "version",
        *(field.name for field in msgspec.structs.fields(SealedMessage)),
    }
    keys = find_row_keys(page)
    assert (keys[: len(KeyState)], keys[-len(Damage) :]) == (list(KeyState), list(Damage))


def test_domains_page_has_every_key_and_a_valid_example() -> None:
    text = read_sections("domains.md")["Domains file"]
    assert find_row_keys(text) == list(TrackingDomain.__struct_fields__)
    (example,) = re.findall(r"```toml\n(.+?)```", text, flags=re.DOTALL)
    assert [domain.host for domain in parse_domains(example)] == ["links.example.com", "links.example.org"]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_decision_is_listed_and_has_all_sections(decision: Path) -> None:
    assert f"]({decision.name})" in (decision.parent / "README.md").read_text("utf-8")
    assert re.findall(r"^## (.*)", decision.read_text("utf-8"), flags=re.MULTILINE) == [
        "Status and date",
        "Context and problem",
        "Considered options",
        "Decision",
        "Consequences",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_existing_files_and_headings(page: Path) -> None:
    for path, anchor in iterate_links(page):
        assert path.exists()
        assert anchor in {"", *find_anchors(path)}


def test_every_page_is_reachable_from_the_index() -> None:
    reached: set[Path] = set()
    unread = {ROOT / "docs" / "README.md"}
    while unread:
        reached |= unread
        linked = {path for page in unread for path, _ in iterate_links(page)}
        unread = {path for path in linked if path.suffix == ".md"} - reached
    assert {page for page in PAGES if "docs" in page.relative_to(ROOT).parts} - reached == set()


def test_pages_named_in_the_code_exist() -> None:
    names = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\bdocs/[\w/.-]+\.md", path.read_text("utf-8"))
    }
    assert sorted(name for name in names if not (ROOT / name).is_file()) == []


def test_paths_named_in_decisions_exist() -> None:
    named = {
        (page.name, path)
        for page in DECISIONS
        for path in re.findall(r"`((?:[\w-]+/)+[\w.-]*)`", page.read_text("utf-8"))
    }
    assert sorted(item for item in named if not path_exists(item[1])) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_named_in_pages_exist(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text("utf-8"))
    missing = [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text("utf-8")]
    assert missing == []


def path_exists(path: str) -> bool:
    return (ROOT / path).exists() or (ROOT / "src" / "clicktrail" / path).exists()


def iterate_links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that a page links to, each with the anchor, which may be empty."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield ((page.parent / path).resolve() if path else page), anchor


def find_anchors(page: Path) -> set[str]:
    """Anchors that Markdown viewers generate for headings."""
    headings = re.findall(r"^#+ (.*)", page.read_text("utf-8"), flags=re.MULTILINE) if page.suffix == ".md" else []
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
