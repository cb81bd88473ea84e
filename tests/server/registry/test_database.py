"""The database of the registry: its URL, timeouts and errors. tests/contracts tests what is stored."""

import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from clicktrail.errors import SettingsError, StorageError
from clicktrail.server.registry import database as database_module
from clicktrail.server.registry.database import Database, parse_database_url

FILE = Path("/data/registry.sqlite3")


def test_empty_url_means_sqlite() -> None:
    assert str(parse_database_url("", file=FILE)) == "sqlite:////data/registry.sqlite3"
    assert str(parse_database_url("postgresql://u@db/c", file=FILE)) == "postgresql+psycopg://u@db/c"


@pytest.mark.parametrize("url", ["mysql://u@db/c", "sqlite:///other", "registry.sqlite3", "nosuch://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"registry\.url"):
        parse_database_url(url, file=FILE)


async def test_unreachable_server_is_a_storage_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    database = Database(parse_database_url(f"postgresql://u@127.0.0.1:{port}/c", file=FILE))
    with pytest.raises(StorageError):
        await database.run(lambda connection: connection.execute(text("SELECT 1")))
    await database.close()


async def test_slow_transaction_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_TIMEOUT_S", 0.05)
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    released = threading.Event()
    with pytest.raises(StorageError, match="does not respond"):
        await database.run(lambda _: released.wait())
    released.set()
    await database.close()


async def test_operations_fail_at_once_after_one_that_timed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_TIMEOUT_S", 0.05)
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"), pause_s=60)
    released = threading.Event()
    with pytest.raises(StorageError, match="does not respond"):
        await database.run(lambda _: released.wait())
    released.set()
    with pytest.raises(StorageError, match="a moment ago"):
        await database.run(lambda connection: connection.execute(text("SELECT 1")))
    await database.close()


async def test_error_message_quotes_no_row(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    with pytest.raises(StorageError) as caught:
        await database.run(lambda connection: connection.execute(text("SELECT 'ann@example.org' FROM nowhere")))
    assert "ann" not in str(caught.value)
    await database.close()


async def test_failed_operation_is_rolled_back(tmp_path: Path) -> None:
    database = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    await database.run(lambda connection: connection.execute(text("CREATE TABLE t (x)")))

    def insert_and_fail(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await database.run(insert_and_fail)
    assert await database.run(lambda connection: list(connection.execute(text("SELECT * FROM t")))) == []
    await database.close()
