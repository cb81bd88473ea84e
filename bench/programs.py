"""Find, start and stop the programs that benches run."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_EXTRA_PATH: Final = "/usr/sbin:/sbin"  # not on every user's path
_START_TIMEOUT_S: Final = 20.0
_STOP_TIMEOUT_S: Final = 10.0
_POLL_INTERVAL_S: Final = 0.05


class BenchError(Exception):
    """The bench cannot run, or its result is invalid."""


def find_first_error(group: BaseException) -> BaseException:
    """Return the first exception in nested exception groups."""
    return find_first_error(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


def find_program(name: str) -> str:
    """Return the path of a program.

    Raises:
        BenchError: the program is not installed.
    """
    path = shutil.which(name) or shutil.which(name, path=_EXTRA_PATH)
    if path is None:
        raise BenchError(f"{name} is not installed")
    return path


def wait_until_ready(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Wait until a process is ready.

    Raises:
        BenchError: the process ended or was not ready in time; the message has the last line of its log.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            last_line = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BenchError(f"{log.stem} did not start: {last_line or 'its log is empty'}")
        time.sleep(_POLL_INTERVAL_S)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Terminate a process; kill it if it does not end in time."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_free_port() -> int:
    """Return an unused port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def list_child_pids(pid: int) -> list[int]:
    """Return the ids of the processes that the first thread of a process has started."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()))
