import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbPool, encode_parameter, load_migrations, load_query, migrate

OPEN_TOO = """
import sys
from pathlib import Path
from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbConnections
try:
    ChdbConnections(Path(sys.argv[1]))
except StorageError as error:
    print(error.hint)
"""


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbPool]:
    """Connections to an empty folder."""
    opened = ChdbPool(tmp_path / "analytics")
    yield opened
    await opened.close()


async def test_result_is_a_line_of_json_a_row(connections: ChdbPool) -> None:
    assert b'{"n":0}\n{"n":1}\n' == await connections.execute("SELECT number AS n FROM numbers(2)")
    assert b"" == await connections.execute("SELECT 1 WHERE 0")


async def test_parameters_are_bound(connections: ChdbPool) -> None:
    answer = await connections.execute(
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Nullable(String)} AS c",
        {"a": "'; DROP\n\\N", "b": ["it's", ""], "c": None},
    )
    assert b'{"a":"\'; DROP\\n\\\\N","b":["it\'s",""],"c":null}\n' == answer


async def test_refused_statement_names_its_reason_and_no_row(connections: ChdbPool) -> None:
    with pytest.raises(StorageError, match=r"^analytics refused a statement: UNKNOWN_IDENTIFIER$"):
        await connections.execute("SELECT `ann@example.com`")


async def test_more_statements_than_connections_wait_for_one_another(connections: ChdbPool) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connections.execute(f"SELECT {number} AS n")) for number in range(20)]
    assert [f'{{"n":{number}}}\n'.encode() for number in range(20)] == [task.result() for task in tasks]


@pytest.mark.usefixtures("connections")
async def test_second_process_is_refused_with_a_hint(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_TOO, str(tmp_path / "analytics")]
    other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "is another clicktrail running with this data folder?\n" == other.stdout


@pytest.mark.usefixtures("connections")
def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert 0o700 == (tmp_path / "analytics").stat().st_mode & 0o777


async def test_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        connections = ChdbPool(tmp_path)
        assert b'{"n":1}\n' == await connections.execute("SELECT 1 AS n")
        await connections.close()


def test_migrations_come_in_the_order_of_their_numbers() -> None:
    assert [f"{number:04}" for number in range(1, len(load_migrations()) + 1)] == [
        name[:4] for name in load_migrations()
    ]


def test_null_is_no_text() -> None:
    assert ("\\N", "\\\\N") == (encode_parameter(None), encode_parameter("\\N"))


def test_array_is_a_literal() -> None:
    assert r"['a','it\'s','\\']" == encode_parameter(["a", "it's", "\\"])


@given(st.text())
def test_text_holds_no_separator(text: str) -> None:
    assert not {"\t", "\n", "\r"} & set(encode_parameter(text))


async def test_migrations_are_applied_once_and_recorded(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await migrate(connections)
    recorded = await connections.execute("SELECT count() AS n, uniqExact(name) AS names FROM migrations")
    await connections.close()
    count = len(load_migrations())
    assert f'{{"n":{count},"names":{count}}}\n'.encode() == recorded


async def test_migration_that_was_not_recorded_is_repeatable(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await connections.execute("TRUNCATE TABLE migrations")
    await migrate(connections)
    applied = await connections.execute(load_query("applied_migrations"))
    await connections.close()
    assert len(load_migrations()) == len(applied.splitlines())


async def test_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await connections.execute(load_query("record_migration"), {"name": "9999_later.sql"})
    with pytest.raises(StorageError, match=r"later version of clicktrail: 9999_later\.sql"):
        await migrate(connections)
    await connections.close()
