import csv
import gzip
import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from clicktrail.audit.summary import AuditCounter
from clicktrail.cli.audit_clicks import CsvClickWriter, JsonClickWriter
from clicktrail.judge import judge
from clicktrail.model.event import AnonymousClick, AnyEvent, encode_event
from clicktrail.model.verdict import Verdict
from tests.support.command_line import run_clicktrail
from tests.support.events import (
    AZURE_IP,
    BARRACUDA_IP,
    CHROME_AGENT,
    CONTEXT,
    NOON,
    click,
    engagement,
    noon_plus,
    sent,
    sweep,
    timeline,
)
from tests.support.events import click as request
from tests.support.judged_lines import BURST, SENT_AT, make_judged_click, make_judged_message
from tests.support.judged_lines import click as judged_click
from tests.support.paths import ROOT

ADA = "ada@reader.example"
EVENTS: list[AnyEvent] = [
    sent(links=6),
    *sweep(40, links=6, gap=0.1, ip=BARRACUDA_IP),
    replace(click(50, id="head"), method="HEAD"),
    click(5_000, ip=AZURE_IP, id="desktop"),
    engagement("desktop", seconds=5_010),
]
MESSAGE = [replace(event, recipient=ADA) for event in EVENTS]
UNREAD = replace(sent(), id="sent-2", message_id="m2", recipient="bob@reader.example")


def encode_log(*events: AnyEvent) -> bytes:
    """A log of these events."""
    return b"".join(encode_event(event) + b"\n" for event in events)


def audit_as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    """What ``clicktrail audit --json`` prints."""
    process = run_clicktrail("audit", "--json", *arguments, folder=folder)
    assert 0 == process.returncode, process.stderr
    result: dict[str, Any] = json.loads(process.stdout)
    return result


def test_event_log_is_judged(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_log(*MESSAGE, UNREAD))
    result = audit_as_json(tmp_path, "log.jsonl")
    clicks = {row["id"]: row for row in result["clicks"]}

    assert {
        "id": "desktop",
        "verdict": "human",
        "score": -5,
        "state": "provisional",
        "reasons": [
            {"signal": "engaged", "points": -8, "detail": "pressed, scrolled or typed"},
            {"signal": "datacentre-network", "points": 3, "detail": "network Microsoft AS8075"},
        ],
    } == clicks.pop("desktop")
    assert ["bot"] * 7 == [row["verdict"] for row in clicks.values()]
    assert ("head", "settled") == (clicks["head"]["id"], clicks["head"]["state"])
    assert [
        {
            "campaign": "spring",
            "delivered": 2,
            "clicks": {"total": 7, "human": 1, "suspected": 0, "bot": 6, "preview": 0},
            "unique": {"raw": 1, "human": 1, "human_at_most": 1},
            "click_rate": {"raw": 0.5, "human": 0.5},
        }
    ] == result["campaigns"]


def test_events_may_be_split_over_files_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_bytes(encode_log(*MESSAGE, UNREAD))
    (tmp_path / "a.jsonl").write_bytes(encode_log(UNREAD, *reversed(MESSAGE[4:])))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(encode_log(*MESSAGE[:6])))
    assert audit_as_json(tmp_path, "one.jsonl") == audit_as_json(tmp_path, "a.jsonl", "b.jsonl.gz")


def test_standard_input_is_read(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "clicktrail", "audit", "-", "--json"],
        input=encode_log(*MESSAGE),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert 8 == len(json.loads(process.stdout)["clicks"])


def test_anonymous_clicks_are_counted_as_they_were_judged(tmp_path: Path) -> None:
    anonymous_click = AnonymousClick(
        id="x", at=NOON, campaign="spring", link=0, url="https://shop.example", verdict="human"
    )
    (tmp_path / "log.jsonl").write_bytes(encode_log(anonymous_click, anonymous_click))
    result = audit_as_json(tmp_path, "log.jsonl")
    assert ([], 1) == (result["clicks"], result["campaigns"][0]["clicks"]["human"])


