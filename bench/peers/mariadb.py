"""Run MariaDB in a folder of its own, reachable by a socket file only."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.programs import find_program, stop_process, wait_until_ready


class Database(NamedTuple):
    """A running MariaDB without accounts: every client is allowed everything.

    Attributes:
        socket: path of its socket.
        pid: id of its process.
    """

    socket: Path
    pid: int


@contextlib.contextmanager
def mariadb(folder: Path, *, flush_log_at_commit: int) -> Iterator[Database]:
    """Run MariaDB while the context is open, with its defaults but for one setting.

    Args:
        folder: folder for its files.
        flush_log_at_commit: innodb_flush_log_at_trx_commit. 1 syncs the log at each commit; 2 writes it at each commit,
            and syncs it once a second.

    Raises:
        BenchError: MariaDB is not installed or did not start.
    """
    data, socket, log = folder / "mariadb", folder / "mariadb.sock", folder / "mariadb.log"
    options = ["--no-defaults", f"--datadir={data}"]
    subprocess.run(
        [find_program("mariadb-install-db"), *options, "--user=root", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    options += ["--user=root", f"--socket={socket}", f"--pid-file={folder / 'mariadb.pid'}"]
    options += ["--skip-networking", "--skip-grant-tables"]
    options += [f"--innodb-flush-log-at-trx-commit={flush_log_at_commit}"]
    with log.open("wb") as output:
        process = subprocess.Popen([find_program("mariadbd"), *options], stdout=output, stderr=output)
    try:
        wait_until_ready(socket.exists, process, log=log)
        yield Database(socket=socket, pid=process.pid)
    finally:
        stop_process(process)
