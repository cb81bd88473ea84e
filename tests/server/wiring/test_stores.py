import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.errors import SettingsError, StorageError
from clicktrail.model.consent import Consent
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.server.settings.schema import RegistrySettings, Settings
from clicktrail.server.wiring.stores import open_registry, open_registry_read_only, save_link_set


def list_names(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return [file.name for file in folder.iterdir()]


async def test_missing_registry_can_be_opened_read_only_and_fails_on_query(tmp_path: Path) -> None:
    async with open_registry_read_only(Settings(data_dir=str(tmp_path))) as registry:
        with pytest.raises(StorageError):
            await registry.link_sets.find(1)
    assert list_names(tmp_path) == []


NOW = datetime(2026, 11, 23, tzinfo=UTC)


def read_modes(folder: Path) -> set[int]:
    """Permission bits of the files in a folder."""
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_registry_is_created_private_and_readable(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    async with open_registry(settings) as registry, open_registry_read_only(settings) as reader:
        await registry.consents.set("ann@example.org", Consent.DENIED, at=NOW)
        (stored,) = await reader.consents.find(["ann@example.org"])
        assert stored.consent is Consent.DENIED
        assert read_modes(tmp_path) == {0o600}


async def test_registry_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"registry\.sqlite3"):
        async with open_registry(Settings(data_dir=str(tmp_path / "nowhere"))):
            pass
    with pytest.raises(SettingsError, match=r"registry\.url"):
        async with open_registry(Settings(data_dir=str(tmp_path), registry=RegistrySettings(url="mysql://u@h/d"))):
            pass


LINK_SET = LinkSet(
    campaign="winter",
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
    links=(
        StoredLink(position=0, destination="https://example.com/a"),
        StoredLink(position=1, destination="", group="offer"),
    ),
)


def test_saved_link_set_is_found_by_its_id(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    link_set_ids = [save_link_set(LINK_SET, settings) for _ in range(2)]

    async def find(link_set_id: int) -> LinkSet | None:
        async with open_registry_read_only(settings) as registry:
            return await registry.link_sets.find(link_set_id)

    assert len(set(link_set_ids)) == 2
    assert [asyncio.run(find(link_set_id)) for link_set_id in link_set_ids] == [LINK_SET, LINK_SET]


def test_link_set_that_cannot_be_saved_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        save_link_set(LINK_SET, Settings(data_dir=str(tmp_path / "missing")))
