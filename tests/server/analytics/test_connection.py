import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbPool, encode_parameter, load_migrations, load_query, migrate

OPEN_FOLDER_SCRIPT = """
import sys
from pathlib import Path
from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbPool
try:
    ChdbPool(Path(sys.argv[1]))
except StorageError as error:
    print(error.hint)
"""


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncIterator[ChdbPool]:
    """Connections to an empty folder."""
    connections = ChdbPool(tmp_path / "analytics")
    yield connections
    await connections.close()


async def test_result_is_one_json_object_per_line(connections: ChdbPool) -> None:
    assert await connections.execute("SELECT number AS n FROM numbers(2)") == b'{"n":0}\n{"n":1}\n'
    assert await connections.execute("SELECT 1 WHERE 0") == b""


async def test_parameters_are_bound(connections: ChdbPool) -> None:
    result = await connections.execute(
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Nullable(String)} AS c",
        {"a": "'; DROP\n\\N", "b": ["it's", ""], "c": None},
    )
    assert result == b'{"a":"\'; DROP\\n\\\\N","b":["it\'s",""],"c":null}\n'


async def test_error_names_the_reason_and_quotes_no_row(connections: ChdbPool) -> None:
    with pytest.raises(StorageError, match=r"^analytics refused a statement: UNKNOWN_IDENTIFIER$"):
        await connections.execute("SELECT `ann@example.com`")


async def test_memory_of_caches_and_statements_is_limited(connections: ChdbPool) -> None:
    caches = await connections.execute(
        "SELECT name, toUInt64(value) AS bytes FROM system.server_settings"
        " WHERE name IN ('mark_cache_size', 'primary_index_cache_size', 'query_condition_cache_size')"
    )
    assert max(json.loads(line)["bytes"] for line in caches.splitlines()) <= 64 * 2**20
    limits = await connections.execute(
        "SELECT name, toUInt64(value) AS limit FROM system.settings"
        " WHERE name IN ('max_memory_usage', 'max_bytes_before_external_group_by', 'max_bytes_before_external_sort')"
    )
    assert {json.loads(line)["limit"] for line in limits.splitlines()} == {1_000_000_000, 150_000_000}


async def test_statements_wait_for_an_idle_connection(connections: ChdbPool) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connections.execute(f"SELECT {number} AS n")) for number in range(20)]
    assert [task.result() for task in tasks] == [f'{{"n":{number}}}\n'.encode() for number in range(20)]


@pytest.mark.usefixtures("connections")
async def test_second_process_is_refused_with_a_hint(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_FOLDER_SCRIPT, str(tmp_path / "analytics")]
    process = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert process.stdout == "is another clicktrail running with this data folder?\n"


@pytest.mark.usefixtures("connections")
def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    assert (tmp_path / "analytics").stat().st_mode & 0o777 == 0o700


async def test_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        connections = ChdbPool(tmp_path)
        assert await connections.execute("SELECT 1 AS n") == b'{"n":1}\n'
        await connections.close()


def test_migrations_are_numbered_and_sorted() -> None:
    numbers = [name[:4] for name in load_migrations()]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_null_parameter_differs_from_its_spelling() -> None:
    assert (encode_parameter(None), encode_parameter("\\N")) == ("\\N", "\\\\N")


def test_array_parameter_is_a_literal() -> None:
    assert encode_parameter(["a", "it's", "\\"]) == r"['a','it\'s','\\']"


@given(st.text())
def test_encoded_text_has_no_separator(text: str) -> None:
    assert not {"\t", "\n", "\r"} & set(encode_parameter(text))


async def test_migrations_are_applied_once_and_recorded(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await migrate(connections)
    result = await connections.execute("SELECT count() AS n, uniqExact(name) AS names FROM migrations")
    await connections.close()
    count = len(load_migrations())
    assert result == f'{{"n":{count},"names":{count}}}\n'.encode()


async def test_applied_migration_that_was_not_recorded_is_repeated(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await connections.execute("TRUNCATE TABLE migrations")
    await migrate(connections)
    result = await connections.execute(load_query("applied_migrations"))
    await connections.close()
    assert len(result.splitlines()) == len(load_migrations())


async def test_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    connections = ChdbPool(tmp_path)
    await migrate(connections)
    await connections.execute(load_query("record_migration"), {"name": "9999_later.sql"})
    with pytest.raises(StorageError, match=r"later version of clicktrail: 9999_later\.sql"):
        await migrate(connections)
    await connections.close()
