import asyncio
from datetime import UTC, datetime
from pathlib import Path

from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.server.settings.schema import RegistrySettings, Settings
from clicktrail.server.wiring.links import open_links
from clicktrail.server.wiring.stores import save_link_set
from tests.support.postgresql import postgresql

LINK_SET = LinkSet(
    campaign="winter",
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
    links=(StoredLink(position=0, destination="https://example.com/a"),),
)


async def find_with_registry(settings: Settings, link_set_id: int) -> tuple[LinkSet | None, bool]:
    """The link set, and whether the registry is shared with other machines."""
    async with open_links(settings) as links:
        return await links.link_sets.find(link_set_id), links.shared_registry is not None


def test_links_are_found_in_the_file_of_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    link_set_id = save_link_set(LINK_SET, settings)
    assert asyncio.run(find_with_registry(settings, link_set_id)) == (LINK_SET, False)


def test_links_are_found_in_postgresql(tmp_path: Path) -> None:
    with postgresql() as url:
        settings = Settings(data_dir=str(tmp_path), registry=RegistrySettings(url=url))
        link_set_id = save_link_set(LINK_SET, settings)
        assert asyncio.run(find_with_registry(settings, link_set_id)) == (LINK_SET, True)
