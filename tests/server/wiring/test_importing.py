from pathlib import Path

import pytest

from clicktrail import keyring_file
from clicktrail.errors import StorageError
from clicktrail.model.event import AnonymousClick, AnyEvent, decode
from clicktrail.server import overrides_file
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.server.journal.segments import Tail
from clicktrail.server.pipeline.privacy import Marked
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.importing import import_events
from tests.support.judged_lines import SENT_AT, click


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a folder in which something was started once."""
    keyring_file.load_or_create(tmp_path / keyring_file.NAME, traces=[])
    return Settings(data_dir=str(tmp_path))


def written(settings: Settings) -> list[AnyEvent]:
    """What the journal's reader finds."""
    return [decode(entry.line) for entry in SegmentReader(settings.journal, settings.data / "cursor.json").read(9_999)]


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
    mark = Marked(keyring_file.load(settings.data / keyring_file.NAME)).mark("Ann@example.com")
    overrides_file.extend(settings.data / overrides_file.NAME, edits=[], erased=[mark], consents=[])
    told = [click("m1", "1", recipient="ann@example.com"), click("m2", "1", recipient="bob@example.com")]
    assert 1 == import_events(settings, told)
    assert ["bob@example.com"] == [event.recipient for event in written(settings)]


def test_two_imports_at_once_are_one_too_many(settings: Settings) -> None:
    other = Tail(settings.journal / "import")
    other.open()
    with pytest.raises(StorageError, match="another process writes"):
        import_events(settings, [click("m1", "1")])
    other.leave()
    assert 1 == import_events(settings, [click("m1", "1")])


def test_a_disk_that_takes_nothing_ends_an_import(settings: Settings) -> None:
    settings.journal.mkdir()
    (settings.journal / "import").write_bytes(b"no folder")
    with pytest.raises(StorageError, match="takes no more"):
        import_events(settings, [click("m1", "1")])
