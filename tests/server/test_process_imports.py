"""What the processes of ``clicktrail serve`` import: each package costs start-up time and memory in each of them."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clicktrail import keyring_file

ONLY_IN_ENGINE = {"chdb", "jinja2", "litestar", "numpy", "pandas", "pyarrow"}
IN_NO_PROCESS = {"alembic", "numpy", "pandas", "pyarrow", "pygments", "rich"}
UNUSED_PACKAGES = {
    "edge": ONLY_IN_ENGINE | IN_NO_PROCESS | {"aiosmtplib", "httpx2", "pydantic", "sqlalchemy", "uvicorn"},
    "relay": ONLY_IN_ENGINE | IN_NO_PROCESS | {"httptools", "httpx2", "pydantic", "uvicorn"},
    "rewriter": ONLY_IN_ENGINE | IN_NO_PROCESS | {"httpx2", "pydantic", "sqlalchemy", "sqlite3", "uvicorn", "uvloop"},
    "engine": IN_NO_PROCESS | {"aiosmtplib", "httpx2"},
}
"""Packages that a worker does not import until it serves."""

LIST_PACKAGES = """
import atexit, sys
from clicktrail.cli import main
atexit.register(lambda: print(*{name.partition(".")[0] for name, module in sys.modules.items() if module}))
main()
"""


def list_imported_packages(*arguments: str, folder: Path, descriptor: int) -> set[str]:
    """Top-level packages that a command has imported when it ends, because its standard input does."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_PACKAGES, *arguments],
        cwd=folder,
        input=b"",
        stdout=subprocess.PIPE,
        pass_fds=[descriptor],
        check=True,
    )
    return set(done.stdout.decode(errors="replace").splitlines()[-1].split())


@pytest.mark.without_coverage  # which imports sqlite3
@pytest.mark.parametrize("part", UNUSED_PACKAGES)
def test_worker_imports_no_unused_package(tmp_path: Path, part: str) -> None:
    keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = str(listener.fileno())
        options = ("worker", part, "--socket", number, "--index", "0")
        list_imported_packages(*options, folder=tmp_path, descriptor=listener.fileno())  # creates the tables
        imported = list_imported_packages(*options, folder=tmp_path, descriptor=listener.fileno())
    assert {"clicktrail", "msgspec", "structlog"} <= imported
    assert imported & UNUSED_PACKAGES[part] == set()


def test_supervisor_imports_no_unused_package(tmp_path: Path) -> None:
    (tmp_path / "clicktrail.toml").write_text(
        "".join(f'[{name}]\nlisten = "127.0.0.1:0"\n' for name in ("edge", "relay", "console", "metrics"))
    )
    imported = list_imported_packages("serve", "--with-input", folder=tmp_path, descriptor=0)
    assert "uvicorn" in imported
    assert imported & (ONLY_IN_ENGINE | IN_NO_PROCESS | {"httpx2", "pydantic", "sqlalchemy"}) == set()
