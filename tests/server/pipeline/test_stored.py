"""Links of the registry, and those that are remembered."""

from datetime import UTC, datetime

import pytest

from clicktrail.errors import StorageError
from clicktrail.model.stored import LinkSet, ShortMessage, StoredLink
from clicktrail.server.pipeline.reference import Origin, Reference
from clicktrail.server.pipeline.stored import Stored
from tests.server.memory_registry import MemoryRegistry

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LINK = StoredLink(position=3, destination="https://example.com/a", group="offers")


def short(code: int) -> Reference:
    """A link of a short message."""
    return Reference(origin=Origin.SHORT_MESSAGE, number=code, position=0)


async def with_short_messages(count: int) -> MemoryRegistry:
    """A registry with messages of the codes from 0."""
    registry = MemoryRegistry()
    for code in range(count):
        await registry.short_links.add(
            ShortMessage(
                code=code, message_id=f"m{code}", recipient="r", campaign="spring", created_at=NOW, links=(LINK,)
            )
        )
    return registry


async def test_a_link_set_is_found() -> None:
    """A code of the same number is something else."""
    registry = MemoryRegistry()
    number = await registry.link_sets.add(LinkSet(campaign="spring", created_at=NOW, links=(LINK,)))
    reference = Reference(origin=Origin.LINK_SET, number=number, position=3)
    links = registry.links()
    assert Stored(campaign="spring", links={3: LINK}) == await links.find(reference) == links.remembered(reference)
    assert links.remembered(short(number)) is None
    assert await links.find(short(number)) is None


async def test_a_short_message_is_found() -> None:
    """With all that its tokens do not tell."""
    links = (await with_short_messages(1)).links()
    assert links.remembered(short(0)) is None
    expected = Stored(campaign="spring", message_id="m0", recipient="r", links={3: LINK})
    assert expected == await links.find(short(0)) == links.remembered(short(0))


async def test_what_was_asked_for_last_is_remembered() -> None:
    """And no more than that, however many are asked for."""
    links = (await with_short_messages(4)).links(remembered=2)
    for code in (0, 1):
        await links.find(short(code))
    assert links.remembered(short(0))
    await links.find(short(2))
    assert [True, False, True] == [links.remembered(short(code)) is not None for code in (0, 1, 2)]


async def test_that_nobody_can_tell_is_not_remembered() -> None:
    """Nor that there is no such link."""
    registry = await with_short_messages(1)
    links = registry.links()
    registry.answers = False
    with pytest.raises(StorageError):
        await links.find(short(0))
    registry.answers = True
    assert await links.find(short(5)) is None
    assert await links.find(short(0))
    assert 3 == registry.asked
