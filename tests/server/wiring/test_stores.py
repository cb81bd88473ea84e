"""The registry, as an edge worker opens it."""

import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.errors import SettingsError, StorageError
from clicktrail.model.consent import Consent
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.server.journal.writer import Durability
from clicktrail.server.settings.schema import JournalSettings, RegistrySettings, Settings
from clicktrail.server.wiring.stores import open_journal, open_registry, open_registry_read_only, save_link_set


def names_in(folder: Path) -> list[str]:
    """The files there."""
    return [file.name for file in folder.iterdir()]


async def test_a_reader_opens_what_is_not_there(tmp_path: Path) -> None:
    async with open_registry_read_only(Settings(data_dir=str(tmp_path))) as registry:
        with pytest.raises(StorageError):
            await registry.link_sets.find(1)
    assert [] == names_in(tmp_path)


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def modes_in(folder: Path) -> set[int]:
    """What the folder's files allow to whom."""
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_a_registry_is_made_and_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    async with open_registry(settings) as registry, open_registry_read_only(settings) as reading:
        await registry.consents.set("ann@example.org", Consent.DENIED, at=NOW)
        assert Consent.DENIED is await reading.consents.find("ann@example.org")
        assert {0o600} == modes_in(tmp_path)


async def test_a_registry_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"registry\.sqlite3"):
        async with open_registry(Settings(data_dir=str(tmp_path / "nowhere"))):
            pass
    with pytest.raises(SettingsError, match=r"registry\.url"):
        async with open_registry(Settings(data_dir=str(tmp_path), registry=RegistrySettings(url="mysql://u@h/d"))):
            pass


@pytest.mark.parametrize("durability", Durability)
async def test_a_journal_is_as_safe_as_the_settings_say(tmp_path: Path, durability: Durability) -> None:
    settings = Settings(data_dir=str(tmp_path), journal=JournalSettings(durability=durability.value))
    with open_journal(settings, "edge-0") as writer:
        writer.append(b"a click", lambda _committed: None)
        assert durability is writer._durability
    assert (tmp_path / "journal" / "edge-0" / "0000000001.segment").is_file()


async def test_a_journal_keeps_in_memory_what_the_settings_allow(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    for megabytes, kept in ((0, 0), (1, 1)):
        settings = Settings(data_dir=str(tmp_path), journal=JournalSettings(buffer_mb=megabytes))
        with open_journal(settings, "edge-0") as writer:
            writer.append(b"a click", lambda _committed: None)
            writer.flush()
            assert (kept, 1 - kept) == (writer.buffered_count, writer.dropped_count)


LINK_SET = LinkSet(
    campaign="winter",
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
    links=(
        StoredLink(position=0, destination="https://example.com/a"),
        StoredLink(position=1, destination="", group="offer"),
    ),
)


def test_a_kept_link_set_is_found_by_its_number(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    numbers = [save_link_set(LINK_SET, settings) for _ in range(2)]

    async def find(number: int) -> LinkSet | None:
        async with open_registry_read_only(settings) as registry:
            return await registry.link_sets.find(number)

    assert 2 == len(set(numbers))
    assert [LINK_SET, LINK_SET] == [asyncio.run(find(number)) for number in numbers]


def test_what_was_not_kept_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        save_link_set(LINK_SET, Settings(data_dir=str(tmp_path / "missing")))
