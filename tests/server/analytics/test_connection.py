import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clicktrail.errors import StorageError
from clicktrail.server.analytics.connection import ChdbConnections

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
async def connections(tmp_path: Path) -> AsyncIterator[ChdbConnections]:
    """Connections to an empty folder."""
    opened = ChdbConnections(tmp_path / "analytics")
    yield opened
    await opened.close()


async def test_result_is_a_line_of_json_a_row(connections: ChdbConnections) -> None:
    """Numbers are numbers, and an empty result is no line."""
    assert b'{"n":0}\n{"n":1}\n' == await connections.run("SELECT number AS n FROM numbers(2)")
    assert b"" == await connections.run("SELECT 1 WHERE 0")


async def test_parameters_are_bound(connections: ChdbConnections) -> None:
    """A value is a value, never a part of the statement."""
    answer = await connections.run(
        "SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Nullable(String)} AS c",
        {"a": "'; DROP\n\\N", "b": ["it's", ""], "c": None},
    )
    assert b'{"a":"\'; DROP\\n\\\\N","b":["it\'s",""],"c":null}\n' == answer


async def test_refused_statement_names_its_reason_and_no_row(connections: ChdbConnections) -> None:
    """What chDB says may quote a person's address, so only the kind of its error is passed on."""
    with pytest.raises(StorageError, match=r"^analytics refused a statement: UNKNOWN_IDENTIFIER$"):
        await connections.run("SELECT `ann@example.com`")


async def test_more_statements_than_connections_wait_for_one_another(connections: ChdbConnections) -> None:
    """Each gets its own answer, and none an error."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(connections.run(f"SELECT {number} AS n")) for number in range(20)]
    assert [f'{{"n":{number}}}\n'.encode() for number in range(20)] == [task.result() for task in tasks]


@pytest.mark.usefixtures("connections")
async def test_second_process_is_refused_with_a_hint(tmp_path: Path) -> None:
    """A folder that another process has open cannot be opened, and the error says what to look for."""
    command = [sys.executable, "-c", OPEN_TOO, str(tmp_path / "analytics")]
    other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "is another clicktrail running with this data folder?\n" == other.stdout


@pytest.mark.usefixtures("connections")
def test_folder_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Analytics holds addresses of people."""
    assert 0o700 == (tmp_path / "analytics").stat().st_mode & 0o777


async def test_closed_folder_can_be_opened_again(tmp_path: Path) -> None:
    """Closing lets go of the folder, within the same process, too."""
    for _ in range(2):
        connections = ChdbConnections(tmp_path)
        assert b'{"n":1}\n' == await connections.run("SELECT 1 AS n")
        await connections.close()
