"""What `clicktrail audit` prints, in a terminal of 80 columns."""

from functools import partial

import pytest
from msgspec.structs import replace

from clicktrail.audit import judge_messages
from clicktrail.audit.summary import AuditCounter, AuditSummary
from clicktrail.cli.audit_text import print_audit
from clicktrail.judge import judge
from clicktrail.model.event import AnyEvent
from tests.support.events import BARRACUDA_IP, CONTEXT, click, delivered, sent

JUDGE = partial(judge, context=CONTEXT)
LONG_NAME = "2026-11 Winter sale, the last three days for all who have not bought yet (B2B, German)"


def summarize(count: int, *, campaigns: int = 2) -> AuditSummary:
    """An audit of messages to different companies: each is scanned, and every third is followed by a person."""
    events: list[AnyEvent] = []
    for number in range(count):
        message: list[AnyEvent] = [
            sent(links=3),
            delivered(2),
            replace(click(40, ip=BARRACUDA_IP), url=f"https://shop.example/{number}"),
        ]
        if number % 3 == 0:
            message.append(click(5_000))
        events += (
            replace(
                event,
                id=f"{number}-{event.id}",
                message_id=f"m{number}",
                recipient=f"p@company-{number}.example",
                campaign=f"{number % campaigns} {LONG_NAME}",
            )
            for event in message
        )
    return AuditCounter(CONTEXT).count(judge_messages(events, JUDGE, {}))


@pytest.fixture
def terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")


@pytest.mark.usefixtures("terminal_of_80_columns")
def test_no_column_is_lost_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_audit(summarize(30))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    headings = [line.split() for line in lines if line.startswith(("campaign", "scanner", "domain", "destination"))]
    assert headings == [
        ["campaign", "delivered", "clickers", "people", "raw", "rate", "click", "rate"],
        ["campaign", "clicks", "human", "suspected", "bot", "preview"],
        ["scanner", "points", "clicks", "recipients", "companies"],
        ["domain", "delivered", "clicked", "by", "people", "click", "rate", "scanners"],
        ["destination", "clicks", "human", "share"],
    ]
    assert not any("…" in line for line in lines)
    assert any(line.split()[:2] == ["Total", "30"] for line in lines)


def test_the_first_sentence_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    summary = summarize(3)
    print_audit(summary)
    assert capsys.readouterr().out.startswith("Your ESP counts 100.0%; people clicked 33.3%.\n")


def test_rows_beyond_the_limit_are_added_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_audit(summarize(30))
    rows = {tuple(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert ("18", "others", "18", "18", "6", "33.3%", "Barracuda") in rows
    assert any(row[:2] == ("others", "18") for row in rows)


def test_one_campaign_has_no_total(capsys: pytest.CaptureFixture[str]) -> None:
    print_audit(summarize(3, campaigns=1))
    assert "Total" not in capsys.readouterr().out


def test_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_audit(AuditCounter(CONTEXT).count([]))
    assert capsys.readouterr().out == "The files contain no message of a campaign.\n"
