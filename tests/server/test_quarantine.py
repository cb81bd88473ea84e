import stat
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail.errors import StorageError
from clicktrail.model.event import Click, decode_event, encode_event
from clicktrail.server.ports import JournalEntry
from clicktrail.server.quarantine import QuarantineFolder
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.quarantine import erase_recipient, shorten_ip_addresses
from tests.support.judged_lines import SENT_AT, click


def entry(name: str, *, recipient: str = "") -> JournalEntry:
    return JournalEntry(encode_event(click("m1", name, recipient=recipient)), None)


@pytest.fixture
def quarantine(tmp_path: Path) -> QuarantineFolder:
    return QuarantineFolder(tmp_path / "data" / "quarantine", SystemClock())


def test_missing_folder_is_an_empty_quarantine(quarantine: QuarantineFolder, tmp_path: Path) -> None:
    assert (quarantine.count(), quarantine.read(), list(tmp_path.iterdir())) == (0, [], [])


async def test_event_is_stored_once_until_it_is_removed(quarantine: QuarantineFolder) -> None:
    lines = [entry("1"), JournalEntry(b"\xff{", None)]
    for stored in (*lines, *lines):
        await quarantine.add(stored, reason="no")
    events = quarantine.read()
    assert [(event.line, event.reason) for event in events] == [(stored.line, "no") for stored in lines]
    quarantine.remove(events[0])
    quarantine.remove(events[0])
    assert quarantine.read() == events[1:]
    assert quarantine.count() == 1


async def test_only_the_owner_can_read_the_quarantine(quarantine: QuarantineFolder, tmp_path: Path) -> None:
    await quarantine.add(entry("1"), reason="no")
    folder = tmp_path / "data" / "quarantine"
    (file,) = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)


async def test_unwritable_and_unreadable_quarantine_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(StorageError, match="cannot put an event into quarantine"):
        await QuarantineFolder(tmp_path / "file", SystemClock()).add(entry("1"), reason="no")
    (tmp_path / "damaged.json").write_text("{", "utf-8")
    with pytest.raises(StorageError, match=r"damaged\.json"):
        QuarantineFolder(tmp_path, SystemClock()).read()


async def test_events_of_an_erased_recipient_are_deleted(quarantine: QuarantineFolder) -> None:
    kept = entry("2", recipient="bob@example.com")
    in_url = JournalEntry(encode_event(replace(click("m1", "3"), url="https://a.example/?to=ann%40example.com")), None)
    for stored in (entry("1", recipient="ann@example.com"), kept, in_url, JournalEntry(b"not an event", None)):
        await quarantine.add(stored, reason="no")
    erase_recipient(quarantine, "Ann@Example.com")
    assert [event.line for event in quarantine.read()] == [kept.line]


async def test_old_ip_addresses_are_shortened(quarantine: QuarantineFolder) -> None:
    line = entry("1").line[:-1] + b',"unknown":[1]}'
    await quarantine.add(JournalEntry(line, None), reason="no")
    shorten_ip_addresses(quarantine, before=SENT_AT)
    assert quarantine.read()[0].line == line
    shorten_ip_addresses(quarantine, before=SENT_AT + timedelta(days=1))
    (event,) = quarantine.read()
    shortened = decode_event(event.line)
    assert isinstance(shortened, Click)
    assert shortened.ip == "192.0.2.0/24"
    assert b'"unknown":[1]' in event.line
