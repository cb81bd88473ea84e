"""Whatever a user can see is documented, and what is documented exists."""

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
from clicktrail.report import CampaignReport
from clicktrail.rewrite import SkipReason
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.engagement import BeaconMessage
from clicktrail.server.pipeline.queries import explain_click
from clicktrail.server.pipeline.track import ControlHeaders, parse_control_headers
from clicktrail.server.pipeline.tracking_domains import TrackingDomain, parse_domains
from clicktrail.server.ports import ClickSearch
from clicktrail.server.settings import Settings
from clicktrail.tokens import MAX_KEYS, SECRET_BYTES, Key, KeyState, SealedLink, SealedMessage, TokenFormat
from tests.support.events import CONTEXT
from tests.support.judged_lines import SENT_AT, click, make_judged_click
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
REFERENCE = ROOT / "docs" / "reference"
DECISIONS = sorted((ROOT / "docs" / "adr").glob("2*.md"))


def sections(name: str) -> dict[str, str]:
    """The sections of a reference page whose headings are code, by that code; the page's beginning is ''."""
    beginning, *rest = re.split(r"^## ", (REFERENCE / name).read_text("utf-8"), flags=re.MULTILINE)
    parts = (section.partition("\n") for section in rest)
    return {"": beginning, **{heading.strip("`[] "): text for heading, _, text in parts}}


def listed(text: str) -> list[str]:
    """The first cells of the tables of a text, as far as they are code."""
    return re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)


def test_errors() -> None:
    documented = {code: text.strip().partition("\n")[0] for code, text in sections("errors.md").items() if code}
    classes = [getattr(errors, name) for name in errors.__all__]
    expected = {
        error.code: f"`{error.__name__}`. Retryable: {'yes' if error.retryable else 'no'}." for error in classes
    }
    expected["relay-refused"] = "`RelayError`. Retryable: if the reply code is 4xx."
    assert documented == expected


def test_events() -> None:
    common = [field.name for field in msgspec.structs.fields(Event)]
    documented = {name: listed(text) for name, text in sections("events.md").items()}
    expected = {
        str(kind.__struct_config__.tag): [name for name in kind.__struct_fields__ if name not in common]
        for kind in get_args(AnyEvent)
    }
    assert documented.pop("Fields of every event") == [common[0], "type", *common[1:]]
    assert {kind: sorted(fields) for kind, fields in documented.items() if kind} == {
        kind: sorted(fields) for kind, fields in expected.items()
    }


def test_the_example_of_an_event() -> None:
    examples = re.findall(r"^\{.*\}$", (REFERENCE / "events.md").read_text("utf-8"), flags=re.MULTILINE)
    assert ["click"] == [msgspec.json.decode(example)["type"] for example in examples]
    assert all(msgspec.json.decode(example, type=AnyEvent) for example in examples)


def test_settings() -> None:
    documented = {name: listed(text) for name, text in sections("settings.md").items()}
    tree: dict[str, Any] = json.loads(msgspec.json.encode(Settings()))
    expected = {name: [f"{name}.{key}" for key in value] for name, value in tree.items() if isinstance(value, dict)}
    assert documented == {"": [name for name in tree if name not in expected], **expected}


def test_commands() -> None:
    documented = {
        name: [re.sub(r"^-\w, ", "", cell).split()[0] for cell in listed(text)]
        for name, text in sections("cli.md").items()
    }
    documented.pop("")
    assert documented == dict(_commands("clicktrail", typer.main.get_command(app)))


def _commands(name: str, command: object) -> Iterator[tuple[str, list[str]]]:
    """Every command with the names of what it takes."""
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            if not child.hidden:
                yield from _commands(f"{name} {child.name}", child)
    elif isinstance(command, TyperCommand):
        taken = [(parameter.opts[0], parameter.metavar) for parameter in command.params]
        yield name, [option if option.startswith("-") else metavar or option for option, metavar in taken]


def test_reason_codes() -> None:
    documented = {name: sorted(listed(text)) for name, text in sections("reason-codes.md").items()}
    assert documented["Links"] == sorted(LinkReason)
    assert documented["Warnings"] == sorted(LinkWarning)
    assert documented["Messages and parts"] == sorted(SkipReason)


def test_library() -> None:
    assert listed(sections("library.md")[""]) == clicktrail.__all__


def test_headers() -> None:
    names = listed(sections("headers.md")[""])
    read = {field.name for field in dataclasses.fields(ControlHeaders)} - {"stripped_message"}
    assert read == {name.removeprefix("X-Clicktrail-").lower() for name in names}
    for name in names:
        assert parse_control_headers(f"{name}: x\r\n\r\n".encode()).stripped_message == b"\r\n"


