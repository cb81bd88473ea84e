"""Behaviour of the registry, on SQLite and on PostgreSQL."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, event, text

from clicktrail.errors import StorageError
from clicktrail.model.consent import Consent, ConsentRecord
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain, TrackingDomain
from clicktrail.server.pipeline.erasure import ErasedRecipient
from clicktrail.server.pipeline.privacy import HashedRecipients
from clicktrail.server.ports import (
    Consents,
    Domains,
    ErasureResult,
    Erasures,
    LinkEdits,
    LinkSets,
    PendingErasure,
    ShortLinks,
    StoredConsent,
)
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.domains import SqlDomains
from clicktrail.server.registry.links import SqlLinkEdits, SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.recipients import SqlConsents, SqlErasures
from tests.support.edge import RING
from tests.support.postgresql import postgresql

NOW = datetime(2026, 11, 23, 12, 0, 0, 123_000, tzinfo=UTC)
LINKS = (
    StoredLink(position=0, destination="https://example.com/a?b=c&utm_source=email#ü"),
    StoredLink(position=1, destination="https://example.com/" + "x" * 5_000, group="Größe"),
    StoredLink(position=4_095, destination="", group="offers", is_trap=True),
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
        StoredLink(position=1_299, destination="https://example.com/ü", group="offers", is_trap=True),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The ports on one database."""

    database: Database

    @property
    def link_sets(self) -> LinkSets:
        return SqlLinkSets(self.database)

    @property
    def short_links(self) -> ShortLinks:
        return SqlShortLinks(self.database)

    @property
    def consents(self) -> Consents:
        return SqlConsents(self.database, HashedRecipients(RING).hash_recipient)

    @property
    def link_edits(self) -> LinkEdits:
        return SqlLinkEdits(self.database)

    @property
    def erasures(self) -> Erasures:
        return SqlErasures(self.database)

    @property
    def domains(self) -> Domains:
        return SqlDomains(self.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLocation:
    """The URL of a registry, or the file if the URL is empty."""

    url: str
    file: Path

    @asynccontextmanager
    async def open(self, *, read_only: bool = False) -> AsyncIterator[Registry]:
        database = Database(parse_database_url(self.url, file=self.file), read_only=read_only)
        try:
            yield Registry(database=database)
        finally:
            await database.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of the database; empty for SQLite."""
    if request.param == "sqlite":
        yield ""
    else:
        with postgresql() as postgresql_url:
            yield postgresql_url


@pytest.fixture
async def location(url: str, tmp_path: Path) -> RegistryLocation:
    """The location of a registry that was not created yet."""
    location = RegistryLocation(url=url, file=tmp_path / "registry.sqlite3")
    if url:
        async with location.open() as registry:
            await registry.database.run(
                lambda connection: connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
            )
    return location


@pytest.fixture
async def registry(location: RegistryLocation) -> AsyncIterator[Registry]:
    """An empty registry with all tables."""
    async with location.open() as registry:
        await asyncio.to_thread(migrate, registry.database)
        yield registry


async def test_lookups_at_the_same_time_do_not_mix_up_links(registry: Registry) -> None:
    link_sets, short_links = registry.link_sets, registry.short_links
    stored = [replace(SPRING, campaign=f"c{number}", links=LINKS[:number]) for number in range(3)]
    ids = [await link_sets.add(link_set) for link_set in stored]
    messages = [replace(MESSAGE, code=number, message_id=f"m{number}") for number in range(3)]
    for message in messages:
        await short_links.add(message)
    assert await asyncio.gather(*(link_sets.find(number) for number in (*ids, 2**62))) == [*stored, None]
    found = await asyncio.gather(*(short_links.find(code) for code in (0, 1, 2, 2, 1_000)))
    assert found == [*messages, messages[2], None]


async def test_short_links_that_are_added_at_the_same_time_share_transactions(registry: Registry) -> None:
    short_links = registry.short_links
    await short_links.add(replace(MESSAGE, code=7, message_id="taken"))
    commits: list[Connection] = []
    event.listen(registry.database.engine, "commit", commits.append)
    messages = [replace(MESSAGE, code=number, message_id=f"m{number}") for number in range(100, 150)]
    await asyncio.gather(*map(short_links.add, messages))
    assert len(commits) == 1
    assert await asyncio.gather(*(short_links.find(message.code) for message in messages)) == messages


async def test_short_links_that_cannot_be_stored_fail_no_others(registry: Registry) -> None:
    short_links = registry.short_links
    await short_links.add(replace(MESSAGE, code=7, message_id="first"))
    messages = [replace(MESSAGE, code=number, message_id="second") for number in (6, 7, 8)]
    errors = await asyncio.gather(*map(short_links.add, messages), return_exceptions=True)
    assert [type(error) for error in errors] == [type(None), StorageError, type(None)]
    found = await asyncio.gather(*(short_links.find(message.code) for message in messages))
    assert [message.message_id for message in found if message] == ["second", "first", "second"]


async def test_added_link_set_is_found(registry: Registry) -> None:
    empty = LinkSet(campaign="", created_at=NOW + timedelta(days=1), links=())
    ids = [await registry.link_sets.add(link_set) for link_set in (SPRING, empty, SPRING)]
    assert len(set(ids)) == 3
    assert [await registry.link_sets.find(link_set_id) for link_set_id in ids] == [SPRING, empty, SPRING]


async def test_newest_link_set_of_a_campaign_is_found(registry: Registry) -> None:
    older = replace(SPRING, created_at=NOW + timedelta(days=1))
    for link_set in (older, SPRING, replace(SPRING, campaign="other")):
        await registry.link_sets.add(link_set)
    assert await registry.link_sets.find_newest(SPRING.campaign) == SPRING
    assert await registry.link_sets.find_newest("none") is None


@pytest.mark.parametrize("link_set_id", [0, 77, 2**63, 2**64])
async def test_unknown_link_set_is_none(registry: Registry, link_set_id: int) -> None:
    assert await registry.link_sets.find(link_set_id) is None


async def test_link_set_id_is_never_reused(registry: Registry) -> None:
    first_id = await registry.link_sets.add(SPRING)
    await registry.database.run(lambda connection: connection.execute(text("DELETE FROM link_sets")))
    assert await registry.link_sets.find(first_id) is None
    assert first_id < await registry.link_sets.add(SPRING)


async def test_added_short_message_is_found(registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    assert await registry.short_links.find(MESSAGE.code) == MESSAGE
    assert await registry.short_links.find(MESSAGE.code - 1) is None


async def test_code_cannot_be_added_twice(registry: Registry) -> None:
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
    assert await registry.short_links.find(MESSAGE.code) == MESSAGE


async def test_old_short_messages_are_deleted(registry: Registry) -> None:
    for day in range(4):
        await registry.short_links.add(replace(MESSAGE, code=day, created_at=NOW + timedelta(days=day)))
    before = NOW + timedelta(days=3)
    assert await registry.short_links.delete(created_before=before, limit=2) == 2
    assert [await registry.short_links.find(day) is not None for day in range(4)] == [False, False, True, True]
    assert [await registry.short_links.delete(created_before=before, limit=2) for _ in range(2)] == [1, 0]
    remaining_codes = await registry.database.run(
        lambda connection: connection.scalars(text("SELECT DISTINCT code FROM short_links")).all()
    )
    assert remaining_codes == [3]


async def test_latest_consent_replaces_earlier_ones(registry: Registry) -> None:
    consents = registry.consents
    await consents.set("Ann@Example.org", Consent.GRANTED, at=NOW)
    await consents.set("ann@example.org", Consent.DENIED, at=NOW)
    await consents.set("r8F", Consent.GRANTED, at=NOW)
    stored = await consents.find(["ANN@EXAMPLE.ORG", "r8F", "r8f", ""])
    assert [recipient.consent for recipient in stored] == [Consent.DENIED, Consent.GRANTED, None, None]


async def test_consents_of_many_recipients_are_found_by_one_statement(registry: Registry) -> None:
    consents = registry.consents
    names = [f"ann{number}@example.org" for number in range(1_000)]
    await consents.set(names[1], Consent.GRANTED, at=NOW)
    await consents.set(names[998], Consent.DENIED, at=NOW)
    await erase(registry, names[999])
    statements: list[str] = []
    event.listen(registry.database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    found = await consents.find(names)
    assert await consents.find([]) == []
    unknown = StoredConsent(None, is_erased=False)
    granted, denied = (StoredConsent(consent, is_erased=False) for consent in (Consent.GRANTED, Consent.DENIED))
    assert found == [unknown, granted, *[unknown] * 996, denied, StoredConsent(Consent.DENIED, is_erased=True)]
    assert len([statement for statement in statements if "consents" in statement]) == 1


async def test_consents_are_found_while_another_process_writes(location: RegistryLocation, registry: Registry) -> None:
    is_writing, may_commit = threading.Event(), threading.Event()

    def write_slowly(connection: Connection) -> None:
        connection.execute(text("DELETE FROM consents"))
        is_writing.set()
        may_commit.wait()

    await registry.consents.set("ann@example.org", Consent.GRANTED, at=NOW)
    async with location.open() as other, asyncio.TaskGroup() as tasks:
        tasks.create_task(other.database.run(write_slowly))
        await asyncio.to_thread(is_writing.wait)
        try:
            found = await registry.consents.find(["ann@example.org"])
        finally:
            may_commit.set()
    assert found == [StoredConsent(Consent.GRANTED, is_erased=False)]
    assert await registry.consents.find(["ann@example.org"]) == [StoredConsent(None, is_erased=False)]


async def test_concurrent_consents_of_one_recipient_are_stored(location: RegistryLocation, registry: Registry) -> None:
    async with location.open() as other:
        updates = [
            (registry, other)[turn % 2].consents.set("ann@example.org", list(Consent)[turn % 3], at=NOW)
            for turn in range(40)
        ]
        await asyncio.gather(*updates)
    (stored,) = await registry.consents.find(["ann@example.org"])
    assert stored.consent is not None


async def test_consents_are_listed_since_a_time(registry: Registry) -> None:
    consents, later = registry.consents, NOW + timedelta(days=1)
    denied = ConsentRecord(recipient="ann@example.org", consent=Consent.DENIED, at=NOW)
    granted = ConsentRecord(recipient="r8F", consent=Consent.GRANTED, at=later)
    await consents.set("Ann@Example.org", Consent.GRANTED, at=NOW - timedelta(days=1))
    for record in (denied, granted):
        await consents.set(record.recipient, record.consent, at=record.at)
    assert [
        sorted(await consents.list_records(since=since), key=lambda record: record.at)
        for since in (None, NOW, later, later + timedelta(milliseconds=1))
    ] == [[denied], [denied, granted], [granted], []]


async def test_read_only_connection_reads_and_cannot_write(location: RegistryLocation, registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    async with location.open(read_only=True) as reader:
        assert await reader.short_links.find(MESSAGE.code) == MESSAGE
        await registry.database.close()
        assert await reader.short_links.find(MESSAGE.code) == MESSAGE
        with pytest.raises(StorageError):
            await reader.link_sets.add(SPRING)
    async with location.open(read_only=True) as reader:
        assert await reader.short_links.find(MESSAGE.code) == MESSAGE


async def test_concurrent_migrations_run_once(location: RegistryLocation) -> None:
    async with location.open() as first, location.open() as second, location.open() as third:
        registries = (first, second, third)
        await asyncio.gather(*(asyncio.to_thread(migrate, registry.database) for registry in registries))
        ids = [await registry.link_sets.add(SPRING) for registry in registries]
        assert len(set(ids)) == 3


async def test_concurrent_writers_wait_for_each_other(location: RegistryLocation, registry: Registry) -> None:
    async with location.open() as other:
        inserts = [
            (registry, other)[code % 2].short_links.add(
                ShortLinkMessage(
                    code=code, message_id=str(code), recipient="", campaign="", created_at=NOW, links=LINKS
                )
            )
            for code in range(40)
        ]
        await asyncio.gather(*inserts)
        messages = [await registry.short_links.find(code) for code in range(40)]
    assert [str(code) for code in range(40)] == [message.message_id for message in messages if message]


async def test_reading_before_the_first_migration_fails(location: RegistryLocation) -> None:
    async with location.open(read_only=True) as registry:
        with pytest.raises(StorageError):
            await registry.short_links.find(1)


async def test_registry_of_a_newer_version_is_refused(registry: Registry) -> None:
    await registry.database.run(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    with pytest.raises(StorageError, match="newer"):
        await asyncio.to_thread(migrate, registry.database)


async def test_edits_are_listed_by_time_and_added_once(registry: Registry) -> None:
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
    assert list(await registry.link_edits.list_all()) == [redirect, later]


def find_nothing(_data: bytes) -> bool:
    return False


async def erase(registry: Registry, recipient: str) -> None:
    """Erase a recipient from the registry alone."""
    erased = ErasedRecipient(recipient)
    await registry.erasures.add(recipient, HashedRecipients(RING).hash_recipient(recipient), at=NOW)
    for pending in await registry.erasures.list_pending():
        await registry.erasures.erase_links(pending, erased.remove_from_url, only_own=not erased.is_address)
        await registry.erasures.mark_done(pending, ErasureResult(links=1), is_in_text=find_nothing)


async def test_erased_recipient_leaves_a_hash_and_a_denial(registry: Registry) -> None:
    await registry.short_links.add(MESSAGE)
    await registry.consents.set("ann@example.org", Consent.GRANTED, at=NOW)
    assert [await registry.erasures.add("Ann@Example.org", "hash", at=NOW) for _ in range(2)] == [1, 0]
    pending = PendingErasure(recipient="ann@example.org", recipient_hash="hash")
    assert list(await registry.erasures.list_hashes()) == ["hash"]
    assert list(await registry.erasures.list_pending()) == [pending]
    assert await registry.erasures.find_result("hash") is None
    message = await registry.short_links.find(MESSAGE.code)
    assert message is not None
    assert (message.recipient, message.links) == ("hash", MESSAGE.links)
    records = await registry.consents.list_records(since=None)
    assert list(records) == [ConsentRecord(recipient="hash", consent=Consent.DENIED, at=NOW)]
    await registry.erasures.mark_done(pending, ErasureResult(events=3), is_in_text=find_nothing)
    assert (list(await registry.erasures.list_hashes()), list(await registry.erasures.list_pending())) == (["hash"], [])
    assert await registry.erasures.find_result("hash") == ErasureResult(events=3)


async def test_erased_recipient_is_tracked_again_only_after_a_grant(registry: Registry) -> None:
    consents, later = registry.consents, NOW + timedelta(days=1)
    await consents.set("mary@example.org", Consent.GRANTED, at=NOW)
    await erase(registry, "Mary <MARY@example.org>")
    unknown, erased = StoredConsent(None, is_erased=False), StoredConsent(Consent.DENIED, is_erased=True)
    assert await consents.find(["bob@example.org", "Mary@example.org"]) == [unknown, erased]
    await consents.set("mary@example.org", Consent.UNKNOWN, at=later)
    assert await consents.find(["mary@example.org"]) == [erased]
    await consents.set("mary@example.org", Consent.GRANTED, at=later)
    assert await consents.find(["mary@example.org"]) == [StoredConsent(Consent.GRANTED, is_erased=False)]
    await erase(registry, "mary@example.org")
    assert await consents.find(["mary@example.org"]) == [erased]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://shop.example/?a=1&email=mary@example.org&b=2", "https://shop.example/?a=1&b=2"),
        ("https://shop.example/?email=MARY%40example.org", "https://shop.example/"),
        ("https://shop.example/?u=bWFyeUBleGFtcGxlLm9yZw&b=2#x", "https://shop.example/?b=2#x"),
        ("https://shop.example/a#mary@example.org", "https://shop.example/a"),
        ("https://shop.example/u/mary@example.org/?b=2", "https://shop.example/"),
        ("https://mary@example.org/a", "https://example.org/"),
        ("https://shop.example/?email=rosemary@example.org", "https://shop.example/?email=rosemary@example.org"),
    ],
    ids=["parameter", "percent-encoded", "base64", "fragment", "path", "user name", "another address"],
)
async def test_address_is_removed_from_stored_links(registry: Registry, link: str, expected: str) -> None:
    links = (StoredLink(position=0, destination=link), StoredLink(position=1, destination="https://b.example/"))
    edited = (StoredLink(position=0, destination=expected), links[1])
    await registry.short_links.add(replace(MESSAGE, recipient="bob@example.org", links=links))
    link_set_id = await registry.link_sets.add(replace(SPRING, links=links))
    edit = LinkEdit(id="e", at=NOW, target=EditTarget(url=link), action=EditAction.REDIRECT, destination=link)
    await registry.link_edits.add(edit)
    await erase(registry, "mary@example.org")
    message, link_set = await registry.short_links.find(MESSAGE.code), await registry.link_sets.find(link_set_id)
    assert message is not None
    assert link_set is not None
    assert (message.links, link_set.links) == (edited, edited)
    (stored,) = await registry.link_edits.list_all()
    assert (stored.target.url, stored.destination) == (expected, expected)


async def test_opaque_id_is_removed_only_from_the_recipients_own_links(registry: Registry) -> None:
    links = (StoredLink(position=0, destination="https://shop.example/?id=r8F&b=2"),)
    for code, recipient in ((1, "r8F"), (2, "r8G")):
        await registry.short_links.add(replace(MESSAGE, code=code, recipient=recipient, links=links))
    await erase(registry, "r8F")
    messages = [await registry.short_links.find(code) for code in (1, 2)]
    destinations = [message.links[0].destination for message in messages if message]
    assert destinations == ["https://shop.example/?b=2", "https://shop.example/?id=r8F&b=2"]


LINKS_DOMAIN = RegisteredDomain(
    site=TrackingDomain(host="links.example.com", sender="Müller", destinations=("*.example.com",), hsts_days=3),
    added_at=NOW,
    target="edge.example.com",
)
ESP_DOMAIN = RegisteredDomain(site=TrackingDomain(host="click.example.org"), added_at=NOW, esp="sendgrid", region="eu")


def build_result(
    day: int, status: str = "failing", code: str = "record-missing", *, is_gone: bool | None = False
) -> DomainCheckResult:
    """The result of a check some days after `NOW`."""
    state = DomainState(since=NOW + timedelta(days=day), status=status, code=code, next_step=f"step {day}")
    return DomainCheckResult(
        state=state, is_verified=status == "ok", is_gone=is_gone, certificate_ends_at=NOW if status == "ok" else None
    )


async def test_domains_are_listed_by_host_and_found(registry: Registry) -> None:
    for domain in (LINKS_DOMAIN, ESP_DOMAIN):
        await registry.domains.put(domain)
    assert list(await registry.domains.list_all()) == [ESP_DOMAIN, LINKS_DOMAIN]
    assert await registry.domains.find("links.example.com") == LINKS_DOMAIN
    assert await registry.domains.find("other.example.com") is None


async def test_domain_that_is_added_again_keeps_its_history(registry: Registry) -> None:
    await registry.domains.put(LINKS_DOMAIN)
    await registry.domains.record_check(LINKS_DOMAIN.host, build_result(1, "ok", ""))
    await registry.domains.remove(LINKS_DOMAIN.host, at=NOW)
    removed = await registry.domains.find(LINKS_DOMAIN.host)
    assert removed is not None
    assert removed.removed_at == NOW
    changed = msgspec.structs.replace(
        LINKS_DOMAIN, site=TrackingDomain(host=LINKS_DOMAIN.host), added_at=NOW + timedelta(days=2), target="192.0.2.1"
    )
    await registry.domains.put(changed)
    expected = msgspec.structs.replace(removed, site=changed.site, target=changed.target, removed_at=None)
    assert await registry.domains.find(LINKS_DOMAIN.host) == expected


async def test_state_begins_when_status_or_code_change(registry: Registry) -> None:
    domains, host = registry.domains, LINKS_DOMAIN.host
    await domains.put(LINKS_DOMAIN)
    for result in (
        build_result(1),
        build_result(2),
        build_result(3, code="target-wrong"),
        build_result(4, "pending", "propagating"),
        build_result(5, "ok", ""),
        build_result(6, "ok", ""),
    ):
        await domains.record_check(host, result)
    states = await domains.list_states(host)
    assert [(state.since - NOW).days for state in states] == [1, 3, 4, 5]
    assert [state.next_step for state in states] == ["step 2", "step 3", "step 4", "step 6"]
    domain = await domains.find(host)
    assert domain is not None
    assert domain.state == states[-1]
    assert (domain.checked_at, domain.verified_at, domain.certificate_ends_at) == (
        NOW + timedelta(days=6),
        NOW + timedelta(days=5),
        NOW,
    )


async def test_earlier_check_that_ends_later_replaces_the_state(registry: Registry) -> None:
    domains, host = registry.domains, LINKS_DOMAIN.host
    await domains.put(LINKS_DOMAIN)
    for result in (build_result(2), build_result(2, "ok", ""), build_result(1)):
        await domains.record_check(host, result)
    assert [(state.status, state.since) for state in await domains.list_states(host)] == [
        ("failing", NOW + timedelta(days=2))
    ]


async def test_domain_is_gone_since_the_first_of_the_checks_without_a_record(registry: Registry) -> None:
    domains, host = registry.domains, LINKS_DOMAIN.host
    await domains.put(LINKS_DOMAIN)
    gone_days = []
    for day, is_gone in enumerate((False, True, None, True, False, True)):
        await domains.record_check(host, build_result(day, is_gone=is_gone))
        domain = await domains.find(host)
        assert domain is not None
        gone_days.append((domain.gone_since - NOW).days if domain.gone_since else None)
    assert gone_days == [None, 1, 1, 1, None, 5]


async def test_deleted_domain_leaves_nothing(registry: Registry) -> None:
    domains, host = registry.domains, LINKS_DOMAIN.host
    await domains.put(LINKS_DOMAIN)
    await domains.record_check(host, build_result(1))
    await domains.delete(host)
    await domains.record_check(host, build_result(2))
    assert (await domains.find(host), list(await domains.list_states(host))) == (None, [])
    await domains.put(LINKS_DOMAIN)
    assert await domains.find(host) == LINKS_DOMAIN


async def test_concurrent_additions_of_one_domain_are_stored(location: RegistryLocation, registry: Registry) -> None:
    async with location.open() as other:
        await asyncio.gather(*((registry, other)[turn % 2].domains.put(LINKS_DOMAIN) for turn in range(20)))
    assert list(await registry.domains.list_all()) == [LINKS_DOMAIN]
