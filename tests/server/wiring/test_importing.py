import asyncio
from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, decode_event
from clicktrail.server import overrides_file
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.segments import SegmentAppender
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.importing import import_events
from tests.support.judged_lines import SENT_AT, click
from tests.support.recorded_journal import read_journal_lines


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a data folder with a key ring."""
    keyring_file.load_or_create(tmp_path / keyring_file.FILE_NAME, earlier_data_paths=[])
    return Settings(data_dir=str(tmp_path))


def read_events(settings: Settings) -> list[AnyEvent]:
    """Read the events of the journal."""
    return [decode_event(line) for line in read_journal_lines(settings.journal_path)]


def test_imported_events_get_message_ids(settings: Settings) -> None:
    events: list[AnyEvent] = [
        click("m1", "1"),
        click("", "2", recipient="ann"),
        click("", "2b", recipient="Ann <ANN@a.example>"),
        click("", "3"),
        click("", "4", campaign="", recipient="ann"),
        AnonymousClick(id="5", at=SENT_AT, campaign="spring"),
    ]
    assert import_events(settings, events) == 6
    assert [event.message_id for event in read_events(settings)] == [
        "m1",
        "spring\x1fann",
        "spring\x1fann@a.example",
        "-3",
        "",
        "",
    ]


def test_many_events_keep_their_order(settings: Settings) -> None:
    assert import_events(settings, (click("m1", str(number)) for number in range(2_500))) == 2_500
    assert [event.id for event in read_events(settings)] == [f"m1-{number}" for number in range(2_500)]


def test_events_of_erased_recipients_are_skipped(settings: Settings) -> None:
    ann_hash = HashedRecipients(keyring_file.load(settings.keyring_path)).hash_recipient("Ann@example.com")
    overrides_file.merge(settings.overrides_path, edits=[], erased=[ann_hash], consents=[])
    events = [click("m1", "1", recipient="ann@example.com"), click("m2", "1", recipient="bob@example.com")]
    assert import_events(settings, events) == 1
    assert [event.recipient for event in read_events(settings)] == ["bob@example.com"]


def test_only_one_import_runs_at_a_time(settings: Settings) -> None:
    other = SegmentAppender(settings.journal_path / "import")
    other.open()
    with pytest.raises(StorageError, match="another process writes"):
        import_events(settings, [click("m1", "1")])
    other.release()
    assert import_events(settings, [click("m1", "1")]) == 1


def test_import_fails_if_the_disk_cannot_be_written(settings: Settings) -> None:
    settings.journal_path.mkdir()
    (settings.journal_path / "import").write_bytes(b"no folder")
    with pytest.raises(StorageError, match="cannot be written"):
        import_events(settings, [click("m1", "1")])


async def test_imported_events_are_read_as_past_ones(settings: Settings) -> None:
    await asyncio.to_thread(import_events, settings, [click("m1", "1")])
    (entry,) = await SegmentReader(settings.journal_path, settings.journal_path / "cursor.json").read(10)
    assert entry.is_past
