"""PostgreSQL on 127.0.0.1, with all its files in a temporary folder."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_USER = "postgres"


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Run PostgreSQL as its own user; yields the URL of an empty database.

    If PostgreSQL cannot run, the test is skipped, or fails with ``CI=true``.
    """
    program_folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not program_folders or os.geteuid() != 0:
        reason = "PostgreSQL is not installed, or the tests do not run as root"
        if os.getenv("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    user = pwd.getpwnam(_USER)
    with tempfile.TemporaryDirectory(prefix="postgresql-") as name:
        shutil.chown(name, user.pw_uid, user.pw_gid)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [program_folders[-1] / program, *arguments],
                cwd=name,
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                check=True,
                stdout=subprocess.DEVNULL,
            )

        folder = f"{name}/data"
        run("initdb", "-D", folder, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-D", folder, "-l", f"{name}/log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", folder, "-m", "immediate", "-w", "stop")
