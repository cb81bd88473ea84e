import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.stored import LinkSet, StoredLink
from clicktrail.server.link_sets import keep_link_set
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.registry_reader import read_registry

LINK_SET = LinkSet(
    campaign="winter",
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
    links=(
        StoredLink(position=0, destination="https://example.com/a"),
        StoredLink(position=1, destination="", group="offer"),
    ),
)


def test_a_kept_link_set_is_found_by_its_number(tmp_path: Path) -> None:
    """Each has another, whoever keeps it."""
    settings = Settings(data_dir=str(tmp_path))
    numbers = [keep_link_set(LINK_SET, settings) for _ in range(2)]

    async def find(number: int) -> LinkSet | None:
        async with read_registry(settings) as registry:
            return await registry.link_sets.find(number)

    assert 2 == len(set(numbers))
    assert [LINK_SET, LINK_SET] == [asyncio.run(find(number)) for number in numbers]


def test_what_was_not_kept_is_told(tmp_path: Path) -> None:
    """No campaign goes out whose links nobody knows."""
    with pytest.raises(StorageError):
        keep_link_set(LINK_SET, Settings(data_dir=str(tmp_path / "missing")))
