from pathlib import Path

import pytest

from clicktrail.server.journal.writer import Durability, SegmentWriter
from clicktrail.server.settings.schema import JournalSettings, Settings
from clicktrail.server.wiring.journals import open_journal
from tests.support.recorded_journal import read_journal_lines


@pytest.mark.parametrize("durability", Durability)
async def test_journal_has_the_durability_of_the_settings(tmp_path: Path, durability: Durability) -> None:
    settings = Settings(data_dir=str(tmp_path), journal=JournalSettings(durability=durability.value))
    with open_journal(settings, "edge-0") as writer:
        writer.append(b"a click", lambda _committed: None)
        assert isinstance(writer, SegmentWriter)
        assert durability is writer._durability
    assert read_journal_lines(tmp_path / "journal") == [b"a click"]


async def test_journal_buffers_as_much_as_the_settings_allow(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    for megabytes, buffered in ((0, 0), (1, 1)):
        settings = Settings(data_dir=str(tmp_path), journal=JournalSettings(buffer_mb=megabytes))
        with open_journal(settings, "edge-0") as writer:
            writer.append(b"a click", lambda _committed: None)
            writer.flush()
            assert (buffered, 1 - buffered) == (writer.buffered_count, writer.dropped_count)
