"""Where the registry is, and what becomes of a question that it does not answer."""

import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from clicktrail.errors import SettingsError, StorageError
from clicktrail.server.registry import database
from clicktrail.server.registry.database import Database, parse_database_url

FILE = Path("/data/registry.sqlite3")


def test_the_registry_is_a_file_unless_a_server_is_named() -> None:
    assert "sqlite:////data/registry.sqlite3" == str(parse_database_url("", file=FILE))
    assert "postgresql+psycopg://u@db/c" == str(parse_database_url("postgresql://u@db/c", file=FILE))


@pytest.mark.parametrize("url", ["mysql://u@db/c", "sqlite:///other", "registry.sqlite3", "nosuch://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"registry\.url"):
        parse_database_url(url, file=FILE)


async def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = Database(parse_database_url(f"postgresql://u@127.0.0.1:{port}/c", file=FILE))
    with pytest.raises(StorageError):
        await database.run(lambda connection: connection.execute(text("SELECT 1")))
    await database.close()


async def test_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE_S", 0.05)
    slow = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    answered = threading.Event()
    with pytest.raises(StorageError, match="does not answer"):
        await slow.run(lambda _: answered.wait())
    answered.set()
    await slow.close()


async def test_a_refusal_quotes_nothing(tmp_path: Path) -> None:
    broken = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    with pytest.raises(StorageError) as caught:
        await broken.run(lambda connection: connection.execute(text("SELECT 'ann@example.org' FROM nowhere")))
    assert "ann" not in str(caught.value)
    await broken.close()


async def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Database(parse_database_url("", file=tmp_path / "registry.sqlite3"))
    await store.run(lambda connection: connection.execute(text("CREATE TABLE t (x)")))

    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await store.run(work)
    assert [] == await store.run(lambda connection: list(connection.execute(text("SELECT * FROM t"))))
    await store.close()
