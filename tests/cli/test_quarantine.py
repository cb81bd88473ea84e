import asyncio
import json
from pathlib import Path

from clicktrail import keyring_file
from clicktrail.model.event import encode_event
from clicktrail.server.ports import JournalEntry
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.quarantine import open_quarantine
from tests.support.command_line import run_clicktrail
from tests.support.recorded_journal import SENT, click, write_journal


def test_quarantined_events_are_listed_and_counted_once_after_a_retry(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "clicktrail-data"))
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    write_journal(settings, SENT, click(0))
    line = encode_event(click(1))
    asyncio.run(open_quarantine(settings).add(JournalEntry(line, None), reason="judging the message took too long"))

    table = run_clicktrail("quarantine", "list", folder=tmp_path)
    document = run_clicktrail("quarantine", "list", "--json", folder=tmp_path)
    clicks = [count_clicks(tmp_path)]
    retries = [run_clicktrail("quarantine", "retry", folder=tmp_path).stderr]
    clicks.append(count_clicks(tmp_path))
    asyncio.run(open_quarantine(settings).add(JournalEntry(line, None), reason="again"))
    retries.append(run_clicktrail("quarantine", "retry", folder=tmp_path).stderr)
    clicks.append(count_clicks(tmp_path))
    empty = run_clicktrail("quarantine", "list", folder=tmp_path)

    (event,) = json.loads(document.stdout)["events"]
    assert event["reason"] == "judging the message took too long"
    assert event["line"] == line.decode()
    assert event["id"] in table.stdout
    assert event["reason"] in table.stdout
    assert clicks == [1, 2, 2]
    assert all("events to be processed again: 1" in text for text in retries)
    assert empty.stdout == "The quarantine is empty.\n"


def count_clicks(folder: Path) -> int:
    (campaign,) = json.loads(run_clicktrail("report", "--json", folder=folder).stdout)["campaigns"]
    return int(campaign["clicks"]["total"])
