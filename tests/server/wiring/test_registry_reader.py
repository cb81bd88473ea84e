"""The registry, as an edge worker opens it."""

from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry_reader import read_registry


def names_in(folder: Path) -> list[str]:
    """The files there."""
    return [file.name for file in folder.iterdir()]


async def test_a_reader_opens_what_is_not_there(tmp_path: Path) -> None:
    """It is told when it asks, and leaves no trace that a first start would take for more."""
    async with read_registry(Settings(data_dir=str(tmp_path))) as registry:
        with pytest.raises(StorageError):
            await registry.link_sets.find(1)
    assert [] == names_in(tmp_path)
