from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, decode_event
from clicktrail.server import overrides_file
from clicktrail.server.journal.segments import SegmentAppender
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.importing import import_events
from tests.support.judged_lines import SENT_AT, click
from tests.support.recorded_journal import read_journal_lines


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a folder in which something was started once."""
    keyring_file.load_or_create(tmp_path / keyring_file.FILE_NAME, earlier_data_paths=[])
    return Settings(data_dir=str(tmp_path))


def written(settings: Settings) -> list[AnyEvent]:
    """What the journal's reader finds."""
    return [decode_event(line) for line in read_journal_lines(settings.journal_path)]


def test_events_are_in_the_journal_by_the_names_of_their_messages(settings: Settings) -> None:
    told: list[AnyEvent] = [
        click("m1", "1"),
        click("", "2", recipient="ann"),
        click("", "3"),
        click("", "4", campaign="", recipient="ann"),
        AnonymousClick(id="5", at=SENT_AT, campaign="spring"),
    ]
    assert 5 == import_events(settings, told)
    assert ["m1", "spring\x1fann", "-3", "", ""] == [event.message_id for event in written(settings)]


def test_many_events_are_written_in_their_order(settings: Settings) -> None:
    assert 2_500 == import_events(settings, (click("m1", str(number)) for number in range(2_500)))
    assert [f"m1-{number}" for number in range(2_500)] == [event.id for event in written(settings)]


def test_erased_recipients_are_passed_over(settings: Settings) -> None:
    mark = HashedRecipients(keyring_file.load(settings.keyring_path)).hash_recipient("Ann@example.com")
    overrides_file.merge(settings.overrides_path, edits=[], erased=[mark], consents=[])
    told = [click("m1", "1", recipient="ann@example.com"), click("m2", "1", recipient="bob@example.com")]
    assert 1 == import_events(settings, told)
    assert ["bob@example.com"] == [event.recipient for event in written(settings)]


def test_two_imports_at_once_are_one_too_many(settings: Settings) -> None:
    other = SegmentAppender(settings.journal_path / "import")
    other.open()
    with pytest.raises(StorageError, match="another process writes"):
        import_events(settings, [click("m1", "1")])
    other.release()
    assert 1 == import_events(settings, [click("m1", "1")])


def test_a_disk_that_takes_nothing_ends_an_import(settings: Settings) -> None:
    settings.journal_path.mkdir()
    (settings.journal_path / "import").write_bytes(b"no folder")
    with pytest.raises(StorageError, match="takes no more"):
        import_events(settings, [click("m1", "1")])