def test_empty_log_has_no_clicks_and_campaigns(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").touch()
    result = audit_as_json(tmp_path, "log.jsonl")
    assert result["headline"] == "The files contain no message of a campaign."
    lists = ("clicks", "campaigns", "vendors", "organisations", "links", "signals", "next_steps", "notes")
    assert [key for key in lists if result[key] != []] == []


def test_verdicts_become_final(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_log(*MESSAGE))
    result = audit_as_json(tmp_path, "log.jsonl", "--now", "2026-11-27")
    assert {"final"} == {row["state"] for row in result["clicks"]}


def test_damaged_lines_are_named_and_counted(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_log(*MESSAGE) + b"{broken\n" * 7)
    process = run_clicktrail("audit", "log.jsonl", folder=tmp_path)
    assert 0 == process.returncode
    *named, counted = process.stderr.splitlines()
    assert ["11", "12", "13", "14", "15"] == [line.split("line ")[1].partition(":")[0] for line in named]
    assert "clicktrail: warning: log.jsonl: lines that are no events: 7" == counted


def test_audit_is_printed_as_tables(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(
        encode_log(*MESSAGE, replace(click(9_000, id="far"), message_id="", campaign="old"))
    )
    process = run_clicktrail("audit", "log.jsonl", folder=tmp_path)
    first_line, *lines = process.stdout.splitlines()
    assert first_line == "Your ESP counts 100.0%; people clicked 100.0% (in 1 of 2 campaigns; the notes say why)."
    assert {"Total of 1 of 2 campaigns", "Scanners", "Recipients' domains", "Links"} <= {
        line.partition("   ")[0] for line in lines
    }
    assert "Barracuda: Email Gateway Defense" in process.stdout
    assert "deliveries of spring are sent messages less bounces" in process.stdout
    assert "no deliveries of old are known" in process.stdout


def test_clicks_are_written_as_csv(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_log(*MESSAGE))
    run_clicktrail("audit", "log.jsonl", "--csv", "out.csv", folder=tmp_path)
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert (8, "human", "yes", "no") == (
        len(rows),
        rows["desktop"]["verdict"],
        rows["desktop"]["counted"],
        rows["head"]["counted"],
    )
    assert (
        "engaged: pressed, scrolled or typed; datacentre-network: network Microsoft AS8075"
        == rows["desktop"]["reasons"]
    )
    assert [rows["desktop"][name] for name in ("ip", "user_agent", "link", "message_id")] == [
        AZURE_IP,
        CHROME_AGENT,
        "0",
        "m1",
    ]


def test_columns_option_describes_any_table(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(f"Time\tWho\tLink\n{noon_plus(9).isoformat()}\tada\thttps://shop.example\n")
    result = audit_as_json(tmp_path, "clicks.csv", "--columns", "at=Time, recipient=Who, url=Link")
    assert [("human", 1, None)] == [  # neither addresses nor agents, so no number of people
        (row["verdict"], campaign["unique"]["raw"], campaign["unique"]["human"])
        for row in result["clicks"]
        for campaign in result["campaigns"]
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.csv"], "cannot read nowhere.csv: No such file or directory"),
        (["cut.gz"], "cannot read cut.gz: Compressed file ended before the end-of-stream marker was reached"),
        (["people.csv"], "cannot read people.csv: it is neither an event log nor an export"),
        (["people.csv", "--columns", "when=Time"], "--columns has no field 'when'"),
        (["people.csv", "--columns", "recipient=email", "--csv", "no/out.csv"], "cannot write no/out.csv"),
    ],
)
def test_failures_are_one_line(tmp_path: Path, arguments: list[str], reason: str) -> None:
    (tmp_path / "people.csv").write_text("email,first name\nada@reader.example,Ada\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(encode_log(*MESSAGE))[:100])
    process = run_clicktrail("audit", "--json", *arguments, folder=tmp_path)
    assert (1, "") == (process.returncode, process.stdout)
    assert f"clicktrail: error: {reason}" in process.stderr
    assert "Traceback" not in process.stderr


MESSAGE_OF_A_BOT = make_judged_message(clicks=(make_judged_click(judged_click("m1", "c"), Verdict.BOT, BURST),))
SUMMARY = AuditCounter(CONTEXT).count([(MESSAGE_OF_A_BOT.timeline, MESSAGE_OF_A_BOT.clicks)], notes=["a note"])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_document_is_json_for_any_number_of_clicks(count: int) -> None:
    output = io.StringIO()
    document = JsonClickWriter(output, SENT_AT + timedelta(hours=1))
    for _ in range(count):
        document.write(MESSAGE_OF_A_BOT.timeline, MESSAGE_OF_A_BOT.clicks)
    document.end(SUMMARY)
    result = json.loads(output.getvalue())
    assert len(result["clicks"]) == count
    assert [result["campaigns"][0]["clicks"], result["notes"][0]] == [
        {"total": 1, "human": 0, "suspected": 0, "bot": 1, "preview": 0},
        "a note",
    ]


def test_counterfactual_is_written_if_there_is_one() -> None:
    output = io.StringIO()
    document = JsonClickWriter(output, SENT_AT)
    message = timeline(request(1_000, ip=AZURE_IP), request(2_000))
    document.write(message, judge(message, CONTEXT))
    document.end(SUMMARY)
    assert [
        "would be human with trusted input on the landing page, or without datacentre-network",
        None,
    ] == [row.get("counterfactual") for row in json.loads(output.getvalue())["clicks"]]


def test_csv_without_clicks_has_a_header() -> None:
    output = io.StringIO()
    CsvClickWriter(output, SENT_AT)
    assert output.getvalue() == (
        "id,at,campaign,message_id,recipient,link,url,ip,user_agent,verdict,score,state,counted,reasons\r\n"
    )


def test_csv_holds_no_formula(tmp_path: Path) -> None:
    rows = "click,2026-11-18T09:00:00Z,m1,@SUM(A1),=HYPERLINK(1),+cmd|calc,93.192.1.1,UA\n"
    (tmp_path / "clicks.csv").write_text("type,at,message_id,recipient,campaign,url,ip,user_agent\n" + rows, "utf-8")
    assert run_clicktrail("audit", "clicks.csv", "--csv", "out.csv", folder=tmp_path).returncode == 0
    (row,) = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"), newline=""))
    assert (row["recipient"], row["campaign"], row["url"]) == ("'@sum(a1)", "'=HYPERLINK(1)", "'+cmd|calc")
    assert (tmp_path / "out.csv").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("option", ["--csv", "--html"])
@pytest.mark.parametrize("name", ["clicks.csv", "./clicks.csv", "link.csv", "hard.csv"])
def test_output_is_never_an_input(tmp_path: Path, name: str, option: str) -> None:
    content = "type,at,ip\nclick,2026-11-18T09:00:00Z,93.192.1.1\n"
    (tmp_path / "clicks.csv").write_text(content, "utf-8")
    (tmp_path / "link.csv").symlink_to("clicks.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "clicks.csv")
    process = run_clicktrail("audit", "clicks.csv", option, name, folder=tmp_path)
    assert process.returncode == 1
    assert "is an input, so it cannot be the output" in process.stderr
    assert (tmp_path / "clicks.csv").read_text("utf-8") == content


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_older_output_stays_when_the_audit_fails(tmp_path: Path, option: str) -> None:
    (tmp_path / "bad.csv").write_text("type,at\nclick,noon\n", "utf-8")
    (tmp_path / "out").write_text("older", "utf-8")
    assert run_clicktrail("audit", "bad.csv", option, "out", folder=tmp_path).returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "out"]
    assert (tmp_path / "out").read_text("utf-8") == "older"


def test_one_file_is_not_two_outputs(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(encode_log(*MESSAGE))
    process = run_clicktrail("audit", "log.jsonl", "--csv", "out", "--html", "./out", folder=tmp_path)
    assert (process.returncode, process.stdout) == (1, "")
    assert "--csv and --html name the same file" in process.stderr
    assert not (tmp_path / "out").exists()


def test_deliveries_of_a_tenth_of_the_clicked_messages_are_a_note(tmp_path: Path) -> None:
    rows = [f"click,2026-11-18T09:00:{n:02}Z,m{n},p{n}@a.example,w,93.192.1.{n}" for n in range(10)]
    deliveries = [f"delivered,2026-11-18T07:00:00Z,m{n},p{n}@a.example,w," for n in (0, *range(20, 40))]
    (tmp_path / "log.csv").write_text(
        "\n".join(["type,at,message_id,recipient,campaign,ip", *rows, *deliveries]), "utf-8"
    )
    result = audit_as_json(tmp_path, "log.csv")
    assert any("1 of 10 clicked messages of w have a delivery" in note for note in result["notes"])
    assert result["campaigns"][0]["unique"] == {"raw": 10, "human": 10, "human_at_most": 10}


def test_standard_input_is_decompressed_and_read_again_for_its_dates(tmp_path: Path) -> None:
    rows = "type,at,recipient,url\nclick,11/12/2026 09:00,a,u\nclick,13/12/2026 09:00,b,u\n"
    process = subprocess.run(
        [sys.executable, "-m", "clicktrail", "audit", "-", "--json"],
        input=gzip.compress(rows.encode("utf-16")),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    notes = " ".join(json.loads(process.stdout)["notes"])
    assert "were read as dmy" in notes
    assert "have no seconds" in notes


def test_links_of_an_esps_campaign_are_counted_from_its_clicks(tmp_path: Path) -> None:
    def by_esp(message: int, seconds: float, link: int) -> AnyEvent:
        event = click(seconds, link=link, ip=f"192.0.2.{message}", id=f"{message}-{link}")
        return replace(event, message_id=f"m{message}", link=-1, source="sendgrid", esp="sendgrid")

    readers = [by_esp(message, 4_000 + 60 * message, message % 5) for message in range(1, 21)]
    sweep_by_a_lab = [by_esp(99, 9_000 + 75 * link, link) for link in range(5)]
    (tmp_path / "log.jsonl").write_bytes(encode_log(*readers, *sweep_by_a_lab))
    judged = {row["id"]: row["verdict"] for row in audit_as_json(tmp_path, "log.jsonl")["clicks"]}
    assert {verdict for id_, verdict in judged.items() if id_.startswith("99-")} == {"suspected"}
    assert {verdict for id_, verdict in judged.items() if not id_.startswith("99-")} == {"human"}


def test_every_field_is_documented() -> None:
    reference = (ROOT / "docs" / "reference" / "audit.md").read_text("utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```", reference, re.MULTILINE | re.DOTALL)
    output = io.StringIO()
    document = JsonClickWriter(output, SENT_AT)
    document.write(MESSAGE_OF_A_BOT.timeline, MESSAGE_OF_A_BOT.clicks)
    document.end(AuditCounter(CONTEXT).count([(MESSAGE_OF_A_BOT.timeline, MESSAGE_OF_A_BOT.clicks)]))
    assert list_keys(json.loads(output.getvalue())) <= list_keys(json.loads(example))
    output = io.StringIO()
    CsvClickWriter(output, SENT_AT)
    assert [name for name in output.getvalue().strip().split(",") if f"`{name}`" not in reference] == []


def list_keys(document: object) -> set[str]:
    """Names of all keys of a document."""
    if isinstance(document, list):
        return set().union(*map(list_keys, document))
    if isinstance(document, dict):
        return set(document).union(*map(list_keys, document.values()))
    return set()
