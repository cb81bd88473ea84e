"""Programs that benches start: where they are, when they serve, and their end."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = [
    "BenchError",
    "find_first_error",
    "find_free_port",
    "find_program",
    "is_listening",
    "stop_process",
    "wait_until_ready",
]

_EXTRA_PATH: Final = "/usr/sbin:/sbin"  # not on everybody's path
_START_TIMEOUT_S: Final = 20.0
_STOP_TIMEOUT_S: Final = 10.0
_POLL_INTERVAL_S: Final = 0.05


class BenchError(Exception):
    """There is nothing to measure, or what was measured does not count."""


def find_first_error(group: BaseException) -> BaseException:
    """The first error of those that tasks met together, however deep the groups of tasks were."""
    return find_first_error(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


def find_program(name: str) -> str:
    """Where a program is.

    Raises:
        BenchError: nowhere.
    """
    found = shutil.which(name) or shutil.which(name, path=_EXTRA_PATH)
    if found is None:
        raise BenchError(f"{name} is not installed")
    return found


def wait_until_ready(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Wait until a process that writes to a log is ready.

    Raises:
        BenchError: it ended, or took too long.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BenchError(f"{log.stem} did not start: {said or 'it said nothing'}")
        time.sleep(_POLL_INTERVAL_S)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; end it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def find_free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody does by now."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
