"""What every registry promises, on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.ports import Consents, Erasures, LinkEdits, LinkSets, ShortLinks
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from tests.support.postgresql import postgresql

NOW = datetime(2026, 11, 23, 12, 0, 0, 123_000, tzinfo=UTC)
LINKS = (
    StoredLink(position=0, destination="https://example.com/a?b=c&utm_source=email#ü"),
    StoredLink(position=1, destination="https://example.com/" + "x" * 5_000, group="Größe"),
    StoredLink(position=4_095, destination="", group="offers"),
)
SPRING = LinkSet(campaign="spring ☀", created_at=NOW, links=LINKS)
MESSAGE = ShortLinkMessage(
    code=2**60 - 1,
    message_id="m1",
    recipient="ann@example.org",
    campaign="spring",
    created_at=NOW,
    links=(
        StoredLink(position=0, destination="https://example.com/a"),
        StoredLink(position=1_299, destination="https://example.com/ü", group="offers"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One connection to a registry."""

    database: Database

    @property
    def link_sets(self) -> LinkSets:
        """Its link sets."""
        return SqlLinkSets(self.database)

    @property
    def short_links(self) -> ShortLinks:
        """Its short links."""
        return SqlShortLinks(self.database)

    @property
    def consents(self) -> Consents:
        """Its consents."""
        return SqlConsents(self.database)

    @property
    def link_edits(self) -> LinkEdits:
        """Its edits of links."""
        return SqlLinkEdits(self.database)

    @property
    def erasures(self) -> Erasures:
        """Whom it was told to erase."""
        return SqlErasures(self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a registry is."""

    url: str
    file: Path

    @asynccontextmanager
    async def open(self, *, read_only: bool = False) -> AsyncIterator[Registry]:
        """Connect."""
        database = Database(parse_database_url(self.url, file=self.file), read_only=read_only)
        try:
            yield Registry(database=database)
        finally:
            await database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL in the settings: empty for SQLite."""
    if request.param == "sqlite":
        yield ""
    else:
        with postgresql() as url:
            yield url


@pytest.fixture
async def place(engine: str, tmp_path: Path) -> Place:
    """An empty place for a registry."""
    place = Place(url=engine, file=tmp_path / "registry.sqlite3")
    if engine:
        async with place.open() as registry:
            await registry.database.run(
                lambda connection: connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
            )
    return place


@pytest.fixture
async def registry(place: Place) -> AsyncIterator[Registry]:
    """A migrated one."""
    async with place.open() as registry:
        await asyncio.to_thread(migrate, registry.database)
        yield registry


async def test_a_link_set_comes_back_as_it_was_added(registry: Registry) -> None:
    empty = LinkSet(campaign="", created_at=NOW + timedelta(days=1), links=())
    numbers = [await registry.link_sets.add(link_set) for link_set in (SPRING, empty, SPRING)]
    assert len(set(numbers)) == 3
    assert [SPRING, empty, SPRING] == [await registry.link_sets.find(number) for number in numbers]


@pytest.mark.parametrize("number", [0, 77, 2**63, 2**64])
async def test_an_unknown_link_set_is_none(registry: Registry, number: int) -> None:
    assert await registry.link_sets.find(number) is None


async def test_a_number_is_never_given_out_again(registry: Registry) -> None:
    first = await registry.link_sets.add(SPRING)
    await registry.database.run(lambda connection: connection.execute(text("DELETE FROM link_sets")))
    assert await registry.link_sets.find(first) is None
    assert first < await registry.link_sets.add(SPRING)


async def test_a_short_message_comes_back_as_it_was_added(registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    assert MESSAGE == await registry.short_links.find(MESSAGE.code)
    assert await registry.short_links.find(MESSAGE.code - 1) is None


async def test_a_code_is_taken_once(registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    other = ShortLinkMessage(
        code=MESSAGE.code,
        message_id="m2",
        recipient="",
        campaign="",
        created_at=NOW,
        links=(StoredLink(position=7, destination="https://b"),),
    )
    with pytest.raises(StorageError):
        await registry.short_links.add(other)
    assert MESSAGE == await registry.short_links.find(MESSAGE.code)


async def test_old_short_messages_are_deleted(registry: Registry) -> None:
    for day in range(4):
        await registry.short_links.add(replace(MESSAGE, code=day, created_at=NOW + timedelta(days=day)))
    before = NOW + timedelta(days=3)
    assert 2 == await registry.short_links.delete(created_before=before, limit=2)
    assert [False, False, True, True] == [await registry.short_links.find(day) is not None for day in range(4)]
    assert [1, 0] == [await registry.short_links.delete(created_before=before, limit=2) for _ in range(2)]
    left = await registry.database.run(
        lambda connection: connection.scalars(text("SELECT DISTINCT code FROM short_links")).all()
    )
    assert [3] == left


async def test_the_last_consent_stands(registry: Registry) -> None:
    consents = registry.consents
    await consents.set("Ann@Example.org", Consent.GRANTED, at=NOW)
    await consents.set("ann@example.org", Consent.DENIED, at=NOW)
    await consents.set("r8F", Consent.GRANTED, at=NOW)
    found = [await consents.find(recipient) for recipient in ("ANN@EXAMPLE.ORG", "r8F", "r8f", "")]
    assert [Consent.DENIED, Consent.GRANTED, None, None] == found


async def test_who_changes_their_mind_at_once_is_refused_nothing(place: Place, registry: Registry) -> None:
    async with place.open() as other:
        said = [
            (registry, other)[turn % 2].consents.set("ann@example.org", list(Consent)[turn % 3], at=NOW)
            for turn in range(40)
        ]
        await asyncio.gather(*said)
    assert await registry.consents.find("ann@example.org") is not None


async def test_what_was_said_since_a_time_is_told(registry: Registry) -> None:
    consents, later = registry.consents, NOW + timedelta(days=1)
    denied = ConsentRecord(recipient="ann@example.org", consent=Consent.DENIED, at=NOW)
    granted = ConsentRecord(recipient="r8F", consent=Consent.GRANTED, at=later)
    await consents.set("Ann@Example.org", Consent.GRANTED, at=NOW - timedelta(days=1))
    for said in (denied, granted):
        await consents.set(said.recipient, said.consent, at=said.at)
    assert [[denied], [denied, granted], [granted], []] == [
        sorted(await consents.list_records(since=since), key=lambda said: said.at)
        for since in (None, NOW, later, later + timedelta(milliseconds=1))
    ]


async def test_what_was_added_is_read_by_others(place: Place, registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    async with place.open(read_only=True) as reader:
        assert MESSAGE == await reader.short_links.find(MESSAGE.code)
        await registry.database.close()
        assert MESSAGE == await reader.short_links.find(MESSAGE.code)
        with pytest.raises(StorageError):
            await reader.link_sets.add(SPRING)
    async with place.open(read_only=True) as reader:
        assert MESSAGE == await reader.short_links.find(MESSAGE.code)


async def test_processes_that_start_at_once_migrate_once(place: Place) -> None:
    async with place.open() as first, place.open() as second, place.open() as third:
        registries = (first, second, third)
        await asyncio.gather(*(asyncio.to_thread(migrate, registry.database) for registry in registries))
        numbers = [await registry.link_sets.add(SPRING) for registry in registries]
        assert len(set(numbers)) == 3


async def test_writers_wait_for_each_other(place: Place, registry: Registry) -> None:
    async with place.open() as other:
        added = [
            (registry, other)[code % 2].short_links.add(
                ShortLinkMessage(
                    code=code, message_id=str(code), recipient="", campaign="", created_at=NOW, links=LINKS
                )
            )
            for code in range(40)
        ]
        await asyncio.gather(*added)
        found = [await registry.short_links.find(code) for code in range(40)]
    assert [str(code) for code in range(40)] == [message.message_id for message in found if message]


async def test_before_the_first_migration_nobody_can_tell(place: Place) -> None:
    async with place.open(read_only=True) as registry:
        with pytest.raises(StorageError):
            await registry.short_links.find(1)


async def test_a_registry_of_a_newer_version_is_left_alone(registry: Registry) -> None:
    await registry.database.run(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    with pytest.raises(StorageError, match="newer"):
        await asyncio.to_thread(migrate, registry.database)


async def test_edits_come_back_in_the_order_of_time(registry: Registry) -> None:
    later = LinkEdit(
        id="a",
        at=NOW + timedelta(days=1),
        target=EditTarget(campaign="spring ☀", position=3),
        action=EditAction.EXPIRE,
        expires_at=NOW + timedelta(days=9),
    )
    redirect = LinkEdit(
        id="b",
        at=NOW,
        target=EditTarget(url="https://example.com/ü"),
        action=EditAction.REDIRECT,
        destination="https://example.com/a",
    )
    for edit in (later, redirect, later):
        await registry.link_edits.add(edit)
    assert [redirect, later] == list(await registry.link_edits.list_all())


async def test_an_erased_recipient_leaves_a_mark_and_a_refusal(registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    for _ in range(2):
        await registry.erasures.add("Ann@Example.org", "mark", at=NOW)
    assert (["mark"], ["ann@example.org"]) == (
        list(await registry.erasures.list_hashes()),
        list(await registry.erasures.list_pending()),
    )
    found = await registry.short_links.find(MESSAGE.code)
    assert found is not None
    assert ("mark", MESSAGE.links) == (found.recipient, found.links)
    assert Consent.DENIED is await registry.consents.find("ann@example.org")
    await registry.erasures.mark_done("ann@example.org")
    assert (["mark"], []) == (list(await registry.erasures.list_hashes()), list(await registry.erasures.list_pending()))
