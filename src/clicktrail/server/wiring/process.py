"""What supervisor and workers do: raise the limit of open files, and stop on a signal. It imports little."""

import asyncio
import contextlib
import resource
import signal
import sys


def raise_file_limit() -> int:
    """Raise the process's limit of open files as far as the system allows, and return it; -1 if there is none.

    The usual soft limit of 1,024 is for programs that use select(2). Child processes inherit the limit.
    """
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # the system may have a lower limit still, such as macOS
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
        return hard_limit
    return soft_limit


def create_stop_event(*signals: signal.Signals, stop_on_stdin_eof: bool = True) -> asyncio.Event:
    """Create an event that a signal sets.

    Args:
        signals: the signals; SIGTERM by default.
        stop_on_stdin_eof: whether the end of standard input sets the event too: the parent process is gone then.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in signals or (signal.SIGTERM,):
        loop.add_signal_handler(signal_number, stopping.set)

    def handle_eof() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()

    if stop_on_stdin_eof:
        loop.add_reader(sys.stdin.fileno(), handle_eof)
    return stopping
