import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from clicktrail import keyring_file
from tests.support.command_line import run_clicktrail
from tests.support.serving import running_server, wait_for_report

EXPORT = """RecordType,MessageID,ReceivedAt,DeliveredAt,Recipient,Tag,OriginalLink,UserAgent
Delivery,m1,,2026-11-20T09:00:00Z,anna@example.net,winter,,
Delivery,m2,,2026-11-20T09:00:00Z,bert@example.net,winter,,
Click,m1,2026-11-20T11:00:00Z,,anna@example.net,winter,https://example.com/,Mozilla/5.0 (X11; Linux) Firefox/140.0
Click,m2,2026-11-20T11:00:00Z,,bert@example.net,winter,https://example.com/,curl/8.5.0
"""


def reported(folder: Path) -> dict[str, Any]:
    """The only campaign in ``clicktrail report --json``."""
    process = run_clicktrail("report", "winter", "--json", folder=folder)
    assert 0 == process.returncode, process.stderr
    (report,) = json.loads(process.stdout)["campaigns"]
    return dict(report)


def test_import_has_the_same_numbers_as_audit(tmp_path: Path) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "clicks.csv").write_text(EXPORT, "utf-8")
    for _ in range(2):
        process = run_clicktrail("import", "clicks.csv", folder=tmp_path)
        assert (0, "clicktrail: events imported: 4; clicktrail report shows them\n") == (
            process.returncode,
            process.stderr,
        )
        assert 2 == reported(tmp_path)["clicks"]["total"]

    report = reported(tmp_path)
    (audited,) = json.loads(run_clicktrail("audit", "--json", "clicks.csv", folder=tmp_path).stdout)["campaigns"]
    names = ("campaign", "delivered", "clicks", "click_rate")
    assert {name: audited[name] for name in names} == {name: report[name] for name in names}
    assert (2, 1, 1) == (report["delivered"], report["unique"]["human"], report["clicks"]["bot"])
    assert "clicks from postmark have no IP address, so signals about networks were not used" in report["gaps"]


async def test_running_engine_imports_events(tmp_path: Path) -> None:
    async with running_server(tmp_path) as running:
        (tmp_path / "clicks.csv").write_text(EXPORT, "utf-8")
        process = await asyncio.to_thread(run_clicktrail, "import", "clicks.csv", folder=tmp_path)
        assert 0 == process.returncode, process.stderr
        await wait_for_report(running, "winter", clicks=2)


def test_import_before_the_first_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(EXPORT, "utf-8")
    process = run_clicktrail("import", "clicks.csv", folder=tmp_path)

    assert 1 == process.returncode
    assert process.stderr.startswith("clicktrail: error: ")
    assert [tmp_path / "clicks.csv"] == list(tmp_path.iterdir())


TIMES = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "253402300800000")


@pytest.mark.parametrize("time", TIMES)
def test_line_with_a_time_out_of_range_is_named_and_skipped(tmp_path: Path, time: str) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    (tmp_path / "clicks.csv").write_text(EXPORT.replace("2026-11-20T11:00:00Z", time, 1), "utf-8")
    lines = [
        {"type": "sent", "id": "s", "at": "2026-11-20T09:00:00Z", "campaign": "spring", "message_id": "m1"},
        {"type": "click", "id": "c", "at": time, "campaign": "spring", "message_id": "m1"},
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    process = run_clicktrail("import", "clicks.csv", "events.jsonl", folder=tmp_path)
    assert process.returncode == 0
    assert "clicks.csv, line 4: not an event: " in process.stderr
    assert "events.jsonl, line 2: not an event: " in process.stderr
    assert "events imported: 4" in process.stderr
    assert reported(tmp_path)["clicks"]["total"] == 1
    audit = run_clicktrail("audit", "--json", "clicks.csv", "events.jsonl", folder=tmp_path)
    assert (audit.returncode, audit.stderr.count("not an event")) == (0, 2)
