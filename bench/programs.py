"""Programs that benches start: where they are, when they serve, and their end."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["BenchError", "first_of", "free_port", "listens", "program", "stop", "until"]

_PLACES: Final = "/usr/sbin:/sbin"  # not on everybody's path
_START_S: Final = 20.0
_STOP_S: Final = 10.0
_LOOK_S: Final = 0.05


class BenchError(Exception):
    """There is nothing to measure, or what was measured does not count."""


def first_of(group: BaseException) -> BaseException:
    """The first error of those that tasks met together, however deep the groups of tasks were."""
    return first_of(group.exceptions[0]) if isinstance(group, BaseExceptionGroup) else group


def program(name: str) -> str:
    """Where a program is.

    Raises:
        BenchError: nowhere.
    """
    found = shutil.which(name) or shutil.which(name, path=_PLACES)
    if found is None:
        raise BenchError(f"{name} is not installed")
    return found


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, log: Path) -> None:
    """Wait until a process that writes to a log is ready.

    Raises:
        BenchError: it ended, or took too long.
    """
    deadline = time.monotonic() + _START_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BenchError(f"{log.stem} did not start: {said or 'it said nothing'}")
        time.sleep(_LOOK_S)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end; end it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody does by now."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
