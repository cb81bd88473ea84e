"""Lookups in the registry's file without SQLAlchemy."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.server.registry.database import Database, parse_database_url
from clicktrail.server.registry.links import SqlLinkSets, SqlShortLinks
from clicktrail.server.registry.migrate import migrate
from clicktrail.server.registry.sqlite_links import SqliteLinkReader

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
LINKS = st.lists(
    st.builds(StoredLink, position=st.integers(0, 4_095), destination=NAMES, group=NAMES, is_trap=st.booleans()),
    max_size=4,
    unique_by=lambda link: link.position,
).map(tuple)
TIMES = st.integers(0, 2**41).map(lambda milliseconds: NOON + timedelta(milliseconds=milliseconds % 10**11))
LINK_SETS = st.lists(st.builds(LinkSet, campaign=NAMES, created_at=TIMES, links=LINKS), max_size=4)
MESSAGES = st.lists(
    st.builds(
        ShortLinkMessage,
        code=st.integers(0, 2**60 - 1),
        message_id=NAMES,
        recipient=NAMES,
        campaign=NAMES,
        created_at=TIMES,
        links=LINKS,
    ),
    max_size=4,
    unique_by=lambda message: message.code,
)


async def find_in_both_ways(file: Path, link_sets: list[LinkSet], messages: list[ShortLinkMessage]) -> None:
    database = Database(parse_database_url("", file=file))
    await asyncio.to_thread(migrate, database)
    sql_link_sets, sql_short_links = SqlLinkSets(database), SqlShortLinks(database)
    ids = [await sql_link_sets.add(link_set) for link_set in link_sets]
    for message in messages:
        await sql_short_links.add(message)
    reader = SqliteLinkReader(file)
    for id_ in (*ids, 0, 2**63 - 1, 2**63, 2**64):
        assert await reader.link_sets.find(id_) == await sql_link_sets.find(id_)
    for code in (*(message.code for message in messages), 0, 2**60 - 1):
        assert await reader.short_links.find(code) == await sql_short_links.find(code)
    found = await asyncio.gather(*map(reader.link_sets.find, ids))
    assert found == await asyncio.gather(*map(sql_link_sets.find, ids))
    await reader.close()
    await database.close()


@settings(max_examples=20, deadline=None)
@given(LINK_SETS, MESSAGES)
def test_lookups_find_what_sqlalchemy_finds(link_sets: list[LinkSet], messages: list[ShortLinkMessage]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(find_in_both_ways(Path(folder) / "registry?%41.sqlite3", link_sets, messages))


async def test_file_is_found_once_it_exists(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite3"
    reader = SqliteLinkReader(file)
    with pytest.raises(StorageError, match=r"registry\.sqlite3"):
        await reader.link_sets.find(1)
    assert not file.exists()
    database = Database(parse_database_url("", file=file))
    await asyncio.to_thread(migrate, database)
    assert await reader.link_sets.find(1) is None
    await reader.close()
    await database.close()


async def test_damaged_file_is_an_error_that_quotes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite3"
    file.write_bytes(b"ann@a.example " * 1_000)
    reader = SqliteLinkReader(file)
    with pytest.raises(StorageError, match="DatabaseError") as caught:
        await reader.short_links.find(1)
    assert "ann@" not in str(caught.value)
    await reader.close()


async def test_lookups_do_not_block_writers(database: Database, tmp_path: Path) -> None:
    reader = SqliteLinkReader(tmp_path / "registry.sqlite3")
    assert await reader.link_sets.find(1) is None
    link_set = LinkSet(campaign="c", created_at=NOON, links=())
    link_set_id = await SqlLinkSets(database).add(link_set)
    await database.delete_old_pages(lambda _page: True)  # rewrites the file, which a reader in a transaction prevents
    assert await reader.link_sets.find(link_set_id) == link_set
    await reader.close()
