"""The registry that the settings name."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.errors import SettingsError, StorageError
from clicktrail.model.consent import Consent
from clicktrail.server.settings.sections import Registry, Settings
from clicktrail.server.wiring.registry import open_registry
from clicktrail.server.wiring.registry_reader import read_registry

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def modes_in(folder: Path) -> set[int]:
    """What the folder's files allow to whom."""
    return {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_a_registry_is_made_and_read(tmp_path: Path) -> None:
    """In a file for its owner alone; a reader has nothing to prepare."""
    settings = Settings(data_dir=str(tmp_path))
    async with open_registry(settings) as registry, read_registry(settings) as reading:
        await registry.consents.set("ann@example.org", Consent.DENIED, at=NOW)
        assert Consent.DENIED is await reading.consents.find("ann@example.org")
        assert {0o600} == modes_in(tmp_path)


async def test_a_registry_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """By the name of its file, or of the setting."""
    with pytest.raises(StorageError, match=r"registry\.sqlite3"):
        async with open_registry(Settings(data_dir=str(tmp_path / "nowhere"))):
            pass
    with pytest.raises(SettingsError, match=r"registry\.url"):
        async with open_registry(Settings(data_dir=str(tmp_path), registry=Registry(url="mysql://u@h/d"))):
            pass
