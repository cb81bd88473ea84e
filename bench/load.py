"""Load by wrk, one round at a time."""

import subprocess
from pathlib import Path
from typing import Final

import msgspec

from bench.programs import BenchError, program

__all__ = ["CONNECTIONS", "Round", "load"]

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("load.lua")
_ANSWER_S: Final = 10


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round measured.

    Attributes:
        requests: answers that came in full.
        duration_us: microseconds that the round took.
        errors: answers of status 400 and above, connections that broke, requests not answered in time.
        p50_us: microseconds that half of the answers took at most.
        p99_us: microseconds that 99 of 100 answers took at most.
    """

    requests: int
    duration_us: int
    errors: int
    p50_us: int
    p99_us: int

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.duration_us * 1e6


def load(url: str, tokens: Path, *, seconds: int, connections: int = CONNECTIONS, kept: bool = True) -> Round:
    """Ask a server for the tokens of a file, a line each, for some seconds.

    Args:
        url: the server's.
        tokens: the file.
        seconds: how long.
        connections: at the same time.
        kept: whether they stay open; else each request has its own.

    Raises:
        BenchError: some request was not answered, or not well.
    """
    command = [program("wrk"), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += [f"--timeout={_ANSWER_S}s", f"--script={_SCRIPT}", url, "--", str(tokens)]
    command += [] if kept else ["close"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 2 * _ANSWER_S)
    measured = msgspec.json.decode(ended.stdout.strip().rpartition("\n")[2], type=Round)
    if measured.errors or not measured.requests:
        raise BenchError(f"{measured.errors} of {measured.requests} requests were not answered well")
    return measured
