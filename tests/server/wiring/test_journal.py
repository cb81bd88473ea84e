"""The journal that the settings describe."""

from pathlib import Path

import pytest

from clicktrail.server.journal.writer import Durability
from clicktrail.server.settings.sections import Recording, Settings
from clicktrail.server.wiring.journal import open_journal


@pytest.mark.parametrize("durability", Durability)
async def test_a_journal_is_as_safe_as_the_settings_say(tmp_path: Path, durability: Durability) -> None:
    """In the writer's folder below the data folder."""
    settings = Settings(data_dir=str(tmp_path), recording=Recording(durability=durability.value))
    with open_journal(settings, "edge-0") as writer:
        writer.append(b"a click", lambda _committed: None)
        assert durability is writer._durability
    assert (tmp_path / "journal" / "edge-0" / "0000000001.segment").is_file()


async def test_a_journal_keeps_in_memory_what_the_settings_allow(tmp_path: Path) -> None:
    """Nothing at all, if they say so."""
    (tmp_path / "journal").touch()
    for megabytes, kept in ((0, 0), (1, 1)):
        settings = Settings(data_dir=str(tmp_path), recording=Recording(buffer_mb=megabytes))
        with open_journal(settings, "edge-0") as writer:
            writer.append(b"a click", lambda _committed: None)
            writer.flush()
            assert (kept, 1 - kept) == (writer.buffered, writer.let_go)