def test_engagement() -> None:
    assert listed(sections("engagement.md")["What `/e` takes"]) == list(BeaconMessage.__struct_fields__)


def test_signals() -> None:
    text = (ROOT / "src" / "clicktrail" / "judge" / "data" / "rules.toml").read_text("utf-8")
    assert listed((REFERENCE / "signals.md").read_text("utf-8")) == [
        rule.name for rule in rules.parse_rules(text).rules
    ]


def test_verdicts() -> None:
    text = (ROOT / "src" / "clicktrail" / "judge" / "data" / "rules.toml").read_text("utf-8")
    page = (ROOT / "docs" / "explanation" / "verdicts.md").read_text("utf-8")
    assert [] == [rule.name for rule in rules.parse_rules(text).rules if f"`{rule.name}`" not in page]


def test_report() -> None:
    assert listed((REFERENCE / "report.md").read_text("utf-8")) == list(
        msgspec.to_builtins(schemas.Campaign.from_report(CampaignReport(campaign="spring")))
    )


def test_clicks() -> None:
    explained = explain_click(make_judged_click(click("m1", "1")), rules=CONTEXT.rules, now=SENT_AT)
    fields = list(msgspec.to_builtins(schemas.Click.from_explained(explained, CONTEXT.rules)))
    documented = {name: listed(text) for name, text in sections("clicks.md").items()}
    parameters = [field.name for field in dataclasses.fields(ClickSearch)]
    assert [*parameters, "limit"] == [
        {"verdict": "verdicts"}.get(name, name) for name in documented["Query parameters"]
    ]
    assert fields == documented["Response"]


def test_tokens() -> None:
    page = (REFERENCE / "tokens.md").read_text("utf-8")
    secret = bytes(SECRET_BYTES)
    first, last = Key(number=0, secret=secret), Key(number=MAX_KEYS - 1, secret=secret)
    rows = re.findall(r"^\| (\w+) \| `(.)` to `(.)`: key 0 to (\d+) \|", page, flags=re.MULTILINE)
    assert rows == [(f.value, first.last_character(f), last.last_character(f), f"{MAX_KEYS - 1}") for f in TokenFormat]
    assert re.findall(r"^\| \d \| \w+ \| .*", page, flags=re.MULTILINE)[-1].startswith(
        f"| {len(msgspec.structs.fields(SealedLink)) - 1} |"
    )
    assert set(re.findall(r"^\| (\w+) \| \d", page, flags=re.MULTILINE)) == {
        "version",
        *(field.name for field in msgspec.structs.fields(SealedMessage)),
    }
    assert listed(page)[: len(KeyState)] == list(KeyState)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_decisions(decision: Path) -> None:
    assert f"]({decision.name})" in (decision.parent / "README.md").read_text("utf-8")
    assert re.findall(r"^## (.*)", decision.read_text("utf-8"), flags=re.MULTILINE) == [
        "Status and date",
        "Context and problem",
        "Considered options",
        "Decision",
        "Consequences",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    for linked, heading in _links(page):
        assert linked.exists()
        assert heading in {"", *_anchors(linked)}


def test_no_page_is_forgotten() -> None:
    reached: set[Path] = set()
    ahead = {ROOT / "docs" / "README.md"}
    while ahead:
        reached |= ahead
        found = {linked for page in ahead for linked, _ in _links(page)}
        ahead = {page for page in found if page.suffix == ".md"} - reached
    assert set() == {page for page in PAGES if "docs" in page.relative_to(ROOT).parts} - reached


def _links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files that a page links to, each with a heading's anchor or none."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, heading = target.partition("#")
            yield ((page.parent / path).resolve() if path else page), heading


def _anchors(page: Path) -> set[str]:
    """The anchors that sites which show Markdown make of headings."""
    headings = re.findall(r"^#+ (.*)", page.read_text("utf-8"), flags=re.MULTILINE) if page.suffix == ".md" else []
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_that_the_code_points_to() -> None:
    named = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\bdocs/[\w/.-]+\.md", path.read_text("utf-8"))
    }
    assert [] == sorted(name for name in named if not (ROOT / name).is_file())


def test_domains() -> None:
    text = sections("domains.md")[""]
    assert list(TrackingDomain.__struct_fields__) == listed(text)
    (example,) = re.findall(r"```toml\n(.+?)```", text, flags=re.DOTALL)
    assert ["links.example.com", "links.example.org"] == [domain.host for domain in parse_domains(example)]
